package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/traderadmin/charts/internal/junit"
)

// writeJUnit writes a test suite for each feature, with a test case for each scenario. godog's own formatter counts the
// steps after a failure as errors, and writes neither classes nor files nor attachments.
func (r *Report) writeJUnit(w io.Writer) error {
	suites := junit.Suites{Name: r.options.Title, Time: junit.Seconds(r.run.finished.Sub(r.run.started))}
	for _, f := range r.run.features {
		if scenarios := f.ran(); len(scenarios) > 0 {
			suites.Add(junitSuite(f, scenarios))
		}
	}
	return suites.Write(w)
}

func junitSuite(f *feature, scenarios []*scenario) junit.Suite {
	suite := junit.Suite{Name: f.name(), File: f.file}
	started := scenarios[0].started
	var total time.Duration
	for _, s := range scenarios {
		if s.started.Before(started) {
			started = s.started
		}
		total += s.duration()
		suite.Add(junitCase(s))
	}
	suite.Time, suite.Timestamp = junit.Seconds(total), junit.Timestamp(started)
	return suite
}

// junitCase returns the test case of a scenario. A failed step is a failure; an undefined, pending or ambiguous step is
// an error.
func junitCase(s *scenario) junit.Case {
	test := junit.Case{
		Class: s.feature.name(), Name: s.name(), File: s.feature.file, Line: s.line,
		Time: junit.Seconds(s.duration()),
	}
	switch {
	case s.status == skipped:
		test.Skipped = &junit.Result{}
	case s.status.bad():
		line, cause := s.cause()
		result := &junit.Result{
			Message: s.headline(), Type: s.status.String(), Text: fmt.Sprintf("%s:%d\n%s", s.feature.file, line, cause),
		}
		if s.status == failed {
			test.Failure = result
		} else {
			test.Error = result
		}
		test.Output = transcript(s)
	}
	return test
}

// transcript returns the steps of a scenario, their results and their text attachments as plain text.
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
