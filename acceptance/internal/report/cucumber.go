package report

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	messages "github.com/cucumber/messages/go/v34"
)

// Cucumber JSON is superseded by Cucumber Messages, but many tools still read it. godog's own formatter panics if
// scenarios did not run, and its step times include waiting.

type cucumberFeature struct {
	URI         string            `json:"uri"`
	ID          string            `json:"id"`
	Keyword     string            `json:"keyword"`
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Line        int64             `json:"line"`
	Tags        []cucumberTag     `json:"tags,omitempty"`
	Elements    []cucumberElement `json:"elements"`
}

type cucumberTag struct {
	Name string `json:"name"`
	Line int64  `json:"line,omitempty"`
}

type cucumberElement struct {
	ID          string         `json:"id"`
	Keyword     string         `json:"keyword"`
	Name        string         `json:"name"`
	Description string         `json:"description"`
	Line        int64          `json:"line"`
	Type        string         `json:"type"`
	Start       string         `json:"start_timestamp"`
	Tags        []cucumberTag  `json:"tags,omitempty"`
	Steps       []cucumberStep `json:"steps"`
}

type cucumberStep struct {
	Keyword    string              `json:"keyword"`
	Name       string              `json:"name"`
	Line       int64               `json:"line"`
	DocString  *cucumberDocString  `json:"doc_string,omitempty"`
	Rows       []cucumberRow       `json:"rows,omitempty"`
	Match      cucumberMatch       `json:"match"`
	Result     cucumberResult      `json:"result"`
	Embeddings []cucumberEmbedding `json:"embeddings,omitempty"`
}

type cucumberDocString struct {
	Value       string `json:"value"`
	ContentType string `json:"content_type"`
}

type cucumberRow struct {
	Cells []string `json:"cells"`
}

type cucumberMatch struct {
	Location string `json:"location,omitempty"`
}

type cucumberResult struct {
	Status   string `json:"status"`
	Duration int64  `json:"duration"` // nanoseconds
	Error    string `json:"error_message,omitempty"`
}

type cucumberEmbedding struct {
	Name     string `json:"name,omitempty"`
	MimeType string `json:"mime_type"`
	Data     string `json:"data"` // base64
}

func (r *Report) writeCucumber(w io.Writer) error {
	features := []cucumberFeature{}
	for _, f := range r.run.features {
		if scenarios := f.ran(); len(scenarios) > 0 {
			features = append(features, cucumberFeatureOf(f, scenarios))
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(features)
}

func cucumberFeatureOf(f *feature, scenarios []*scenario) cucumberFeature {
	gherkin := f.document.Feature
	converted := cucumberFeature{
		URI: f.file, ID: cucumberID(f.name()), Keyword: gherkin.Keyword, Name: f.name(),
		Description: gherkin.Description, Line: gherkin.Location.Line,
	}
	for _, tag := range gherkin.Tags {
		converted.Tags = append(converted.Tags, cucumberTag{Name: tag.Name, Line: tag.Location.Line})
	}
	for _, s := range scenarios {
		converted.Elements = append(converted.Elements, cucumberElementOf(converted.ID, s))
	}
	return converted
}

func cucumberElementOf(feature string, s *scenario) cucumberElement {
	element := cucumberElement{
		ID: feature + ";" + cucumberID(s.pickle.Name), Keyword: s.keyword, Name: s.pickle.Name,
		Description: s.description, Line: s.line, Type: "scenario",
		Start: s.started.UTC().Format("2006-01-02T15:04:05.000Z"), Steps: []cucumberStep{},
	}
	if s.row > 0 {
		element.ID += fmt.Sprintf(";;%d", s.row+1) // the header is row 1
	}
	for _, tag := range s.pickle.Tags {
		element.Tags = append(element.Tags, cucumberTag{Name: tag.Name})
	}
	for _, st := range s.steps {
		element.Steps = append(element.Steps, cucumberStepOf(st))
	}
	return element
}

func cucumberStepOf(st *step) cucumberStep {
	converted := cucumberStep{
		Keyword: st.keyword + " ", Name: st.pickle.Text, Line: st.line,
		Result: cucumberResult{Status: st.status.String(), Duration: st.duration().Nanoseconds()},
	}
	if st.status.bad() {
		converted.Result.Error = st.cause()
	}
	if st.definition != nil {
		converted.Match.Location = fmt.Sprintf("%s:%d", st.definition.file, st.definition.line)
	}
	if argument := st.pickle.Argument; argument != nil {
		converted.DocString, converted.Rows = cucumberArgument(argument)
	}
	for _, a := range st.attachments {
		converted.Embeddings = append(converted.Embeddings, cucumberEmbedding{
			Name: a.FileName, MimeType: mediaType(a), Data: base64.StdEncoding.EncodeToString(a.Body),
		})
	}
	return converted
}

// cucumberArgument converts the doc string or table of a step.
func cucumberArgument(argument *messages.PickleStepArgument) (*cucumberDocString, []cucumberRow) {
	if doc := argument.DocString; doc != nil {
		return &cucumberDocString{Value: doc.Content, ContentType: doc.MediaType}, nil
	}
	var rows []cucumberRow
	for _, row := range cells(argument.DataTable) {
		rows = append(rows, cucumberRow{Cells: row})
	}
	return nil, rows
}

// cells returns the cells of a table, or nil without a table.
func cells(table *messages.PickleTable) [][]string {
	if table == nil {
		return nil
	}
	var rows [][]string
	for _, row := range table.Rows {
		var texts []string
		for _, cell := range row.Cells {
			texts = append(texts, cell.Value)
		}
		rows = append(rows, texts)
	}
	return rows
}

// cucumberID returns the ID that Cucumber derives from a name.
func cucumberID(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }
