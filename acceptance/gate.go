package acceptance

import (
	"context"
	"errors"
	"fmt"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/lint/format"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
	"github.com/traderadmin/charts/steps"
)

// countScenarios reads the features and returns the number of scenarios to run. It needs no cluster, so it reports
// early if a feature cannot be parsed, if a step is unknown or misused, or if no scenario is selected.
func (r *suiteRun) countScenarios() (int, error) {
	features, err := godog.TestSuite{Options: &r.godog}.RetrieveFeatures()
	if err != nil {
		return 0, fmt.Errorf("read the features in %v: %w", r.godog.Paths, err)
	}
	vocabulary, err := steps.NewVocabulary(r.suite.Steps)
	if err != nil {
		return 0, err
	}
	count := 0
	var misused []error
	for _, feature := range features {
		count += len(feature.Pickles)
		misused = append(misused, vocabulary.Check(feature.GherkinDocument, feature.Pickles))
	}
	if err := errors.Join(misused...); err != nil {
		return 0, err
	}
	if count == 0 {
		return 0, fmt.Errorf("no scenario in %v has the tags %q", r.godog.Paths, r.godog.Tags)
	}
	return count, nil
}

// lint lints the chart and prints the findings. Findings of severity error are an error unless -lint is warn. It
// returns nil if -lint=off.
func (r *suiteRun) lint() (*linter.Result, error) {
	if r.flags.lint == "off" {
		return nil, nil
	}
	result, err := linter.Run(context.Background(), []string{r.source}, linter.Options{
		Rules: r.suite.Rules, Progress: r.out,
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
