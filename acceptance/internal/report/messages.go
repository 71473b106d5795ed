package report

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// protocolVersion is the version of Cucumber Messages that the Go module github.com/cucumber/messages/go/v34
// implements.
const protocolVersion = "34.2.1"

// runID identifies the only test run of a file.
const runID = "run"

// messageLog writes Cucumber Messages (https://github.com/cucumber/messages), one JSON object per line, during the run.
// The first error stops it and is kept in err. A nil messageLog writes nothing.
type messageLog struct {
	err         error
	file        *os.File
	buffer      *bufio.Writer
	encoder     *json.Encoder
	definitions map[string]string // IDs of written step definitions
}

// openMessages creates the file of messages in folder. It returns nil if folder is empty.
func openMessages(folder string) *messageLog {
	if folder == "" {
		return nil
	}
	log := &messageLog{definitions: map[string]string{}}
	var err error
	if log.file, err = os.Create(filepath.Join(folder, messagesFile)); err != nil {
		log.err = fmt.Errorf("write the report: %w", err)
		return log
	}
	log.buffer = bufio.NewWriter(log.file)
	log.encoder = json.NewEncoder(log.buffer)
	log.encoder.SetEscapeHTML(false)
	return log
}

// testCase and its parts replace types of package messages that omit the start of a group if it is 0. Without the
// start, Cucumber's HTML formatter shows the text of the step twice.
type testCase struct {
	ID        string     `json:"id"`
	RunID     string     `json:"testRunStartedId"`
	PickleID  string     `json:"pickleId"`
	TestSteps []testStep `json:"testSteps"`
}

type testStep struct {
	ID                string          `json:"id"`
	PickleStepID      string          `json:"pickleStepId"`
	StepDefinitionIDs []string        `json:"stepDefinitionIds"`
	Arguments         []testArguments `json:"stepMatchArgumentsLists"`
}

type testArguments struct {
	Arguments []testArgument `json:"stepMatchArguments"`
}

type testArgument struct {
	Group testGroup `json:"group"`
}

type testGroup struct {
	Children []testGroup `json:"children"`
	Start    int64       `json:"start"`
	Value    string      `json:"value"`
}

// write appends a message: a messages.Envelope, or a value with the same JSON.
func (m *messageLog) write(envelope any) {
	if m.err != nil {
		return
	}
	if err := m.encoder.Encode(envelope); err != nil {
		m.err = fmt.Errorf("write the report: %w", errors.Join(err, m.file.Close()))
	}
}

func (m *messageLog) runStarted(r *run) {
	if m == nil {
		return
	}
	m.write(messages.Envelope{Meta: meta()})
	m.write(messages.Envelope{TestRunStarted: &messages.TestRunStarted{Id: runID, Timestamp: timestamp(r.started)}})
}

func (m *messageLog) runFinished(r *run) {
	if m == nil {
		return
	}
	m.write(messages.Envelope{TestRunFinished: &messages.TestRunFinished{
		TestRunStartedId: runID, Success: len(r.bad()) == 0, Timestamp: timestamp(r.finished),
	}})
	if m.err != nil {
		return
	}
	if err := errors.Join(m.buffer.Flush(), m.file.Close()); err != nil {
		m.err = fmt.Errorf("write the report: %w", err)
	}
}

// feature writes a feature file, its document and its pickles.
func (m *messageLog) feature(
	p *part, document *messages.GherkinDocument, content []byte, pickles []*messages.Pickle,
) {
	if m == nil {
		return
	}
	m.write(p.qualified(messages.Envelope{Source: &messages.Source{
		Uri: document.Uri, Data: string(content), MediaType: messages.SourceMediaType_TEXT_X_CUCUMBER_GHERKIN_PLAIN,
	}}))
	m.write(p.qualified(messages.Envelope{GherkinDocument: document}))
	for _, pickle := range pickles {
		m.write(p.qualified(messages.Envelope{Pickle: pickle}))
	}
}

// id returns the ID of a message about the part. Several parts have nodes and pickles with the same IDs.
func (p *part) id(id string) string {
	if p.Name == "" {
		return id
	}
	return p.Name + " " + id
}

// qualified returns an envelope whose IDs and paths are those of the part.
func (p *part) qualified(envelope messages.Envelope) any {
	if p.Name == "" {
		return envelope
	}
	content, err := json.Marshal(envelope)
	if err != nil {
		return envelope // writing it reports the error
	}
	var fields any
	if err := json.Unmarshal(content, &fields); err != nil {
		return envelope
	}
	return p.qualify("", fields)
}

// qualify changes the IDs and paths in the JSON value of a key.
func (p *part) qualify(key string, value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			value[name] = p.qualify(name, field)
		}
	case []any:
		for i, element := range value {
			value[i] = p.qualify(key, element)
		}
	case string:
		switch key {
		case "id", "astNodeIds":
			return p.id(value)
		case "uri":
			return p.Name + "/" + value
		}
	}
	return value
}

// scenario writes the messages of a concluded scenario. Its IDs are those of the pickle and its steps with a prefix.
func (m *messageLog) scenario(s *scenario) {
	if m == nil {
		return
	}
	pickle := s.feature.part.id(s.pickle.Id)
	test := testCase{ID: "case-" + pickle, RunID: runID, PickleID: pickle, TestSteps: []testStep{}}
	for _, st := range s.steps {
		test.TestSteps = append(test.TestSteps, m.testStep(st))
	}
	m.write(map[string]testCase{"testCase": test})

	attempt := "attempt-" + pickle
	m.write(messages.Envelope{TestCaseStarted: &messages.TestCaseStarted{
		Id: attempt, TestCaseId: test.ID, Timestamp: timestamp(s.started),
	}})
	for i, st := range s.steps {
		m.step(attempt, test.TestSteps[i].ID, st)
	}
	m.write(messages.Envelope{TestCaseFinished: &messages.TestCaseFinished{
		TestCaseStartedId: attempt, Timestamp: timestamp(s.finished),
	}})
}

