package junit_test

import (
	"encoding/xml"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/junit"
)

func Example() {
	suite := junit.Suite{Name: "install", Time: junit.Seconds(1500 * time.Millisecond)}
	suite.Add(junit.Case{Class: "install", Name: "the release is deployed"})
	suite.Add(junit.Case{
		Class: "install", Name: "every pod is ready", Failure: &junit.Result{Message: "1 of 2 pods is ready"},
	})
	report := junit.Suites{Time: junit.Seconds(2 * time.Second)}
	report.Add(suite)
	_ = report.Write(os.Stdout)
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <testsuites tests="2" failures="1" errors="0" skipped="0" time="2.000">
	//   <testsuite name="install" tests="2" failures="1" errors="0" skipped="0" time="1.500">
	//     <testcase name="the release is deployed" classname="install"></testcase>
	//     <testcase name="every pod is ready" classname="install">
	//       <failure message="1 of 2 pods is ready"></failure>
	//     </testcase>
	//   </testsuite>
	// </testsuites>
}

func TestCounts(t *testing.T) {
	t.Parallel()
	result := &junit.Result{Text: "why"}
	var report junit.Suites
	for range 2 {
		var suite junit.Suite
		for _, c := range []junit.Case{{}, {}, {}, {Failure: result}, {Failure: result}, {Error: result}, {Skipped: result}} {
			suite.Add(c)
		}
		assert.Equal(t, junit.Counts{Tests: 7, Failures: 2, Errors: 1, Skipped: 1}, suite.Counts)
		report.Add(suite)
	}
	assert.Equal(t, junit.Counts{Tests: 14, Failures: 4, Errors: 2, Skipped: 2}, report.Counts)
}

func TestWrittenReportIsReadBack(t *testing.T) {
	t.Parallel()
	suite := junit.Suite{Name: `a "<b>" & c`, Timestamp: junit.Timestamp(time.Unix(0, 0))}
	suite.Add(junit.Case{
		Class: "class", Name: "name", File: "a.feature", Line: 3,
		Error: &junit.Result{Type: "undefined", Text: "a\n<b>"}, Output: "out",
	})
	var report junit.Suites
	report.Add(suite)
	var out strings.Builder
	require.NoError(t, report.Write(&out))

	var read junit.Suites
	require.NoError(t, xml.Unmarshal([]byte(out.String()), &read))
	assert.Equal(t, report.Counts, read.Counts)
	assert.Equal(t, report.Suites, read.Suites)
	assert.Equal(t, "1970-01-01T00:00:00", read.Suites[0].Timestamp)
}
