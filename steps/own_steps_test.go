package steps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// countSteps are steps of a suite's own: one with a row, and one that is a plain expression.
func countSteps(sc *godog.ScenarioContext, s *Scenario) {
	s.Step(Step{
		Phrase: `the release has N ConfigMap[s][ in namespace "NAMESPACE"]`,
		Does:   "Waits until the namespace has this number of ConfigMaps besides the one that Kubernetes makes.",
		Example: `
When I run helm install shop ./shop
Then the release has 0 ConfigMaps`,
		Method: func(ctx context.Context, want int, namespace string) (context.Context, error) {
			err := s.Await(ctx, "the ConfigMaps of "+s.Release()+" to be complete", func(ctx context.Context) error {
				found, err := s.Client().CoreV1().ConfigMaps(s.Namespace(namespace)).List(ctx, metav1.ListOptions{})
				if err != nil {
					return Permanent(err)
				}
				if len(found.Items) != want+1 {
					return fmt.Errorf("there are %d", len(found.Items)-1)
				}
				return nil
			})
			return s.Attach(ctx, "count", "text/plain", fmt.Append(nil, want)), err
		},
	})
	sc.Step(`^helm shows the values of the chart$`, func(ctx context.Context) error {
		output, err := s.Helm(ctx, "show values "+s.Chart())
		if err == nil && !strings.Contains(output, "replicaCount: 1") {
			err = fmt.Errorf("no replicaCount in %s", output)
		}
		return err
	})
}

