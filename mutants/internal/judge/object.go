package judge

import (
	"encoding/json"
	"fmt"
	"iter"
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
		switch {
		case d.Part == "notes":
			if step := notesStep(d); step != "" {
				return step
			}
		case strings.HasPrefix(d.Part, "manifest "), strings.HasPrefix(d.Part, "hook "):
			if o, l, ok := changedLeaf(d); ok {
				return leafStep(o, l, strings.HasPrefix(d.Part, "hook "))
			}
		}
	}
	return ""
}

// notesStep returns a step about a line of the notes that the mutant does not print.
func notesStep(d helm.Difference) string {
	after := leaves(d.New)
	for line := range strings.SplitSeq(d.Old, "\n") {
		if text := strings.TrimSpace(line); text != "" && !after[line] && !strings.Contains(text, `"`) {
			return fmt.Sprintf("Then helm prints \"%s\"", text)
		}
	}
	return ""
}

// changedLeaf returns a field that the mutant changes or removes, or else one that it adds, which then has no value.
func changedLeaf(d helm.Difference) (o object, changed leaf, ok bool) {
	before, after := map[string]bool{}, leaves(d.New)
	for o, l := range namedLeaves(d.Old) {
		if !after[o.kind+" "+o.name+" "+l.path+" = "+l.value] && !isUnfit(l.value) {
			return o, l, true
		}
		before[o.kind+" "+o.name+" "+l.path] = true
	}
	for o, l := range namedLeaves(d.New) {
		if d.Old != "" && !before[o.kind+" "+o.name+" "+l.path] {
			return o, leaf{path: l.path}, true
		}
	}
	return object{}, leaf{}, false
}

// isUnfit reports whether a step cannot name a value: it has several lines, or differs from one rendering to the next.
func isUnfit(value string) bool {
	return strings.Contains(value, `\n`) || strings.Contains(value, helm.Masked)
}

// namedLeaves returns the leaves of the objects with names in a text, with their objects.
func namedLeaves(text string) iter.Seq2[object, leaf] {
	return func(yield func(object, leaf) bool) {
		for line := range strings.SplitSeq(text, "\n") {
			o, ok := parseObject(line)
			if !ok || o.name == "" {
				continue
			}
			for _, l := range o.leaves() {
				if !yield(o, l) {
					return
				}
			}
		}
	}
}

// leafStep returns a step about a field. Steps about the cluster do not see the hooks of a release.
func leafStep(o object, l leaf, ofHook bool) string {
	kind := strings.ToLower(o.kind)
	if !ofHook && l.value != "" {
		return fmt.Sprintf("Then the %s %q has %s = %s", kind, o.name, l.path, l.value)
	}
	step := fmt.Sprintf("Then the %s %q has", kind, o.name)
	if ofHook {
		step = fmt.Sprintf("Then helm prints the %s %q with", kind, o.name)
	}
	value := strings.ReplaceAll(l.value, "|", `\|`)
	row := fmt.Sprintf("\n  | %%-%ds | %%-%ds |", max(len("path"), len(l.path)), max(len("value"), len(value)))
	return step + fmt.Sprintf(row, "path", "value") + fmt.Sprintf(row, l.path, value)
}
