package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const tides = `Feature: Tides
  Scenario: Ebb
    When the sea falls
  Scenario: Flood
    When the sea rises
`

// tidesOn is a suite whose scenario "Flood" fails in the first of its runs that starts it.
func tidesOn(t *testing.T, options Options) *Report {
	t.Helper()
	runs := 0
	r, _ := suite{
		features: []godog.Feature{file("tides.feature", tides)}, concurrency: 1, clock: steadyClock(),
		initialize: func(sc *godog.ScenarioContext) {
			sc.Step("^the sea falls$", func() {})
			sc.Step("^the sea rises$", func() error {
				if runs++; runs == 1 {
					return errors.New("the moon is missing")
				}
				return nil
			})
		},
	}.run(t, options)
	require.NoError(t, r.Write())
	return r
}

func TestParts(t *testing.T) {
	dir, out := t.TempDir(), new(bytes.Buffer)
	tidesOn(t, Options{Dir: dir, Test: "TestTides", Live: out, Parts: []Part{
		{Name: "North", Flags: []string{"-sea=north"}}, {Name: "South", Flags: []string{"-sea=south"}},
	}})

	printed := out.String()
	for _, line := range []string{
		"North: 2 scenarios in 1 feature", "South: 2 scenarios in 1 feature", "FAILED  Flood [North]",
		"North: 2 scenarios: 1 failed, 1 passed", "South: 2 scenarios: 2 passed",
		"go test -run '^TestTides$/^Flood$' -sea=north",
	} {
		assert.Contains(t, printed, line)
	}
	assert.NotContains(t, printed, "FAILED  Flood [South]")

	assert.Contains(t, read(t, dir, junitFile), `<testcase name="Flood [North]" classname="Tides [North]"`)
	assert.Contains(t, read(t, dir, cucumberFile), `"name": "Tides [South]"`)
	page := read(t, dir, pageFile)
	assert.Contains(t, page, "1 of 4 scenarios failed")
	assert.Contains(t, page, "<dt>North</dt><dd>1 failed, 1 passed")
}

func TestMessagesOfPartsHaveDistinctIDs(t *testing.T) {
	dir := t.TempDir()
	tidesOn(t, Options{Dir: dir, Parts: []Part{{Name: "North"}, {Name: "South"}}})
	content, err := os.ReadFile(filepath.Join(dir, messagesFile))
	require.NoError(t, err)
	seen, pickles := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(content)) {
		var message struct {
			Pickle, TestCase, TestCaseStarted *struct{ ID, PickleID, URI string }
			Source                            *struct{ URI string }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &message))
		var id string
		switch {
		case message.Pickle != nil:
			id = "pickle " + message.Pickle.ID
			pickles[message.Pickle.ID] = true
		case message.TestCase != nil:
			id = "case " + message.TestCase.ID
			assert.Contains(t, pickles, message.TestCase.PickleID)
		case message.TestCaseStarted != nil:
			id = "attempt " + message.TestCaseStarted.ID
		case message.Source != nil:
			id = "source " + message.Source.URI
		default:
			continue
		}
		assert.False(t, seen[id], "%s appears twice", id)
		seen[id] = true
	}
	assert.Len(t, pickles, 4)
}

func TestOnePartThatDidNotRun(t *testing.T) {
	out := new(bytes.Buffer)
	r := tidesOn(t, Options{Live: out})
	assert.NotContains(t, out.String(), "[")
	assert.Equal(t, "1 failed, 1 passed", tallyOf(r))
}
