package judge

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/helm"
)

// object is an object that a chart renders.
type object struct {
	kind, name string
	fields     map[string]any
}

// leaf is a field of an object that has no fields: its JSONPath, and its value in JSON.
type leaf struct{ path, value string }

func parseObject(text string) (object, bool) {
	var fields map[string]any
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &fields) != nil {
		return object{}, false
	}
	o := object{fields: fields}
	o.kind, _ = fields["kind"].(string)
	metadata, _ := fields["metadata"].(map[string]any)
	o.name, _ = metadata["name"].(string)
	return o, true
}

func (o object) annotation(key string) string {
	metadata, _ := o.fields["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	value, _ := annotations[key].(string)
	return value
}

func (o object) leaves() []leaf {
	var all []leaf
	addLeaves(o.fields, "", &all)
	return all
}

func addLeaves(value any, path string, all *[]leaf) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			addLeaves(value[key], path+field(key), all)
		}
		if len(value) > 0 {
			return
		}
	case []any:
		for i, element := range value {
			addLeaves(element, fmt.Sprintf("%s[%d]", path, i), all)
		}
		if len(value) > 0 {
			return
		}
	}
	text, _ := json.Marshal(value) // which was JSON
	*all = append(*all, leaf{path, string(text)})
}

var plainKey = regexp.MustCompile(`^\w+$`)

// field returns a key as a step of a JSONPath.
func field(key string) string {
	if plainKey.MatchString(key) {
		return "." + key
	}
	return "['" + strings.ReplaceAll(key, ".", `\.`) + "']"
}

// stepFor returns a step that holds with the unchanged chart, and does not with the mutant; "" if none is found.
func stepFor(differences []helm.Difference) string {
	for _, d := range differences {
		if !strings.HasPrefix(d.Part, "manifest ") || d.Old == "" {
			continue
		}
		after := leaves(d.New)
		for line := range strings.SplitSeq(d.Old, "\n") {
			o, ok := parseObject(line)
			if !ok || o.name == "" {
				continue
			}
			for _, l := range o.leaves() {
				if after[o.kind+" "+o.name+" "+l.path+" = "+l.value] || strings.Contains(l.value, `\n`) {
					continue
				}
				return fmt.Sprintf("Then the %s %q has %s = %s", strings.ToLower(o.kind), o.name, l.path, l.value)
			}
		}
		return addedStep(d)
	}
	return ""
}

// addedStep returns a step that says that a field does not exist, which the mutant adds.
func addedStep(d helm.Difference) string {
	before := map[string]bool{}
	for line := range strings.SplitSeq(d.Old, "\n") {
		if o, ok := parseObject(line); ok {
			for _, l := range o.leaves() {
				before[o.kind+o.name+l.path] = true
			}
		}
	}
	for line := range strings.SplitSeq(d.New, "\n") {
		o, ok := parseObject(line)
		if !ok || o.name == "" {
			continue
		}
		for _, l := range o.leaves() {
			if !before[o.kind+o.name+l.path] {
				kind := strings.ToLower(o.kind)
				return fmt.Sprintf("Then the %s %q satisfies \"!has(self%s)\"", kind, o.name, l.path)
			}
		}
	}
	return ""
}
