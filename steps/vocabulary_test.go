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

func TestStepsPage(t *testing.T) {
	t.Parallel()
	var written strings.Builder
	require.NoError(t, WritePage(&written))
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(written.String()), 0o600))
	}
	held, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Equal(t, string(held), written.String(), "docs/steps.md is not what the rows say: run `make docs`")
}

func TestRowsAreWhole(t *testing.T) {
	t.Parallel()
	said := map[string]bool{}
	for _, row := range phrases() {
		assert.NotEmpty(t, row.does, row.phrase)
		assert.True(t, strings.HasSuffix(row.does, "."), "%s: %q is no sentence", row.phrase, row.does)
		assert.False(t, said[row.phrase], "%s is there twice", row.phrase)
		said[row.phrase] = true
		uses := false
		for line := range strings.Lines(row.example) {
			_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			uses = uses || row.pattern.MatchString(text)
		}
		assert.True(t, uses, "the example of %q does not use it", row.phrase)
	}
}

// Every example passes, on Helm's starter chart.
func TestExamples(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	var feature strings.Builder
	feature.WriteString("Feature: examples\n")
	for _, row := range phrases() {
		if !row.containers { // those are TestRunning's
			fmt.Fprintf(&feature, "\n  Scenario: %s\n%s\n", row.phrase, indent(row.example))
		}
	}

	output, passed := runFeature(t, suite, feature.String(), 4*runtime.NumCPU())

	assert.True(t, passed, output)
	requireOnlyDeleting(t, suite)
}

func indent(steps string) string {
	return strings.NewReplacer("\n", "\n    ", "\t", "").Replace("\n" + strings.TrimSpace(steps))
}

// Every step fails when it should, with words that help.
func TestFailingExamples(t *testing.T) {
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

// Every step has an example of its failure, those about running containers among the ones for where containers run.
func TestEveryStepFailsSomewhere(t *testing.T) {
	t.Parallel()
	fails := map[string]bool{}
	for _, example := range slices.Concat(failing, failingInside) {
		for line := range strings.Lines(example.steps) {
			_, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			for _, row := range phrases() {
				fails[row.phrase] = fails[row.phrase] || row.pattern.MatchString(text)
			}
		}
	}
	for _, row := range phrases() {
		assert.True(t, fails[row.phrase], row.phrase)
	}
}

// flat is text without the indent that godog prints it with.
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

	err = Check(features[0].GherkinDocument, features[0].Pickles)

	require.Error(t, err)
	for _, words := range []string{
		"one.feature:3: there is no such step as `a Kubernetes clutter`; the nearest is\nUsage: a Kubernetes cluster\n",
		"one.feature:6: there is no such step as `I run hlem install shop ./shop`; the nearest is\nUsage: I run helm COMMAND\n",
		"one.feature:7: there is no such step as `helm print \"x\"`; the nearest is\nUsage: helm prints \"TEXT\"\n",
		"one.feature:8: there is no such step as `the weather is fine`, nor one like it",
		"one.feature:10: `the file \"x\"` needs a doc string below it: CONTENT\nUsage: the file \"NAME\"\n",
	} {
		assert.Contains(t, err.Error(), words)
	}
	assert.Equal(t, 1, strings.Count(err.Error(), "one.feature:3:"), "a step of a Background is named once")
}
