package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/internal/logonce"
	"github.com/traderadmin/charts/lint/format"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
	"github.com/traderadmin/charts/steps"
)

// smokeTag marks the scenarios that -short runs.
const smokeTag = "@smoke"

// selectSmoke selects the scenarios tagged @smoke if go test runs with -short, and says so. It selects nothing if no
// scenario has the tag, or if -godog.tags is set.
func (r *suiteRun) selectSmoke() error {
	if !testing.Short() || r.godog.Tags != "" {
		return nil
	}
	smoke := r.godog
	smoke.Tags = smokeTag
	all, err := selected(r.godog)
	if err != nil {
		return err
	}
	n, err := selected(smoke)
	if err != nil || n == 0 {
		return err
	}
	fmt.Fprintf(r.out, "-short: running %d of %d scenarios, those tagged %s\n", n, all, smokeTag)
	r.godog = smoke
	return nil
}

// selected returns the number of scenarios that options select.
func selected(options godog.Options) (int, error) {
	features, err := godog.TestSuite{Options: &options}.RetrieveFeatures()
	if err != nil {
		return 0, fmt.Errorf("read the features in %v: %w", options.Paths, err)
	}
	count := 0
	for _, feature := range features {
		count += len(feature.Pickles)
	}
	return count, nil
}

// checkFeatures reads the features. It needs no cluster, so it reports early if a feature cannot be parsed or has no
// scenario, if a step is unknown or misused, or if no scenario is selected.
func (r *suiteRun) checkFeatures() error {
	features, err := godog.TestSuite{Options: &r.godog}.RetrieveFeatures()
	if err != nil {
		return fmt.Errorf("read the features in %v: %w", r.godog.Paths, err)
	}
	vocabulary, err := steps.NewVocabulary(r.suite.Steps)
	if err != nil {
		return err
	}
	count := 0
	var failed []error
	for _, feature := range features {
		count += len(feature.Pickles)
		failed = append(failed, vocabulary.Check(feature.GherkinDocument, feature.Pickles))
	}
	failed = append(failed, r.checkEmptyFeatures())
	switch err := errors.Join(failed...); {
	case err != nil:
		return err
	case count == 0 && r.godog.Tags == "":
		return fmt.Errorf("no scenario in %v", r.godog.Paths)
	case count == 0:
		return fmt.Errorf("no scenario in %v has the tags %q", r.godog.Paths, r.godog.Tags)
	}
	return nil
}

// checkEmptyFeatures returns an error for each feature file without scenarios, which godog leaves out silently. The
// keyword of a scenario is easily mistyped, and what follows is then a description.
func (r *suiteRun) checkEmptyFeatures() error {
	all := r.godog
	all.Tags = ""
	features, err := godog.TestSuite{Options: &all}.RetrieveFeatures()
	if err != nil {
		return err
	}
	read := map[string]bool{}
	for _, feature := range features {
		read[filepath.Clean(feature.Uri)] = true
	}
	var failed []error
	for _, folder := range r.godog.Paths {
		err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && filepath.Ext(path) == ".feature" && !read[filepath.Clean(path)] {
				failed = append(failed, fmt.Errorf("%s has no scenario: a scenario starts with a line `Scenario: TITLE`", path))
			}
			return nil // a path with a line, FILE:LINE, is no file
		})
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// lint lints the chart and prints the findings. Findings of severity error are an error unless -lint is warn. It
// returns nil if -lint=off.
func (r *suiteRun) lint() (*linter.Result, error) {
	if r.flags.lint == "off" {
		return nil, nil
	}
	defer logonce.Redirect(r.out)()
	result, err := linter.Run(context.Background(), []string{r.source}, linter.Options{
		Rules: r.suite.Rules, Policies: r.flags.policies, Helms: strings.Split(r.flags.helm, ","), Progress: r.out,
		API: r.flags.backend == "embedded", // whose program validates, too
	})
	if err != nil {
		return nil, err
	}
	if err := format.Write(r.out, "text", result); err != nil {
		return nil, err
	}
	if n := result.Count(rule.Error); n > 0 && r.flags.lint != "warn" {
		return nil, fmt.Errorf("the linter found errors in %s (%d), so no cluster was started; "+
			"-lint=warn runs the scenarios anyway", r.source, n)
	}
	return result, nil
}
