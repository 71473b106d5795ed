// Package generate makes mutants of a Helm chart: plausible mistakes in its templates, values, schema and metadata.
//
// Each mutant replaces one text in one file. The operators, which are the kinds of changes, work on the source: the
// expressions of template actions (expression.go), the lines of YAML that templates print (lines.go), the nodes of
// values files and of the schema, the fields of Chart.yaml, and the files that are packaged. Mutants that do not parse
// are left out, because Helm itself refuses them. Subcharts count as part of the chart if they are folders in charts/
// and not downloaded from a repository.
package generate

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Mutant is one change of a chart.
type Mutant struct {
	// ID names the mutant, such as negated-condition-1f2e3d. It does not depend on changes in other lines, unless they
	// add or remove an equal change of an equal line.
	ID string
	// Operator is the kind of the change, such as negated-condition.
	Operator string
	// File is the slash-separated path of the file in the chart.
	File string
	// Line and EndLine are the first and the last line of the replaced text. They count from 1.
	Line, EndLine int
	// Old is the replaced text, and New what replaces it. They are whole lines.
	Old, New string

	offset   int // of the changed text
	from, to string
}

// Apply returns the content of the file with the change.
func (m Mutant) Apply(content []byte) []byte {
	return slices.Concat(content[:m.offset], []byte(m.to), content[m.offset+len(m.from):])
}

// Write makes the change in the chart in a folder, which is a copy of the chart that the mutant is of.
func (m Mutant) Write(folder string) error {
	path := filepath.Join(folder, filepath.FromSlash(m.File))
	content, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if m.offset+len(m.from) > len(content) || string(content[m.offset:m.offset+len(m.from)]) != m.from {
		return fmt.Errorf("mutant %s: %s has changed", m.ID, path)
	}
	return os.WriteFile(path, m.Apply(content), 0o600)
}

// edit is a change that an operator proposes.
type edit struct {
	operator   string
	start, end int
	text       string
}

// file is a file of a chart.
type file struct {
	chart   string // the path of its chart in the outermost one
	name    string // its path in its chart
	content []byte
}

// Chart returns all mutants of the chart in a folder and of its own subcharts, in the order of files and lines.
func Chart(folder string) ([]Mutant, error) {
	return mutantsIn(folder, "")
}

// mutantsIn returns the mutants of the chart at a path in the outermost chart. Those that change what is packaged are
// mutants of the outermost one.
func mutantsIn(folder, chart string) ([]Mutant, error) {
	files, err := readChart(folder, chart)
	if err != nil {
		return nil, err
	}
	source := newSource(files)
	var all []Mutant
	for _, f := range files {
		edits, valid := source.edits(f)
		all = append(all, f.mutants(edits, valid)...)
	}
	for _, subchart := range source.subcharts(folder, chart) {
		ofSubchart, err := mutantsIn(folder, subchart)
		if err != nil {
			return nil, err
		}
		all = append(all, ofSubchart...)
	}
	if chart == "" {
		all = append(all, unpacked(files)...)
	}
	return all, nil
}

// source is what operators know of the whole chart.
type source struct {
	values    map[string]any
	remote    []string            // the names of the dependencies that are downloaded
	defines   []string            // the names of named templates
	calls     map[string][]string // the arguments of their calls, by name
	arguments map[string][]string // the texts that templates pass as a key of a dict, by the key
}

// edits returns the changes of a file, and the function that reports whether a changed content still parses.
func (s *source) edits(f file) ([]edit, func([]byte) bool) {
	base := filepath.Base(f.name)
	switch {
	case strings.HasPrefix(f.name, "templates/"):
		return s.templateEdits(f), parses
	case !strings.Contains(f.name, "/") && strings.HasPrefix(base, "values") && isYAML(base):
		return valuesEdits(f), isYAMLText
	case f.name == "values.schema.json":
		return schemaEdits(f), isJSONText
	case f.name == "Chart.yaml":
		return metadataEdits(f), isYAMLText
	case f.name == ".helmignore" && f.chart == "": // Helm reads no other
		return ignoreEdits(f), func([]byte) bool { return true }
	}
	return nil, nil
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// mutants returns the edits that change the file, and after which it parses.
func (f file) mutants(edits []edit, valid func([]byte) bool) []Mutant {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	seen := map[string]bool{string(f.content): true}
	ordinals := map[string]int{}
	var all []Mutant
	for _, e := range edits {
		m := f.mutant(e)
		changed := m.Apply(f.content)
		if seen[string(changed)] || !valid(changed) {
			continue
		}
		seen[string(changed)] = true
		key := strings.Join([]string{e.operator, m.File, strings.TrimSpace(m.Old), strings.TrimSpace(m.New)}, "\x00")
		ordinals[key]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, ordinals[key]))
		m.ID = e.operator + "-" + hex.EncodeToString(sum[:4])
		all = append(all, m)
	}
	return all
}

// mutant returns the mutant of an edit, without its ID.
func (f file) mutant(e edit) Mutant {
	first := bytes.LastIndexByte(f.content[:e.start], '\n') + 1
	last := len(f.content)
	if e.end > e.start && f.content[e.end-1] == '\n' {
		last = e.end - 1
	} else if n := bytes.IndexByte(f.content[e.end:], '\n'); n >= 0 {
		last = e.end + n
	}
	line := 1 + bytes.Count(f.content[:first], []byte("\n"))
	changed := string(f.content[first:e.start]) + e.text
	if last > e.end {
		changed += string(f.content[e.end:last])
	}
	return Mutant{
		Operator: e.operator, File: path.Join(f.chart, f.name),
		Line: line, EndLine: line + bytes.Count(f.content[first:last], []byte("\n")),
		Old: string(f.content[first:last]), New: strings.TrimSuffix(changed, "\n"),
		offset: e.start, from: string(f.content[e.start:e.end]), to: e.text,
	}
}

// Diff returns the change as lines with - and +.
func (m Mutant) Diff() string {
	var diff strings.Builder
	for line := range strings.Lines(m.Old) {
		diff.WriteString("- " + strings.TrimSuffix(line, "\n") + "\n")
	}
	for line := range strings.Lines(m.New) {
		diff.WriteString("+ " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return diff.String()
}
