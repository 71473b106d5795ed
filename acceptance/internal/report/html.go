package report

import (
	"cmp"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// The page is self-contained: style and script are inline, and its Content Security Policy blocks all other resources.

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.ParseFS(pageFiles, "page/index.html"))

const (
	// openFeatures is the number of scenarios up to which all features are initially expanded. Features with failures
	// always are.
	openFeatures = 40
	// slowestShown is the number of slowest scenarios shown.
	slowestShown = 5
)

// page is the data of the template. All values are formatted.
type page struct {
	Title, Verdict string
	Bad            bool
	Icon           template.URL
	Style          template.CSS
	Script         template.JS
	Facts          []fact
	Counts         []statusCount
	Total          int
	Tags           []tagCount
	Failures       []*scenarioView
	Features       []*featureView
	Slowest        []*scenarioView
	Snippets       string
	Sections       []sectionView
}

type fact struct {
	Name, Value string
	Code        bool
}

type statusCount struct {
	Status string
	Count  int
}

type tagCount struct {
	Name  string
	Count int
}

type featureView struct {
	ID, Name, File, Description string
	Tags                        []string
	Counts                      []statusCount
	Bad, Open                   bool
	Duration                    string
	Scenarios                   []*scenarioView
}

type scenarioView struct {
	ID, Name, Example, Part, Rule, Description string
	Status, Duration, Location                 string
	Bad                                        bool
	Share                                      int // percentage of the slowest scenario's time
	Tags                                       []string
	TagList, Search                            string // for filters; TagList includes the feature's tags
	Headline                                   string // first lines of the cause
	NoSteps                                    bool
	Steps                                      []stepView
	RunAlone                                   string
}

type stepView struct {
	Keyword, Text, Status, Duration string
	Line                            int64
	Background                      bool
	DocString                       *string
	Table                           [][]string
	Cause                           string
	Attachments                     []attachmentView
}

// attachmentView is text, a diff, a picture, or otherwise a file to download.
type attachmentView struct {
	Name    string
	Text    string
	Diff    []diffLine
	Picture template.URL
	File    template.URL
	Size    int // bytes
}

type diffLine struct{ Kind, Text string }

type sectionView struct {
	Section
	Count   int
	Numeric []bool // by column
}

func (r *Report) writePage(w io.Writer) error {
	style, script, err := styleAndScript()
	if err != nil {
		return err
	}
	p := r.page()
	p.Style, p.Script = style, script
	return pageTemplate.Execute(w, p)
}

func styleAndScript() (template.CSS, template.JS, error) {
	style, err := pageFiles.ReadFile("page/style.css")
	if err != nil {
		return "", "", err
	}
	script, err := pageFiles.ReadFile("page/script.js")
	return template.CSS(style), template.JS(script), err
}

func (r *Report) page() *page {
	p := &page{
		Title:    r.options.Title,
		Verdict:  r.run.verdict(),
		Bad:      len(r.run.bad()) > 0,
		Facts:    r.facts(),
		Snippets: r.run.snippets,
	}
	p.Icon = icon(p.Bad)
	ran := r.run.ran()
	p.Total = len(ran)
	p.Counts = countStatuses(ran)
	p.Tags = countTags(ran)

	views := r.scenarioViews(ran)
	for _, f := range r.run.features {
		if view := featureViewOf(f, views); view != nil {
			view.Open = view.Bad || len(ran) <= openFeatures
			p.Features = append(p.Features, view)
		}
	}
	slices.SortStableFunc(p.Features, func(a, b *featureView) int { return badFirst(a.Bad, b.Bad) })
	for _, s := range r.run.bad() {
		p.Failures = append(p.Failures, views[s])
	}
	for _, s := range r.run.slowest(slowestShown) {
		p.Slowest = append(p.Slowest, views[s])
	}
	for _, s := range r.options.Sections {
		p.Sections = append(p.Sections, sectionView{Section: s, Count: len(s.Rows), Numeric: numericColumns(s)})
	}
	return p
}

// facts returns the properties of the run as a whole.
func (r *Report) facts() []fact {
	facts := []fact{
		{Name: "Started", Value: r.run.started.Format("2006-01-02 15:04:05 MST")},
		{Name: "Took", Value: elapsed(r.run.finished.Sub(r.run.started))},
	}
	if counts, _ := r.run.counts(); counts[notRun] > 0 {
		facts = append(facts, fact{Name: "Not run", Value: count(counts[notRun], "scenario")})
	}
	for _, p := range r.run.parts {
		if p.Name != "" {
			facts = append(facts, fact{Name: p.Name, Value: fmt.Sprintf("%s, in %s", p.counts(), p.took())})
		}
	}
	if r.run.seed != "" {
		facts = append(facts, fact{Name: "Random seed", Value: r.run.seed, Code: true})
	}
	if r.options.Command != "" {
		facts = append(facts, fact{Name: "Command", Value: r.options.Command, Code: true})
	}
	return facts
}

// icon returns the icon of the page: a red or green dot.
func icon(bad bool) template.URL {
	color := "%231a7f4b"
	if bad {
		color = "%23c62f3b"
	}
	return template.URL("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>" +
		"<circle cx='8' cy='8' r='7' fill='" + color + "'/></svg>")
}

func badFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}

func countStatuses(scenarios []*scenario) []statusCount {
	counts := map[status]int{}
	for _, s := range scenarios {
		counts[s.status]++
	}
	var list []statusCount
	for _, s := range worstFirst {
		if counts[s] > 0 {
			list = append(list, statusCount{Status: s.String(), Count: counts[s]})
		}
	}
	return list
}

