package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// officialSchema compiles the JSON schema that the npm package @cucumber/messages ships.
func officialSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("testdata/messages/messages.schema.json")
	require.NoError(t, err)
	return schema
}

func TestProtocolVersionIsThatOfTheModule(t *testing.T) {
	content, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	assert.Contains(t, string(content), "github.com/cucumber/messages/go/v34 v"+protocolVersion+"\n")
}

// readMessages reads and validates the messages of a report.
func readMessages(t *testing.T, dir string) []*messages.Envelope {
	t.Helper()
	schema := officialSchema(t)
	content, err := os.ReadFile(filepath.Join(dir, messagesFile))
	require.NoError(t, err)
	var envelopes []*messages.Envelope
	for line := range bytes.Lines(content) {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
		require.NoError(t, err, "%s", line)
		require.NoError(t, schema.Validate(document), "%s", line)
		envelope := new(messages.Envelope)
		require.NoError(t, json.Unmarshal(line, envelope))
		envelopes = append(envelopes, envelope)
	}
	return envelopes
}

func TestMessagesAreValidAndComplete(t *testing.T) {
	for name, concurrency := range map[string]int{"one at a time": 1, "eight at once": 8} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r, code := suite{
				features: []godog.Feature{
					file("orders.feature", mixed), file("calm.feature", calm), file("boom.feature", boom),
				},
				concurrency: concurrency,
			}.run(t, Options{Dir: dir, Test: "TestFeatures"})
			require.Equal(t, 1, code)
			require.NoError(t, r.Write())

			envelopes := readMessages(t, dir)
			assert.NotNil(t, envelopes[0].Meta)
			last := envelopes[len(envelopes)-1].TestRunFinished
			require.NotNil(t, last)
			assert.False(t, last.Success)
			results := checkReferences(t, envelopes)
			assert.Equal(t, map[messages.TestStepResultStatus]int{
				messages.TestStepResultStatus_PASSED:    15,
				messages.TestStepResultStatus_FAILED:    3,
				messages.TestStepResultStatus_SKIPPED:   4,
				messages.TestStepResultStatus_PENDING:   1,
				messages.TestStepResultStatus_UNDEFINED: 1,
				messages.TestStepResultStatus_AMBIGUOUS: 1,
			}, results)
		})
	}
}

// checkReferences checks that messages refer only to earlier messages, and that time does not go back within a
// scenario. It returns the number of steps by status.
func checkReferences(t *testing.T, envelopes []*messages.Envelope) map[messages.TestStepResultStatus]int {
	t.Helper()
	defined := map[string]bool{}
	clock := map[string]int64{} // by attempt
	results := map[messages.TestStepResultStatus]int{}
	advance := func(attempt string, at *messages.Timestamp) {
		require.True(t, defined[attempt], attempt)
		now := messages.TimestampToGoTime(*at).UnixNano()
		require.GreaterOrEqual(t, now, clock[attempt])
		clock[attempt] = now
	}
	cases, finished := 0, 0
	for _, e := range envelopes {
		switch {
		case e.TestRunStarted != nil:
			defined[e.TestRunStarted.Id] = true
		case e.TestRunFinished != nil:
			require.True(t, defined[e.TestRunFinished.TestRunStartedId])
		case e.Pickle != nil:
			defined[e.Pickle.Id] = true
			for _, s := range e.Pickle.Steps {
				defined[s.Id] = true
			}
		case e.StepDefinition != nil:
			defined[e.StepDefinition.Id] = true
		case e.TestCase != nil:
			cases++
			require.True(t, defined[e.TestCase.PickleId])
			require.True(t, defined[e.TestCase.TestRunStartedId])
			defined[e.TestCase.Id] = true
			for _, s := range e.TestCase.TestSteps {
				require.True(t, defined[s.PickleStepId])
				for _, id := range s.StepDefinitionIds {
					require.True(t, defined[id])
				}
				defined[s.Id] = true
			}
		case e.TestCaseStarted != nil:
			require.True(t, defined[e.TestCaseStarted.TestCaseId])
			defined[e.TestCaseStarted.Id] = true
			advance(e.TestCaseStarted.Id, e.TestCaseStarted.Timestamp)
		case e.TestStepStarted != nil:
			require.True(t, defined[e.TestStepStarted.TestStepId])
			advance(e.TestStepStarted.TestCaseStartedId, e.TestStepStarted.Timestamp)
		case e.Attachment != nil:
			require.True(t, defined[e.Attachment.TestStepId])
			require.True(t, defined[e.Attachment.TestCaseStartedId])
		case e.TestStepFinished != nil:
			advance(e.TestStepFinished.TestCaseStartedId, e.TestStepFinished.Timestamp)
			results[e.TestStepFinished.TestStepResult.Status]++
		case e.TestCaseFinished != nil:
			finished++
			advance(e.TestCaseFinished.TestCaseStartedId, e.TestCaseFinished.Timestamp)
		}
	}
	assert.Equal(t, cases, finished)
	return results
}

func TestMessagesCarryAttachmentsAndArguments(t *testing.T) {
	dir := t.TempDir()
	const feature = `Feature: X
  Scenario: S
    Given 7 Ä😀 "b" of 8
    Then it fails and explains itself
`
	r, _ := suite{
		features:    []godog.Feature{file("x.feature", feature)},
		concurrency: 1,
		initialize: func(sc *godog.ScenarioContext) {
			vocabulary(sc)
			sc.Step(`^(\d+) Ä😀 "(.)"( x)? of (\d+)$`, func(int, string, string, int) {})
		},
	}.run(t, Options{Dir: dir, Test: "TestShop"})
	require.NoError(t, r.Write())

	names, groups := map[string]*messages.Attachment{}, []string{}
	for _, e := range readMessages(t, dir) {
		if e.Attachment != nil {
			names[e.Attachment.FileName] = e.Attachment
		}
		if e.TestCase != nil {
			written, err := json.Marshal(e.TestCase.TestSteps[0].StepMatchArgumentsLists[0])
			require.NoError(t, err)
			groups = append(groups, string(written))
		}
	}
	assert.Equal(t, messages.AttachmentContentEncoding_IDENTITY, names["Why"].ContentEncoding)
	assert.Equal(t, "deployment/shop\n  pod/shop-1: the image <shop:9> cannot be pulled\n", names["Why"].Body)
	assert.Equal(t, messages.AttachmentContentEncoding_BASE64, names["core"].ContentEncoding)
	assert.Equal(t, "AAEC/w==", names["core"].Body)
	assert.Equal(t, "application/octet-stream", names["core"].MediaType)
	assert.Equal(t, "go test -run '^TestShop$/^S$'", names[runAloneName].Body)
	// Positions are in UTF-16 code units. The group that did not match is omitted.
	require.Len(t, groups, 1)
	assert.JSONEq(t, `{"stepMatchArguments": [
		{"group": {"value": "7"}}, {"group": {"start": 7, "value": "b"}}, {"group": {"start": 13, "value": "8"}}
	]}`, groups[0])

	content, err := os.ReadFile(filepath.Join(dir, messagesFile))
	require.NoError(t, err)
	assert.Contains(t, string(content), `"start":0,"value":"7"`, "a start of 0 must be written")
}
