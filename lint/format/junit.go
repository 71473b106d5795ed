package format

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

// The part of JUnit's XML that CI servers agree on; there is no standard. See https://github.com/testmoapp/junitxml.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Seconds  string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		ClassName string        `xml:"classname,attr"`
		Name      string        `xml:"name,attr"`
		Failure   *junitFailure `xml:"failure"`
		Output    string        `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit is for CI servers: a suite a chart, and in it a case a rule, which fails where the rule has found errors. Warnings and
// what is just worth knowing are the case's output.
func writeJUnit(w io.Writer, result *linter.Result) error {
	type key struct{ chart, rule string }
	findings := map[key][]rule.Finding{}
	for _, f := range result.Findings {
		findings[key{f.Chart, f.Rule}] = append(findings[key{f.Chart, f.Rule}], f)
	}
	suites := junitSuites{Seconds: fmt.Sprintf("%.3f", result.Duration.Seconds())}
	ids := ruleIDs(result)
	for _, path := range chartPaths(result) {
		suite := junitSuite{Name: path, Tests: len(ids)}
		for _, id := range ids {
			c := newCase(path, id, findings[key{path, id}])
			if c.Failure != nil {
				suite.Failures++
			}
			suite.Cases = append(suite.Cases, c)
		}
		suites.Suites = append(suites.Suites, suite)
		suites.Tests += suite.Tests
		suites.Failures += suite.Failures
	}
	written, err := xml.MarshalIndent(suites, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(slices.Concat([]byte(xml.Header), written, []byte("\n")))
	return err
}

// chartPaths are the charts that were linted, each once.
func chartPaths(result *linter.Result) []string {
	var paths []string
	for _, c := range result.Charts {
		if !slices.Contains(paths, c.Path) {
			paths = append(paths, c.Path)
		}
	}
	return paths
}

// newCase is what a rule has found in a chart.
func newCase(path, id string, findings []rule.Finding) junitCase {
	var failures, output strings.Builder
	errors := 0
	for _, f := range findings {
		to := &output
		if f.Severity == rule.Error {
			to = &failures
			errors++
		}
		fmt.Fprintf(to, "%s: %s: %s\n", place(f), f.Severity, strings.Join(sentences(f), "\n    "))
	}
	c := junitCase{ClassName: path, Name: id, Output: output.String()}
	if errors > 0 {
		c.Failure = &junitFailure{Message: count(errors, "error"), Text: failures.String()}
	}
	return c
}
