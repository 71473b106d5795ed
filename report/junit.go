package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// JUnit XML as GitLab, Jenkins, GitHub's actions and others read it: a test suite a feature, a test case a scenario. godog has a formatter of its own for it, but
// that counts the steps that a failure skipped as errors, and knows neither class names nor files nor attachments.

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Time   string       `xml:"time,attr"`
	Suites []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	File string `xml:"file,attr"`
	junitCounts
	Time      string      `xml:"time,attr"`
	Timestamp string      `xml:"timestamp,attr"`
	Cases     []junitCase `xml:"testcase"`
}

type junitCounts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
}

type junitCase struct {
	Name    string       `xml:"name,attr"`
	Class   string       `xml:"classname,attr"`
	File    string       `xml:"file,attr"`
	Line    int64        `xml:"line,attr"`
	Time    string       `xml:"time,attr"`
	Failure *junitResult `xml:"failure"`
	Error   *junitResult `xml:"error"`
	Skipped *junitResult `xml:"skipped"`
	Output  string       `xml:"system-out,omitempty"`
}

type junitResult struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

func (r *Report) writeJUnit(w io.Writer) error {
	suites := junitSuites{Name: r.options.Title, Time: junitTime(r.run.finished.Sub(r.run.started))}
	for _, f := range r.run.features {
		if scenarios := f.ran(); len(scenarios) > 0 {
			suite := junitSuiteOf(f, scenarios)
			suites.add(suite.junitCounts)
			suites.Suites = append(suites.Suites, suite)
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suites); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (c *junitCounts) add(other junitCounts) {
	c.Tests += other.Tests
	c.Failures += other.Failures
	c.Errors += other.Errors
	c.Skipped += other.Skipped
}

func junitSuiteOf(f *feature, scenarios []*scenario) junitSuite {
	suite := junitSuite{Name: f.document.Feature.Name, File: f.file}
	started := scenarios[0].started
	var total time.Duration
	for _, s := range scenarios {
		if s.started.Before(started) {
			started = s.started
		}
		total += s.duration()
		test := junitCaseOf(s)
		suite.add(junitCounts{Tests: 1, Failures: one(test.Failure), Errors: one(test.Error), Skipped: one(test.Skipped)})
		suite.Cases = append(suite.Cases, test)
	}
	suite.Time, suite.Timestamp = junitTime(total), started.UTC().Format("2006-01-02T15:04:05")
	return suite
}

func one(result *junitResult) int {
	if result == nil {
		return 0
	}
	return 1
}

// junitCaseOf translates a scenario. What the code under test got wrong is a failure; a step that is missing, unfinished or ambiguous is an error.
func junitCaseOf(s *scenario) junitCase {
	test := junitCase{
		Name: s.name(), Class: s.feature.document.Feature.Name, File: s.feature.file, Line: s.line, Time: junitTime(s.duration()),
	}
	switch {
	case s.status == skipped:
		test.Skipped = &junitResult{}
	case s.status.bad():
		line, cause := s.cause()
		result := &junitResult{Message: s.headline(), Type: s.status.String(), Text: fmt.Sprintf("%s:%d\n%s", s.feature.file, line, cause)}
		if s.status == failed {
			test.Failure = result
		} else {
			test.Error = result
		}
		test.Output = transcript(s)
	}
	return test
}

// transcript is a scenario in plain text: its steps, what became of them, and what the steps attached.
func transcript(s *scenario) string {
	var b strings.Builder
	for _, st := range s.steps {
		fmt.Fprintf(&b, "\n%-9s  %s", st.status, st.phrase())
		for _, a := range st.attachments {
			if isText(a) {
				fmt.Fprintf(&b, "\n\n%s:\n%s\n", a.FileName, strings.TrimRight(string(a.Body), "\n"))
			}
		}
	}
	return b.String() + "\n"
}

// junitTime is in seconds.
func junitTime(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