func countTags(scenarios []*scenario) []tagCount {
	counts := map[string]int{}
	for _, s := range scenarios {
		for _, tag := range tagsOf(s) {
			counts[tag]++
		}
	}
	var list []tagCount
	for name, n := range counts {
		list = append(list, tagCount{Name: name, Count: n})
	}
	slices.SortFunc(list, func(a, b tagCount) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// tagsOf returns the distinct tags of a scenario, its feature and its rule.
func tagsOf(s *scenario) []string {
	var tags []string
	for _, tag := range s.pickle.Tags {
		if !slices.Contains(tags, tag.Name) {
			tags = append(tags, tag.Name)
		}
	}
	return tags
}

// scenarioViews returns a view of each scenario. Its ID is stable across runs as long as file and name are.
func (r *Report) scenarioViews(scenarios []*scenario) map[*scenario]*scenarioView {
	var longest time.Duration
	if slowest := r.run.slowest(1); len(slowest) > 0 {
		longest = slowest[0].duration()
	}
	views := map[*scenario]*scenarioView{}
	taken := map[string]int{}
	for _, s := range scenarios {
		view := r.scenarioView(s)
		if longest > 0 {
			view.Share = int(100 * s.duration() / longest)
		}
		file := strings.TrimSuffix(path.Base(s.feature.file), ".feature")
		view.ID = slug(s.feature.part.of(file)) + "/" + slug(s.pickle.Name)
		if taken[view.ID]++; taken[view.ID] > 1 {
			view.ID = fmt.Sprintf("%s-%d", view.ID, taken[view.ID])
		}
		views[s] = view
	}
	return views
}

var notWord = regexp.MustCompile(`[^\p{L}\p{N}]+`)

// slug returns text as part of a URL fragment.
func slug(text string) string {
	return strings.Trim(notWord.ReplaceAllString(strings.ToLower(text), "-"), "-")
}

func featureViewOf(f *feature, views map[*scenario]*scenarioView) *featureView {
	ran := f.ran()
	if len(ran) == 0 {
		return nil
	}
	gherkin := f.document.Feature
	view := &featureView{
		ID: f.part.of(f.file), Name: f.part.of(cmp.Or(gherkin.Name, f.file)), File: f.file,
		Description: dedent(gherkin.Description),
		Counts:      countStatuses(ran),
	}
	for _, tag := range gherkin.Tags {
		view.Tags = append(view.Tags, tag.Name)
	}
	var total time.Duration
	for _, s := range ran {
		total += s.duration()
		view.Bad = view.Bad || s.status.bad()
		view.Scenarios = append(view.Scenarios, views[s])
	}
	view.Duration = elapsed(total)
	slices.SortStableFunc(view.Scenarios, func(a, b *scenarioView) int { return badFirst(a.Bad, b.Bad) })
	return view
}

func (r *Report) scenarioView(s *scenario) *scenarioView {
	view := &scenarioView{
		Name: s.pickle.Name, Example: s.example, Part: s.feature.part.Name, Rule: s.rule,
		Description: dedent(s.description),
		Status:      s.status.String(), Duration: elapsed(s.duration()), Location: s.location(), Bad: s.status.bad(),
		NoSteps: len(s.steps) == 0, TagList: strings.Join(tagsOf(s), " "),
	}
	view.Tags = slices.DeleteFunc(tagsOf(s), func(name string) bool {
		return slices.ContainsFunc(s.feature.document.Feature.Tags, func(tag *messages.Tag) bool { return tag.Name == name })
	})
	words := []string{s.name(), s.example, s.rule, s.feature.document.Feature.Name, s.location(), view.TagList}
	for _, st := range s.steps {
		view.Steps = append(view.Steps, stepViewOf(st))
		words = append(words, st.phrase())
	}
	if view.Bad {
		_, cause := s.cause()
		view.Headline = s.headline()
		view.RunAlone = r.runAlone(s)
		words = append(words, cause)
	}
	view.Search = strings.ToLower(strings.Join(words, "\n"))
	return view
}

func stepViewOf(st *step) stepView {
	view := stepView{
		Keyword: st.keyword, Text: st.pickle.Text, Status: st.status.String(), Line: st.line, Background: st.background,
	}
	if st.status == passed || st.status == failed {
		view.Duration = elapsed(st.duration())
	}
	if st.status.bad() {
		view.Cause = st.cause()
	}
	if argument := st.pickle.Argument; argument != nil {
		if argument.DocString != nil {
			view.DocString = &argument.DocString.Content
		}
		view.Table = cells(argument.DataTable)
	}
	for _, a := range st.attachments {
		if a.FileName == runAloneName {
			continue // shown once per failed scenario
		}
		view.Attachments = append(view.Attachments, attachmentViewOf(a))
	}
	return view
}

func attachmentViewOf(a godog.Attachment) attachmentView {
	view := attachmentView{Name: cmp.Or(a.FileName, "Attachment"), Size: len(a.Body)}
	kind := mediaType(a)
	switch {
	case isText(a) && strings.Contains(kind, "diff"):
		view.Diff = diffLines(string(a.Body))
	case isText(a):
		view.Text = strings.TrimRight(string(a.Body), "\n")
	case slices.Contains(pictures, kind):
		view.Picture = dataURL(kind, a.Body)
	default:
		view.File = dataURL("application/octet-stream", a.Body)
	}
	return view
}

// pictures lists the media types that browsers show and that cannot contain scripts.
var pictures = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

func dataURL(kind string, body []byte) template.URL {
	return template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(body))
}

// diffLines splits a unified diff into lines and classifies them.
func diffLines(text string) []diffLine {
	var lines []diffLine
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		kind := "same"
		switch {
		case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"):
			kind = "file"
		case strings.HasPrefix(line, "@@"):
			kind = "hunk"
		case strings.HasPrefix(line, "+"):
			kind = "added"
		case strings.HasPrefix(line, "-"):
			kind = "removed"
		}
		lines = append(lines, diffLine{Kind: kind, Text: line})
	}
	return lines
}

// dedent removes the indentation of a description.
func dedent(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n")
}

// numericColumns reports which columns contain only numbers, with or without units.
func numericColumns(s Section) []bool {
	numeric := make([]bool, len(s.Columns))
	for i := range numeric {
		numeric[i] = len(s.Rows) > 0 && !slices.ContainsFunc(s.Rows, func(row []string) bool {
			return i >= len(row) || row[i] != "" && !unicode.IsDigit(rune(row[i][0]))
		})
	}
	return numeric
}
