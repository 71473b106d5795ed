package coverage

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

// Write writes the coverage to a folder, which it creates: index.html for people, coverage.json for programs, and the
// coverage of lines as a Go cover profile (coverage.out, for go tool cover -html), as LCOV (lcov.info) and as Cobertura
// (cobertura.xml).
func (c *Coverage) Write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("coverage: %w", err)
	}
	for name, write := range map[string]func() ([]byte, error){
		"index.html": c.html, "coverage.json": c.json, "coverage.out": c.profile, "lcov.info": c.lcov,
		"cobertura.xml": c.cobertura,
	} {
		content, err := write()
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), content, 0o644) //nolint:gosec // a report is no secret
		}
		if err != nil {
			return fmt.Errorf("coverage: %w", err)
		}
	}
	return nil
}

// jsonBlock is a block in the JSON report.
type jsonBlock struct {
	Path      string `json:"path"`
	Line      int    `json:"line"`
	What      string `json:"what"`
	Scenarios []int  `json:"scenarios"` // by their places in the list of all
}

func (c *Coverage) json() ([]byte, error) {
	blocks, scenarios, places := []jsonBlock{}, []string{}, map[string]int{}
	for _, block := range c.blocks {
		path := filepath.ToSlash(filepath.Join(c.folder, block.File))
		shown := jsonBlock{Path: path, Line: block.Line, What: block.What, Scenarios: []int{}}
		for _, scenario := range block.scenarios {
			if _, known := places[scenario]; !known {
				places[scenario] = len(scenarios)
				scenarios = append(scenarios, scenario)
			}
			shown.Scenarios = append(shown.Scenarios, places[scenario])
		}
		blocks = append(blocks, shown)
	}
	return json.MarshalIndent(map[string]any{
		"chart": c.folder, "percent": c.Percent(), "scenarios": scenarios, "blocks": blocks,
		"missed": append([]string{}, c.Missed()...),
	}, "", " ")
}

// profile returns a Go cover profile, with a block for each line. Its format is described in golang.org/x/tools/cover.
func (c *Coverage) profile() ([]byte, error) {
	var out bytes.Buffer
	fmt.Fprintln(&out, "mode: set")
	for _, t := range c.Templates() {
		path := t.Path
		if !filepath.IsAbs(path) && !strings.HasPrefix(path, ".") {
			path = "./" + path // otherwise go tool cover takes it for the path of a package
		}
		for _, line := range t.Lines {
			end := len(t.Source[line.Number-1]) + 1
			fmt.Fprintf(&out, "%s:%d.1,%d.%d 1 %d\n", path, line.Number, line.Number, end, min(1, len(line.Scenarios)))
		}
	}
	return out.Bytes(), nil
}

// lcov returns the format of the tool geninfo.
func (c *Coverage) lcov() ([]byte, error) {
	var out bytes.Buffer
	for _, t := range c.Templates() {
		fmt.Fprintf(&out, "SF:%s\n", t.Path)
		hit := 0
		for _, line := range t.Lines {
			fmt.Fprintf(&out, "DA:%d,%d\n", line.Number, len(line.Scenarios))
			hit += min(1, len(line.Scenarios))
		}
		fmt.Fprintf(&out, "LF:%d\nLH:%d\nend_of_record\n", len(t.Lines), hit)
	}
	return out.Bytes(), nil
}

// The types of Cobertura's report: http://cobertura.sourceforge.net/xml/coverage-04.dtd.
type (
	coberturaReport struct {
		XMLName    xml.Name           `xml:"coverage"`
		LineRate   float64            `xml:"line-rate,attr"`
		BranchRate float64            `xml:"branch-rate,attr"`
		Version    string             `xml:"version,attr"`
		Timestamp  int                `xml:"timestamp,attr"`
		Packages   []coberturaPackage `xml:"packages>package"`
	}
	coberturaPackage struct {
		Name       string           `xml:"name,attr"`
		LineRate   float64          `xml:"line-rate,attr"`
		BranchRate float64          `xml:"branch-rate,attr"`
		Complexity float64          `xml:"complexity,attr"`
		Classes    []coberturaClass `xml:"classes>class"`
	}
	coberturaClass struct {
		Name       string          `xml:"name,attr"`
		Filename   string          `xml:"filename,attr"`
		LineRate   float64         `xml:"line-rate,attr"`
		BranchRate float64         `xml:"branch-rate,attr"`
		Complexity float64         `xml:"complexity,attr"`
		Methods    struct{}        `xml:"methods"`
		Lines      []coberturaLine `xml:"lines>line"`
	}
	coberturaLine struct {
		Number int `xml:"number,attr"`
		Hits   int `xml:"hits,attr"`
	}
)

