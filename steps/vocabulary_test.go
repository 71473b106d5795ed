package steps

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/steps.md")

const page = "../docs/steps.md"

func builtInVocabulary(t *testing.T) *Vocabulary {
	v, err := NewVocabulary(nil)
	require.NoError(t, err)
	return v
}

func TestStepsPage(t *testing.T) {
	t.Parallel()
	var written strings.Builder
	require.NoError(t, builtInVocabulary(t).WritePage(&written))
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(written.String()), 0o600))
	}
	current, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, string(current), written.String(), "docs/steps.md is out of date: run `make docs`")
}

func TestRowsAreDocumented(t *testing.T) {
	t.Parallel()
	for _, row := range builtInVocabulary(t).steps.Rows() {
		assert.NotEmpty(t, row.Example, row.Phrase)
		assert.True(t, strings.HasSuffix(row.Does, "."), "%s: %q is not a sentence", row.Phrase, row.Does)
	}
}

// TestExamples runs the examples that pass on simulated nodes.
func TestExamples(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	var feature strings.Builder
	feature.WriteString("Feature: examples\n")
	for _, row := range builtInVocabulary(t).steps.Rows() {
		if !row.Effects.Has(NeedsContainers) { // TestRunning runs the others
			fmt.Fprintf(&feature, "\n  Scenario: %s\n%s\n", row.Phrase, indent(row.Example))
		}
	}

	output, passed := runFeature(t, suite, feature.String(), 4*runtime.NumCPU())

	assert.True(t, passed, output)
	requireOnlyDeleting(t, suite)
}

func indent(steps string) string {
	return strings.NewReplacer("\n", "\n    ", "\t", "").Replace("\n" + strings.TrimSpace(steps))
}

func TestFailingExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("-short skips tests with many scenarios")
	}
	t.Parallel()
	suite := newSuite(t, func(o *Options) { o.Wait = 2 * time.Second })
	for i, example := range failing {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			output, passed := runFeature(t, suite, "Feature: f\n  Scenario: s\n"+indent(example.steps)+"\n", 1)
			assert.False(t, passed, "it passed:\n%s", example.steps)
			assert.NotContains(t, output, "undefined")
			for _, words := range example.words {
				assert.Contains(t, flat(output), flat(words))
			}
		})
	}
}

func TestEveryStepHasAFailingExample(t *testing.T) {
	t.Parallel()
	fails := map[string]bool{}
	rows := builtInVocabulary(t).steps.Rows()
	for _, example := range slices.Concat(failing, failingInside) {
		for line := range strings.Lines(example.steps) {
			_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			for _, row := range rows {
				fails[row.Phrase] = fails[row.Phrase] || grammar.Pattern(row.Phrase).MatchString(text)
			}
		}
	}
	for _, row := range rows {
		assert.True(t, fails[row.Phrase], row.Phrase)
	}
}

// flat returns text without line breaks and indentation.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

func TestCheck(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "one.feature")
	require.NoError(t, os.WriteFile(path, []byte(`Feature: f
  Background:
    Given a Kubernetes clutter
  Rule: r
    Scenario: s
      When I run hlem install shop ./shop
      Then helm print "x"
      And the weather is fine
  Scenario: other
      Given the file "x"
`), 0o600))
	features, err := godog.TestSuite{Options: &godog.Options{Paths: []string{path}}}.RetrieveFeatures()
	require.NoError(t, err)

	err = builtInVocabulary(t).Check(features[0].GherkinDocument, features[0].Pickles)

	require.Error(t, err)
	for _, words := range []string{
		"one.feature:3: unknown step `a Kubernetes clutter`; the nearest is\n  a Kubernetes cluster\n",
		"one.feature:6: unknown step `I run hlem install shop ./shop`; the nearest is\n  I run helm COMMAND\n",
		"one.feature:7: unknown step `helm print \"x\"`; the nearest is\n  helm prints \"TEXT\"\n",
		"one.feature:8: unknown step `the weather is fine`, and no step is like it",
		"one.feature:10: `the file \"x\"` needs a doc string below it: CONTENT\nUsage: the file \"NAME\"\n",
	} {
		assert.Contains(t, err.Error(), words)
	}
	assert.Equal(t, 1, strings.Count(err.Error(), "one.feature:3:"), "a step of a Background is reported once")
}