// step writes the result of a step.
func (m *messageLog) step(attempt, id string, st *step) {
	m.write(messages.Envelope{TestStepStarted: &messages.TestStepStarted{
		TestCaseStartedId: attempt, TestStepId: id, Timestamp: timestamp(st.started),
	}})
	for _, a := range st.attachments {
		attachment := &messages.Attachment{
			TestCaseStartedId: attempt, TestStepId: id, FileName: a.FileName, MediaType: mediaType(a),
		}
		attachment.ContentEncoding, attachment.Body = encode(a)
		m.write(messages.Envelope{Attachment: attachment})
	}
	duration := messages.GoDurationToDuration(st.duration())
	result := &messages.TestStepResult{Duration: &duration, Status: messageStatus(st.status)}
	if st.status.bad() {
		result.Message = st.cause()
	}
	m.write(messages.Envelope{TestStepFinished: &messages.TestStepFinished{
		TestCaseStartedId: attempt, TestStepId: id, TestStepResult: result, Timestamp: timestamp(st.finished),
	}})
}

// testStep links a step to its definition, which is written on first use.
func (m *messageLog) testStep(st *step) testStep {
	pickleStep := st.scenario.feature.part.id(st.pickle.Id)
	test := testStep{
		ID: "step-" + pickleStep, PickleStepID: pickleStep,
		StepDefinitionIDs: []string{}, Arguments: []testArguments{},
	}
	if st.definition == nil {
		return test
	}
	test.StepDefinitionIDs = append(test.StepDefinitionIDs, m.stepDefinition(st.definition))
	arguments := []testArgument{}
	for _, g := range st.definition.groups {
		group := testGroup{Children: []testGroup{}, Start: utf16Length(st.pickle.Text[:g.start]), Value: g.value}
		arguments = append(arguments, testArgument{Group: group})
	}
	test.Arguments = append(test.Arguments, testArguments{Arguments: arguments})
	return test
}

func (m *messageLog) stepDefinition(d *definition) (id string) {
	key := d.expression + "\n" + d.file + ":" + strconv.Itoa(d.line)
	if id, ok := m.definitions[key]; ok {
		return id
	}
	id = fmt.Sprintf("definition-%d", len(m.definitions)+1)
	m.definitions[key] = id
	m.write(messages.Envelope{StepDefinition: &messages.StepDefinition{
		Id: id,
		Pattern: &messages.StepDefinitionPattern{
			Source: d.expression, Type: messages.StepDefinitionPatternType_REGULAR_EXPRESSION,
		},
		SourceReference: &messages.SourceReference{Uri: d.file, Location: &messages.Location{Line: int64(d.line)}},
	}})
	return id
}

func messageStatus(s status) messages.TestStepResultStatus {
	if s == notRun {
		return messages.TestStepResultStatus_UNKNOWN
	}
	return messages.TestStepResultStatus(strings.ToUpper(s.String()))
}

func timestamp(t time.Time) *messages.Timestamp {
	converted := messages.GoTimeToTimestamp(t)
	return &converted
}

// utf16Length returns the length of text in UTF-16 code units, in which messages give positions.
func utf16Length(text string) int64 {
	return int64(len(utf16.Encode([]rune(text))))
}

// encode returns text unchanged, and other content in base64.
func encode(a godog.Attachment) (messages.AttachmentContentEncoding, string) {
	if isText(a) {
		return messages.AttachmentContentEncoding_IDENTITY, string(a.Body)
	}
	return messages.AttachmentContentEncoding_BASE64, base64.StdEncoding.EncodeToString(a.Body)
}

// isText reports whether an attachment can be shown as text.
func isText(a godog.Attachment) bool {
	kind, _, _ := strings.Cut(mediaType(a), ";")
	text := strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "yaml") ||
		strings.HasSuffix(kind, "xml")
	return text && utf8.Valid(a.Body)
}

// mediaType returns the media type of an attachment, by default that of arbitrary bytes.
func mediaType(a godog.Attachment) string {
	if a.MediaType == "" {
		return "application/octet-stream"
	}
	return a.MediaType
}

// meta describes the program and the environment that wrote the messages.
func meta() *messages.Meta {
	return &messages.Meta{
		ProtocolVersion: protocolVersion,
		Implementation:  &messages.Product{Name: "godog", Version: moduleVersion("github.com/cucumber/godog")},
		Runtime:         &messages.Product{Name: "go", Version: runtime.Version()},
		Os:              &messages.Product{Name: runtime.GOOS},
		Cpu:             &messages.Product{Name: runtime.GOARCH},
		Ci:              ci(),
	}
}

// ci describes the run of GitHub Actions, or returns nil outside of it.
func ci() *messages.Ci {
	if os.Getenv("GITHUB_ACTIONS") != "true" {
		return nil
	}
	repository := os.Getenv("GITHUB_SERVER_URL") + "/" + os.Getenv("GITHUB_REPOSITORY")
	return &messages.Ci{
		Name:        "GitHub Actions",
		Url:         repository + "/actions/runs/" + os.Getenv("GITHUB_RUN_ID"),
		BuildNumber: os.Getenv("GITHUB_RUN_ID"),
		Git: &messages.Git{
			Remote: repository + ".git", Revision: os.Getenv("GITHUB_SHA"), Branch: os.Getenv("GITHUB_REF_NAME"),
		},
	}
}

// moduleVersion returns the version of a Go module in this binary, or "" if it is unknown, as in some test binaries.
func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, module := range info.Deps {
		if module.Path == path {
			return module.Version
		}
	}
	return ""
}
