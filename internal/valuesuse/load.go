package valuesuse

import (
	"slices"
	"strings"
	"text/template/parse"

	"github.com/traderadmin/charts/internal/chart"
)

// file is a template file.
type file struct {
	name     string // Helm's name for it
	position chart.Position
	text     string
	lineEnds []int  // offsets
	context  *value // the dot that Helm renders it with
	isOwn    bool   // it belongs to the root chart
}

func (f *file) line(pos parse.Pos) int {
	line, _ := slices.BinarySearch(f.lineEnds, int(pos))
	return line + 1
}

func lineEnds(text string) []int {
	var ends []int
	for i := range len(text) {
		if text[i] == '\n' {
			ends = append(ends, i)
		}
	}
	return ends
}

// template is a named template: a file, or a define in one.
type template struct {
	list     *parse.ListNode
	file     *file
	executed bool
}

// equals reports whether two templates are the same. Several aliases of one subchart define each of its templates
// again.
func (t *template) equals(other *template) bool {
	return !t.file.isOwn && !other.file.isOwn && t.list.String() == other.list.String()
}

// addChart parses the templates of a chart and of its subcharts, whether or not the values enable them. scope is the
// path of the chart's values. It returns the dot of the chart's templates.
func (in *interpreter) addChart(source *chart.Source, scope *path) *value {
	scope.isScope = true
	in.scopes = append(in.scopes, scope)
	first := len(in.scopes) - 1
	subcharts := &value{fields: map[string]*value{}}
	context := &value{isContext: true, fields: map[string]*value{
		"Values":    {paths: []*path{scope}},
		"Subcharts": subcharts,
	}}
	for _, d := range source.Dependencies {
		in.readDependency(d, scope)
		if d.Source != nil {
			subcharts.fields[d.Key] = in.addChart(d.Source, in.child(scope, d.Key))
		}
	}
	for _, t := range source.Templates {
		if source.Library && !t.IsPartial() {
			continue // Helm ignores it
		}
		in.parse(t, context, scope.parent == nil)
	}
	for _, f := range source.Files {
		if mayReachTpl(f.Name) {
			in.readText(string(f.Content), in.scopes[first:])
		}
	}
	return context
}

// parse adds the templates of a file. If the file does not parse, the analysis is incomplete.
func (in *interpreter) parse(t *chart.File, context *value, isOwn bool) {
	text := string(t.Content)
	file := &file{
		name: t.FullName, position: t.Position, text: text, lineEnds: lineEnds(text), context: context, isOwn: isOwn,
	}
	trees, err := chart.ParseTemplate(file.name, text)
	if err != nil {
		in.incomplete = true
		return
	}
	for name, tree := range trees {
		parsed := &template{list: tree.Root, file: file}
		if name == file.name && !t.IsPartial() {
			in.files = append(in.files, parsed)
		}
		if !slices.ContainsFunc(in.templates[name], parsed.equals) {
			in.templates[name] = append(in.templates[name], parsed)
		}
	}
}

// mayReachTpl reports whether a template may pass the content of a file of the chart to tpl. Templates are executed
// anyway, and documentation is never rendered.
func mayReachTpl(name string) bool {
	return !strings.HasPrefix(name, "templates/") && !strings.HasPrefix(name, "charts/") && !strings.HasSuffix(name, ".md")
}

// readDependency records the values that Helm itself reads to enable a dependency and to import its values. A
// dependency that is missing may read all values that it is given.
func (in *interpreter) readDependency(d chart.Dependency, parent *path) {
	scope := in.child(parent, d.Key)
	if d.Source == nil {
		in.markRead(scope, true)
		in.markRead(in.child(parent, chart.GlobalKey), true)
	}
	for _, condition := range d.Conditions {
		in.markRead(in.descend(parent, condition...), true)
	}
	for _, tag := range d.Tags {
		in.markRead(in.descend(parent, "tags", tag), true)
		in.markRead(in.descend(in.values, "tags", tag), true)
	}
	for _, imported := range d.Imports {
		in.markRead(in.descend(scope, imported.Child...), true)
		in.descend(parent, imported.Parent...).assigned = true
	}
}
