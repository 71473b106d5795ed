package steps

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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
	world := newWorld(t)
	var feature strings.Builder
	feature.WriteString("Feature: examples\n")
	for _, row := range phrases() {
		fmt.Fprintf(&feature, "\n  Scenario: %s\n%s\n", row.phrase, indent(row.example))
	}

	output, passed := runFeature(t, world, feature.String(), 4*runtime.NumCPU())

	assert.True(t, passed, output)
	requireOnlyDeleting(t, world)
}

func indent(steps string) string {
	return strings.NewReplacer("\n", "\n    ", "\t", "").Replace("\n" + strings.TrimSpace(steps))
}

// failing are scenarios whose last step fails, and the words that it fails with.
var failing = []struct {
	steps string
	words []string
}{
	{
		`When I try helm install shop ./nowhere
		 Then it succeeds`,
		[]string{"helm install shop ./nowhere should have succeeded: ", `nowhere" not found`},
	}, {
		`When I try helm lint with --strict
		 Then it fails with "a reason"`,
		[]string{`helm lint with --strict succeeded, where it should have failed with "a reason"`},
	}, {
		`When I try helm install shop ./nowhere
		 Then it fails with "a reason"`,
		[]string{`failed, not with "a reason" but with`, "./nowhere"},
	}, {
		`When I try helm install shop ./nowhere`,
		[]string{"was tried and failed, and no step says whether it should: write `it fails with \"…\"` after it", "./nowhere"},
	}, {
		`When I try helm lint with --strict
		 And I run helm lint with --strict`,
		[]string{"helm lint with --strict was tried and succeeded, and no step says whether it should: write `it succeeds`"},
	}, {
		`When I run helm lint with --strict
		 Then it succeeds`,
		[]string{"nothing was tried before this step: write `I try …` above it"},
	}, {
		`When I run helm lint with --strict
		 Then helm prints "2 chart(s)"`,
		[]string{`helm lint ./shop --strict does not print "2 chart(s)"; it prints`, "1 chart(s) linted, 0 chart(s) failed"},
	}, {
		`When I run helm lint with --strict
		 Then helm does not print "1 chart(s)"`,
		[]string{`prints "1 chart(s)":`},
	}, {
		`Then helm prints "anything"`,
		[]string{"no Helm command ran before this step"},
	}, {
		`Given the file "../outside"
		   """
		   x
		   """`,
		[]string{`the file "../outside" would not be in the scenario's own folder`},
	}, {
		`Given the file "a.yaml"`,
		[]string{"needs a doc string below it: CONTENT", `Usage: the file "NAME"`},
	}, {
		`Given a namespace "x" with labels`,
		[]string{"needs a table below it", `Usage: a namespace "NAMESPACE" with labels`, "| key | value |"},
	}, {
		`Given a namespace "x" with labels
		   | key | valu |
		   | a   | b    |`,
		[]string{`needs the column "value" in its table, whose first line is | key | valu |`},
	}, {
		`Given a namespace "x" with labels
		   | key | value | values |
		   | a   | b     | c      |`,
		[]string{`has no use for the column "values" in its table; did you mean "value"?`},
	}, {
		`Given a namespace "x" with labels
		   | key | value |
		   | a   | b c   |`,
		[]string{`label the namespace "x"`, `"b c"`},
	}, {
		`Given a Kubernetes cluster
		   """
		   text
		   """`,
		[]string{"`a Kubernetes cluster` takes no doc string"},
	}, {
		`Given the objects
		   """
		   kind: ConfigMap
		   """`,
		[]string{"document 1 of the doc string needs apiVersion, kind and metadata.name to be an object"},
	}, {
		`Given the objects
		   """
		   ---
		   """`,
		[]string{"the doc string has no object in it"},
	}, {
		`Given the objects
		   """
		   a: b: c
		   """`,
		[]string{"document 1 of the doc string is no YAML", "mapping values are not allowed"},
	}, {
		`Given the objects
		   """
		   {apiVersion: v1, kind: ConfigMap, metadata: {name: The_Map}}
		   """`,
		[]string{`apply ConfigMap "The_Map"`, "RFC 1123"},
	}, {
		`Given the objects
		   """
		   {apiVersion: v1, kind: Namespace, metadata: {name: mine}}
		   """`,
		[]string{"write `a namespace \"…\"`"},
	}, {
		`Given the objects
		   """
		   {apiVersion: v1, kind: ConfigMup, metadata: {name: mine}}
		   """`,
		[]string{`apply ConfigMup "mine"`, `no matches for kind "ConfigMup"`},
	},
}

// Every step fails when it should, with words that help.
func TestFailingExamples(t *testing.T) {
	t.Parallel()
	world := newWorld(t, func(o *Options) { o.Wait = 2 * time.Second })
	for i, example := range failing {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			output, passed := runFeature(t, world, "Feature: f\n  Scenario: s\n"+indent(example.steps)+"\n", 1)
			assert.False(t, passed, "it passed:\n%s", example.steps)
			assert.NotContains(t, output, "undefined")
			for _, words := range example.words {
				assert.Contains(t, flat(output), flat(words))
			}
		})
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
