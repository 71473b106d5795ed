package chart

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Failure is a part of a chart that Helm refuses.
type Failure struct {
	Position Position
	Message  string
	// Demand reports that the chart demands other values on purpose: a template fails by required or fail, or the schema
	// refuses a value that is not set.
	Demand bool
	// Null is the key of the values that is null or not set, although a template reads a key below it. Its position has
	// no line if the key is not set. Null has no key in other failures.
	Null ValuesKey
}

// demand begins the errors of required and fail, which Helm's engine tells from other errors.
const demand = "execution error at ("

// nilPointer matches the error for a key of null: its parent's path in the values, and the key.
var nilPointer = regexp.MustCompile(
	`<(?:\$|)\.Values\.([\w.]+)>: nil pointer evaluating (?:interface \{\}|map\[string\]interface \{\})\.(\w+)`)

// explainNull names the value that is null in a failure of a template, which Helm calls a nil pointer.
func (r *Rendered) explainNull(f Failure, template string) Failure {
	found := nilPointer.FindStringSubmatch(f.Message)
	if found == nil {
		return f
	}
	read := strings.Split(found[1], ".")
	scope := scopeOf(template)
	for length := 1; length < len(read); length++ {
		keys := append(slices.Clone(scope), read[:length]...)
		if Lookup(map[string]any(r.values), keys) != nil {
			continue
		}
		if read[length] != found[2] {
			return f // a template changed the values
		}
		f.Null = ValuesKey{Key: strings.Join(keys, "."), Position: r.ValuePosition(keys)}
		reads := strings.Join(append(slices.Clone(scope), read...), ".")
		if at := f.Null.Position; at.Line > 0 {
			f.Message = fmt.Sprintf("%s:%d sets %s to null, but the template reads %s",
				strings.TrimPrefix(at.File, r.chart.path+"/"), at.Line, f.Null.Key, reads)
		} else {
			f.Message = fmt.Sprintf("no values set %s, but the template reads %s", f.Null.Key, reads)
		}
		return f
	}
	return f
}

// scopeOf returns the path of the values of the chart that a template belongs to, given Helm's name for the template,
// in the values of the root chart.
func scopeOf(template string) []string {
	var scope []string
	before, _, _ := strings.Cut(template, "/templates/")
	for i, part := range strings.Split(before, "/charts/") {
		if i > 0 {
			scope = append(scope, part)
		}
	}
	return scope
}