func (c *Coverage) cobertura() ([]byte, error) {
	var classes []coberturaClass
	hits, all := 0, 0
	for _, t := range c.Templates() {
		class := coberturaClass{Name: filepath.Base(t.Path), Filename: t.Path}
		hit := 0
		for _, line := range t.Lines {
			class.Lines = append(class.Lines, coberturaLine{line.Number, len(line.Scenarios)})
			hit += min(1, len(line.Scenarios))
		}
		class.LineRate = rate(hit, len(t.Lines))
		hits, all = hits+hit, all+len(t.Lines)
		classes = append(classes, class)
	}
	report := coberturaReport{Version: "1", LineRate: rate(hits, all), BranchRate: c.Percent() / 100}
	report.Packages = []coberturaPackage{{
		Name: c.chart.Name(), LineRate: report.LineRate, BranchRate: report.BranchRate, Classes: classes,
	}}
	content, err := xml.MarshalIndent(report, "", "  ")
	return append([]byte(xml.Header), append(content, '\n')...), err
}

func rate(part, all int) float64 {
	if all == 0 {
		return 1
	}
	return float64(part) / float64(all)
}

// page is the HTML report.
var page = template.Must(template.New("coverage").Parse(`<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Coverage of {{.Chart}}</title>
<style>
body { font: 15px/1.4 sans-serif; margin: 2em auto; max-width: 80em; padding: 0 1em; }
pre { border: 1px solid #ccc; overflow-x: auto; padding: 0.5em 0; }
pre span { display: block; padding: 0 1em; white-space: pre; }
.covered { background: #e8f5e9; }
.missed { background: #ffcdd2; }
</style>
<h1>Coverage of {{.Chart}}</h1>
<p>{{.Summary}}. Point at a line to see the scenarios that execute it.</p>
{{with .Missed}}<h2>Missed</h2>
<ul>{{range .}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{range .Templates}}<h2>{{.Path}}</h2>
<pre>{{range .Lines -}}
<span{{with .Class}} class="{{.}}"{{end}}{{with .Title}} title="{{.}}"{{end}}>{{.Text}}</span>
{{- end}}</pre>
{{end}}
`))

type (
	pageTemplate struct {
		Path  string
		Lines []pageLine
	}
	pageLine struct{ Class, Title, Text string }
)

func (c *Coverage) html() ([]byte, error) {
	var templates []pageTemplate
	for _, t := range c.Templates() {
		shown := pageTemplate{Path: t.Path}
		for i, source := range t.Source {
			shown.Lines = append(shown.Lines, pageLine{Text: fmt.Sprintf("%4d  %s", i+1, source)})
		}
		for _, line := range t.Lines {
			at := &shown.Lines[line.Number-1]
			if at.Class, at.Title = "covered", titles(line.Scenarios); len(line.Scenarios) == 0 {
				at.Class, at.Title = "missed", "no scenario executes it"
			}
		}
		templates = append(templates, shown)
	}
	var out bytes.Buffer
	err := page.Execute(&out, map[string]any{
		"Chart": c.folder, "Summary": c.Summary(), "Missed": c.Missed(), "Templates": templates,
	})
	return out.Bytes(), err
}

// titles returns the first of the scenarios that execute a line. coverage.json has all.
func titles(scenarios []string) string {
	const most = 8
	text := strings.Join(scenarios[:min(most, len(scenarios))], "\n")
	if more := len(scenarios) - most; more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return text
}
