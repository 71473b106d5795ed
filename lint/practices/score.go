package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zegl/kube-score/config"
	"github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	"github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/score/checks"
	"github.com/zegl/kube-score/scorecard"
)

// finding is a problem that a check found in a manifest. The linter reads it as kubescore.Finding, which explains the
// fields.
type finding struct {
	Manifest    int    `json:"manifest"`
	Check       string `json:"check"`
	Grade       string `json:"grade"` // CRITICAL, WARNING or FAILED
	Path        string `json:"path,omitempty"`
	Summary     string `json:"summary"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
}

// failed is the grade of a check that returned an error or panicked. kube-score has no grade for that.
const failed scorecard.Grade = 0

// settings returns the configuration of a run. Like kube-score's command, it respects the annotations by which objects
// choose their checks. All optional checks run, because the linter's policy selects among them.
func settings(all []domain.Check) *config.RunConfiguration {
	optional := map[string]struct{}{}
	for _, c := range all {
		if c.Optional {
			optional[c.ID] = struct{}{}
		}
	}
	return &config.RunConfiguration{
		UseIgnoreChecksAnnotation:   true,
		UseOptionalChecksAnnotation: true,
		EnabledOptionalTests:        optional,
	}
}

// check runs the checks over a release: manifests in YAML, which may refer to each other. A manifest that does not
// match its kind is skipped, because the linter's own rules report it.
func check(manifests []string) ([]finding, error) {
	p, err := parser.New(nil)
	if err != nil {
		return nil, fmt.Errorf("set up kube-score's parser: %w", err)
	}
	var files []domain.NamedReader
	for i, text := range manifests {
		files = append(files, open(i, text))
	}
	release, err := p.ParseFiles(files)
	if err != nil {
		release, err = p.ParseFiles(readable(p, manifests))
	}
	if err != nil {
		return nil, fmt.Errorf("read the manifests: %w", err)
	}
	registered := register(release)
	guard(registered.Metas())
	guard(registered.Pods())
	guard(registered.Services())
	guard(registered.StatefulSets())
	guard(registered.Deployments())
	guard(registered.NetworkPolicies())
	guard(registered.Ingresses())
	guard(registered.CronJobs())
	guard(registered.HorizontalPodAutoscalers())
	guard(registered.PodDisruptionBudgets())
	card, err := score.Score(release, registered, settings(registered.All()))
	if err != nil {
		return nil, fmt.Errorf("run the checks: %w", err)
	}
	return findings(*card)
}

// manifest is a file for kube-score to read. Its name is its index in the release.
type manifest struct {
	*strings.Reader
	index int
}

func (m manifest) Name() string { return strconv.Itoa(m.index) }

// open returns a manifest to read. The empty line keeps kube-score from taking the name from a first line "# Source:
// …".
func open(index int, text string) domain.NamedReader {
	return manifest{Reader: strings.NewReader("\n" + text), index: index}
}

// readable returns the manifests that kube-score can parse. With one that it cannot parse, it would reject them all.
func readable(p *parser.Parser, manifests []string) []domain.NamedReader {
	var files []domain.NamedReader
	for i, text := range manifests {
		if _, err := p.ParseFiles([]domain.NamedReader{open(i, text)}); err == nil {
			files = append(files, open(i, text))
		}
	}
	return files
}

// guard turns the error or panic of a check into a finding, so that the other checks run.
func guard[T any](registered map[string]checks.GenCheck[T]) {
	for id, c := range registered {
		run := c.Fn
		c.Fn = func(object T) (result scorecard.TestScore, err error) {
			defer func() {
				problem := recover()
				if problem == nil && err != nil {
					problem = err
				}
				if problem != nil {
					result, err = scorecard.TestScore{Grade: failed}, nil
					result.AddComment("", "The check failed to run", fmt.Sprint(problem))
				}
			}()
			return run(object)
		}
		registered[id] = c
	}
}

// findings returns the problems on a scorecard, sorted by manifest and check.
func findings(card scorecard.Scorecard) ([]finding, error) {
	found := []finding{}
	for _, object := range card {
		index, err := strconv.Atoi(object.FileLocation.Name)
		if err != nil {
			return nil, fmt.Errorf("find the manifest of %s: %w", object.HumanFriendlyRef(), err)
		}
		for _, result := range object.Checks {
			if result.Skipped || result.Grade > scorecard.GradeWarning {
				continue
			}
			grade := "FAILED"
			if result.Grade != failed {
				grade = result.Grade.String()
			}
			for _, c := range result.Comments {
				found = append(found, finding{
					Manifest: index, Check: result.Check.ID, Grade: grade,
					Path: c.Path, Summary: c.Summary, Description: c.Description, URL: c.DocumentationURL,
				})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.Manifest, b.Manifest), cmp.Compare(a.Check, b.Check))
	})
	return found, nil
}
