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

// finding is what a check has to say about a manifest.
type finding struct {
	Manifest int    `json:"manifest"` // its place in the release, from 0
	Check    string `json:"check"`    // the check's ID
	// Grade is CRITICAL or WARNING, as kube-score says, or FAILED where the check could not tell.
	Grade       string `json:"grade"`
	Path        string `json:"path,omitempty"` // where in the manifest, in the check's own terms: often a container's name
	Summary     string `json:"summary"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"` // of what there is to read about it
}

// failed is the grade of a check that ended with an error or a panic; kube-score has none for that.
const failed scorecard.Grade = 0

// settings have the annotations by which objects choose their checks count, as kube-score's own command does, and the optional
// checks run: the linter's policy says which of them matter.
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

// check runs the checks over a release: manifests, each in YAML, that refer to one another. A manifest that is not what its
// kind asks for is left out: the linter's own rules say what is wrong with it.
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

// manifest is one as kube-score reads it: a file, named by its place in the release.
type manifest struct {
	*strings.Reader
	place int
}

func (m manifest) Name() string { return strconv.Itoa(m.place) }

// open is a manifest to read. The empty line keeps kube-score from taking a first comment "# Source: …" for its name.
func open(place int, text string) domain.NamedReader {
	return manifest{Reader: strings.NewReader("\n" + text), place: place}
}

// readable are the manifests that kube-score can read. It reads none where there is one that it cannot.
func readable(p *parser.Parser, manifests []string) []domain.NamedReader {
	var files []domain.NamedReader
	for i, text := range manifests {
		if _, err := p.ParseFiles([]domain.NamedReader{open(i, text)}); err == nil {
			files = append(files, open(i, text))
		}
	}
	return files
}

// guard keeps a check that fails over one object from ending all of them.
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
					result.AddComment("", "The check could not be made", fmt.Sprint(problem))
				}
			}()
			return run(object)
		}
		registered[id] = c
	}
}

// findings are what the card has to say, in the order of the manifests and checks.
func findings(card scorecard.Scorecard) ([]finding, error) {
	found := []finding{}
	for _, object := range card {
		place, err := strconv.Atoi(object.FileLocation.Name)
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
					Manifest: place, Check: result.Check.ID, Grade: grade,
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