func TestOwnSteps(t *testing.T) {
	t.Parallel()
	suite := newSuite(t, func(o *Options) { o.Steps = countSteps; o.Wait = 2 * time.Second })
	write(t, suite, "templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n")

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: passes
    When I run helm install shop ./shop
    Then the release has 1 ConfigMap
    And helm shows the values of the chart
  Scenario: of another namespace
    When I run helm install shop ./shop -n other --create-namespace
    Then the release has 1 ConfigMap in namespace "other"
`, 2)
	assert.True(t, passed, output)

	output, passed = runFeature(t, suite, `Feature: f
  Scenario: fails
    When I run helm install shop ./shop
    Then the release has 3 ConfigMaps
`, 1)
	assert.False(t, passed)
	assert.Regexp(t, `waited 2\S*s for the ConfigMaps of shop to be complete; last seen: there are 1`, output)

	found := attachments(t, suite, `Feature: f
  Scenario: attaches
    When I run helm install shop ./shop
    Then the release has 1 ConfigMap
`)
	assert.Equal(t, "1", found["count"])
}

func TestAwaitEndsEarlyWhereNoWaitingHelps(t *testing.T) {
	t.Parallel()
	s := &Scenario{scenario: newScenario(newSuite(t).own())}
	cause := errors.New("never")
	calls := 0

	err := s.Await(t.Context(), "something", func(context.Context) error {
		calls++
		return Permanent(cause)
	})

	assert.ErrorIs(t, err, cause)
	assert.ErrorContains(t, err, "waiting for something: ")
	assert.Equal(t, 1, calls)
}

// checkFeature checks a feature against a vocabulary, without a cluster.
func checkFeature(t *testing.T, v *Vocabulary, feature string) error {
	path := filepath.Join(t.TempDir(), "one.feature")
	require.NoError(t, os.WriteFile(path, []byte(feature), 0o600))
	features, err := godog.TestSuite{Options: &godog.Options{Paths: []string{path}}}.RetrieveFeatures()
	require.NoError(t, err)
	return v.Check(features[0].GherkinDocument, features[0].Pickles)
}

func TestOwnStepsAreCheckedAndSuggestedAndDocumented(t *testing.T) {
	t.Parallel()
	v, err := NewVocabulary(countSteps)
	require.NoError(t, err)

	assert.NoError(t, checkFeature(t, v, `Feature: f
  Scenario: s
    Then the release has 1 ConfigMap
    And helm shows the values of the chart
`))
	err = checkFeature(t, v, `Feature: f
  Scenario: s
    Then the release hat 2 ConfigMaps
    And the release has 2 ConfigMaps
      | a |
`)
	assert.ErrorContains(t, err, "one.feature:3: unknown step `the release hat 2 ConfigMaps`")
	assert.ErrorContains(t, err, "the nearest is\n  the release has N ConfigMap[s]")
	assert.ErrorContains(t, err, "one.feature:4: `the release has 2 ConfigMaps` takes no table")
	var page strings.Builder
	require.NoError(t, v.WritePage(&page))
	assert.Contains(t, page.String(), "## Own steps\n\n### the release has N ConfigMap")
}

func TestOwnStepsThatClashOrCannotRun(t *testing.T) {
	t.Parallel()
	nothing := func(string) error { return nil }
	for name, test := range map[string]struct {
		own   OwnSteps
		words []string
	}{
		"the same phrase": {
			func(_ *godog.ScenarioContext, s *Scenario) {
				s.Step(Step{Phrase: `it fails with "TEXT"`, Method: nothing})
			},
			[]string{"`it fails with \"TEXT\"` is defined twice: under \"Helm\" and again under \"Own steps\""},
		},
		"a row that matches the same text": {
			func(_ *godog.ScenarioContext, s *Scenario) {
				s.Step(Step{Phrase: `a Kubernetes NAME`, Method: nothing})
			},
			[]string{
				"`a Kubernetes cluster` is ambiguous",
				"`a Kubernetes cluster` under \"Cluster\" and `a Kubernetes NAME` under \"Own steps\"",
			},
		},
		"an expression that matches the same text": {
			func(sc *godog.ScenarioContext, _ *Scenario) { sc.Step(`^a Kubernetes (.*)$`, nothing) },
			[]string{"`a Kubernetes cluster` under \"Cluster\" and `^a Kubernetes (.*)$` in own_steps_test.go:"},
		},
		"too few parameters": {
			func(_ *godog.ScenarioContext, s *Scenario) {
				s.Step(Step{Phrase: `NAME is like NAME`, Method: nothing})
			},
			[]string{"`NAME is like NAME` has 1 parameters", "it needs 2"},
		},
		"no function": {
			func(_ *godog.ScenarioContext, s *Scenario) { s.Step(Step{Phrase: `it rains`}) },
			[]string{"`it rains` is <nil>, not a function"},
		},
		"a method that runs during registration": {
			func(_ *godog.ScenarioContext, s *Scenario) { s.Namespace("") },
			[]string{"Scenario.Namespace is only available while a scenario runs"},
		},
		"a parameter that godog cannot convert": {
			func(_ *godog.ScenarioContext, s *Scenario) {
				s.Step(Step{Phrase: `it lasts "DURATION"`, Method: func(time.Duration) error { return nil }})
			},
			[]string{"`it lasts \"DURATION\"` takes DURATION as time.Duration", "use string"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := NewVocabulary(test.own)
			require.Error(t, err)
			for _, words := range test.words {
				assert.ErrorContains(t, err, words)
			}
			assert.NotContains(t, err.Error(), "\n", "one mistake is one error")
		})
	}
}

// Two steps may match the same text though no example shows it.
func TestAnAmbiguousStepIsAnErrorThatNamesBoth(t *testing.T) {
	t.Parallel()
	v, err := NewVocabulary(func(sc *godog.ScenarioContext, _ *Scenario) {
		sc.Step(`^it fails with "the words"$`, func() error { return nil })
	})
	require.NoError(t, err)

	err = checkFeature(t, v, "Feature: f\n  Scenario: s\n    Then it fails with \"the words\"\n")

	assert.ErrorContains(t, err, "one.feature:3: the step `it fails with \"the words\"` is ambiguous")
	assert.ErrorContains(t, err,
		"`it fails with \"TEXT\"` under \"Helm\" and `^it fails with \"the words\"$` in own_steps_test.go:")
}

func BenchmarkNewVocabulary(b *testing.B) {
	for b.Loop() {
		_, _ = NewVocabulary(countSteps)
	}
}
