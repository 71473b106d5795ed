package format

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/junit"
	"github.com/traderadmin/charts/lint/linter"
)

// writeJUnit writes a test suite for each chart, with a test case for each rule. A case fails if its rule found errors;
// its warnings and infos are the output of the case.
func writeJUnit(w io.Writer, result *linter.Result) error {
	type key struct{ chart, rule string }
	findings := map[key][]linter.Finding{}
	for _, f := range result.Findings {
		findings[key{f.Chart, f.Rule}] = append(findings[key{f.Chart, f.Rule}], f)
	}
	suites := junit.Suites{Time: junit.Seconds(result.Duration)}
	for _, path := range chartPaths(result) {
		suite := junit.Suite{Name: path}
		for _, id := range ruleIDs(result) {
			suite.Add(junitCase(path, id, findings[key{path, id}]))
		}
		suites.Add(suite)
	}
	return suites.Write(w)
}

// chartPaths returns the path of each chart once, in the order in which the charts were linted.
func chartPaths(result *linter.Result) []string {
	var paths []string
	for _, c := range result.Charts {
		if !slices.Contains(paths, c.Path) {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

// junitCase makes a test case of what the rule of an ID found in the chart at path.
func junitCase(path, id string, findings []linter.Finding) junit.Case {
	var failures, output strings.Builder
	errors := 0
	for _, f := range findings {
		to := &output
		if f.Severity == linter.Error {
			to = &failures
			errors++
		}
		fmt.Fprintf(to, "%s: %s: %s\n", position(f), f.Severity, strings.Join(sentences(f), "\n    "))
	}
	c := junit.Case{Class: path, Name: id, Output: output.String()}
	if errors > 0 {
		c.Failure = &junit.Result{Message: count(errors, "error"), Text: failures.String()}
	}
	return c
}
