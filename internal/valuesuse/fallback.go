package valuesuse

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"text/template/parse"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// Fallback is a literal that a template of the chart uses for a value that is empty, by the function default. To that
// function, false and 0 are empty too.
type Fallback struct {
	// Key is the path of the value, as people write it.
	Key string
	// Position is the line of the template.
	Position chart.Position
	// Text is the literal without quotes.
	Text string
	// Field is the key of the template line, such as replicas; empty if the line has none.
	Field string
	// Declared is the value in the chart's values.yaml, and Tag its YAML tag, such as !!bool. Both are empty if it is not
	// a scalar, or not there.
	Declared, Tag string
}

// Fallbacks returns the literal fallbacks of values in the chart's own templates, in the order of the templates.
func Fallbacks(c *chart.Chart) []Fallback {
	return slices.SortedFunc(maps.Keys(analyze(c).defaults), func(a, b Fallback) int {
		return cmp.Or(comparePositions(a.Position, b.Position), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Text, b.Text))
	})
}

func (f *frame) recordDefault(n parse.Node, text string, v *value) {
	p := v.onlyPath()
	if p == nil || !f.template.file.isOwn || f.uncertain > 0 {
		return
	}
	keys := p.keys()
	if slices.Contains(keys, anyKey) {
		return
	}
	file := f.template.file
	at := file.position
	at.Line = file.line(n.Position())
	found := Fallback{Key: schema.FormatPath(keys), Position: at, Text: text, Field: file.field(at.Line)}
	if declared := scalarAt(f.declared, keys); declared != nil {
		found.Declared, found.Tag = declared.Value, declared.Tag
	}
	f.defaults[found] = true
}

// scalarAt returns the scalar at a path of a YAML document, or nil.
func scalarAt(n *yaml.Node, keys []string) *yaml.Node {
	for _, key := range keys {
		if _, n = chart.Child(n, key); n == nil {
			return nil
		}
	}
	if n == nil || n.Kind != yaml.ScalarNode {
		return nil
	}
	return n
}

// field returns the key of a line such as "  replicas: {{ … }}"; empty if it has none.
func (f *file) field(line int) string {
	start := 0
	if line > 1 {
		start = f.lineEnds[line-2] + 1
	}
	end := len(f.text)
	if line <= len(f.lineEnds) {
		end = f.lineEnds[line-1]
	}
	key, _, found := strings.Cut(f.text[start:end], ":")
	key = strings.TrimLeft(key, " -")
	if !found || strings.ContainsAny(key, " {}") {
		return ""
	}
	return strings.Trim(key, `"'`)
}
