// Package junit writes test results as JUnit XML, in the subset that GitLab, Jenkins and GitHub's actions read. The
// format has no standard; https://github.com/testmoapp/junitxml describes the common parts.
package junit

import (
	"encoding/xml"
	"io"
	"slices"
	"strconv"
	"time"
)

// Suites is the root of a report. Add its suites with [Suites.Add], which keeps the counts.
type Suites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr,omitempty"`
	Counts
	Time   string  `xml:"time,attr"` // see Seconds
	Suites []Suite `xml:"testsuite"`
}

// Suite is a group of test cases. Add them with [Suite.Add], which keeps the counts.
type Suite struct {
	Name string `xml:"name,attr"`
	File string `xml:"file,attr,omitempty"`
	Counts
	Time      string `xml:"time,attr,omitempty"`      // see Seconds
	Timestamp string `xml:"timestamp,attr,omitempty"` // see Timestamp
	Cases     []Case `xml:"testcase"`
}

// Counts is the number of test cases, in total and by outcome.
type Counts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
}

// Case is a test case. It passed if Failure, Error and Skipped are nil. By convention, a failure is a fault of the code
// under test, and an error a fault of the test itself.
type Case struct {
	Name    string  `xml:"name,attr"`
	Class   string  `xml:"classname,attr"`
	File    string  `xml:"file,attr,omitempty"`
	Line    int64   `xml:"line,attr,omitempty"`
	Time    string  `xml:"time,attr,omitempty"` // see Seconds
	Failure *Result `xml:"failure"`
	Error   *Result `xml:"error"`
	Skipped *Result `xml:"skipped"`
	Output  string  `xml:"system-out,omitempty"`
}

// Result says why a test case did not pass.
type Result struct {
	Message string `xml:"message,attr,omitempty"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// Seconds formats the Time of a suite or a test case.
func Seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

// Timestamp formats the start of a suite.
func Timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// Add appends a suite and adds its counts to those of the report.
func (s *Suites) Add(suite Suite) {
	s.Suites = append(s.Suites, suite)
	s.Tests += suite.Tests
	s.Failures += suite.Failures
	s.Errors += suite.Errors
	s.Skipped += suite.Skipped
}

// Add appends a test case and counts it.
func (s *Suite) Add(c Case) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// Write writes the report as an XML document.
func (s *Suites) Write(w io.Writer) error {
	content, err := xml.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(slices.Concat([]byte(xml.Header), content, []byte("\n")))
	return err
}
