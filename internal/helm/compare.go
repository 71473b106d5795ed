package helm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/internal/chart"
)

// Rendered is everything that a command rendered and that a caller could look at, by the name of the part: "error",
// "output", "notes", "manifest deployment.yaml", "hook test.yaml" and so on. What only the cluster decides, such as the
// status of the release, is not in it.
type Rendered map[string]string

// The names of parts. The parts of manifests and hooks are followed by the path of their template, those of packages by
// the path of the archive.
const (
	partError    = "error"
	partOutput   = "output"
	partWarnings = "warnings"
	partNotes    = "notes"
	partChart    = "chart"
	partManifest = "manifest "
	partHook     = "hook "
	partPackage  = "package "

	// partValues are all values of a release. No step sees them unless it asks for the values of the release.
	partValues = "values"
)

// rendered returns what the command line rendered.
func (e *execution) rendered(failed error) Rendered {
	parts := Rendered{}
	if failed != nil {
		parts[partError] = inOrder(positions.ReplaceAllString(failed.Error(), "$1"))
	}
	if warnings := e.stderr.String(); warnings != "" {
		parts[partWarnings] = warnings
	}
	if n := len(e.releases); n > 0 && e.releases[n-1].Chart != nil {
		parts.addRelease(e.releases[n-1])
	} else {
		parts[partOutput] = e.stdout.String()
	}
	if e.scope.Folder != "" {
		return parts.replace(e.scope.Folder+string(filepath.Separator), "")
	}
	return parts
}

// inOrder sorts the violations of a schema in an error, which have another order each time.
func inOrder(message string) string {
	isViolation := func(line string) bool { return strings.HasPrefix(strings.TrimLeft(line, " "), "- at '") }
	lines := strings.Split(message, "\n")
	for from := 0; from < len(lines); from++ {
		to := from
		for to < len(lines) && isViolation(lines[to]) {
			to++
		}
		if from < to {
			slices.Sort(lines[from:to])
			from = to
		}
	}
	return strings.Join(lines, "\n")
}

// positions matches a place in a template, which changes when lines are added before it.
var positions = regexp.MustCompile(`(\.(?:tpl|yaml|yml|txt)):\d+(?::\d+)?`)

func (r Rendered) addRelease(revision *release.Release) {
	metadata := revision.Chart.Metadata
	r[partChart] = strings.Join([]string{metadata.Name, metadata.Version, metadata.AppVersion}, " ")
	if revision.Info.Notes != "" {
		r[partNotes] = revision.Info.Notes
	}
	for _, manifest := range releaseutil.SplitManifests(revision.Manifest) {
		r[partManifest+sourceOf(manifest)] += "---\n" + manifest + "\n"
	}
	for _, hook := range revision.Hooks {
		_, file, _ := strings.Cut(hook.Path, "/")
		r[partHook+file] += "---\n" + hook.Manifest + "\n"
	}
	values, err := chartutil.CoalesceValues(revision.Chart, revision.Config)
	if err != nil {
		r[partValues] = err.Error()
		return
	}
	text, _ := json.Marshal(values) // what YAML holds is JSON
	r[partValues] = string(text)
}

// replace returns the parts with another text in place of from.
func (r Rendered) replace(from, to string) Rendered {
	replaced := Rendered{}
	for name, text := range r {
		replaced[name] = strings.ReplaceAll(text, from, to)
	}
	return replaced
}

// differing returns the names of the parts that differ, sorted. Objects are compared as data: comments, quotes and the
// order of fields do not matter.
func (r Rendered) differing(other Rendered) []string {
	differing := map[string]bool{}
	for name, text := range r {
		if same, ok := other[name]; !ok || same != text && canonical(name, text) != canonical(name, same) {
			differing[name] = true
		}
	}
	for name := range other {
		if _, ok := r[name]; !ok {
			differing[name] = true
		}
	}
	return slices.Sorted(maps.Keys(differing))
}

// canonical returns the objects of a manifest as JSON, each on a line, and any other text unchanged.
func canonical(name, text string) string {
	if !strings.HasPrefix(name, partManifest) && !strings.HasPrefix(name, partHook) {
		return text
	}
	var objects []string
	for document := range strings.SplitSeq(text, "---\n") {
		object, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			return text
		}
		if string(object) != "null" {
			objects = append(objects, string(object))
		}
	}
	slices.Sort(objects)
	return strings.Join(objects, "\n")
}

// masks are the lines of a rendering that differ from one rendering of the same input to the next, because templates
// draw values at random or read the clock.
type masks map[string][]mask // by the name of the part

// mask hides the words of a line that differ. The indentation and the quotes of the line may change.
type mask struct {
	pattern *regexp.Regexp
	masked  string // replaces a line, with $1, $2 and so on for the groups of the pattern
}

// Masked stands for words that differ from one rendering of the same input to the next. YAML reads it as a string, with
// and without quotes.
const Masked = "masked"

// masks returns the lines that differ in another rendering of the same input. The clock must have changed in between,
// if templates may read it.
func (r Rendered) masks(again Rendered) masks {
	found := masks{}
	for name, text := range r {
		lines, others := strings.Split(text, "\n"), strings.Split(again[name], "\n")
		if len(lines) != len(others) {
			continue
		}
		for i, line := range lines {
			if line != others[i] {
				found[name] = append(found[name], newMask(line, others[i]))
			}
		}
	}
	return found
}

// words matches the words of a line and what is between them.
var words = regexp.MustCompile(`[\w+/=]+|[^\w+/=]+`)

// newMask masks the words that differ. If a number does, as in a time, all numbers of the line may.
func newMask(line, other string) mask {
	parts, others := words.FindAllString(line, -1), words.FindAllString(other, -1)
	clock := false
	for i := range min(len(parts), len(others)) {
		clock = clock || parts[i] != others[i] && number.MatchString(parts[i])
	}
	var masked, pattern strings.Builder
	group := 0
	for i, part := range parts {
		again := others[min(i, len(others)-1)]
		if len(parts) == len(others) && part == again && (!clock || !number.MatchString(part)) {
			group++
			fmt.Fprintf(&masked, "${%d}", group)
			fmt.Fprintf(&pattern, "(%s)", loose(regexp.QuoteMeta(part), i == 0))
			continue
		}
		masked.WriteString(Masked)
		switch {
		case number.MatchString(part) && number.MatchString(again) || len(part) != len(again):
			pattern.WriteString(`[\w+/=]+`)
		default: // such as a password, whose length is fixed
			fmt.Fprintf(&pattern, `[\w+/=]{%d}`, len(part))
		}
	}
	return mask{regexp.MustCompile("^" + pattern.String() + "$"), masked.String()}
}

// loose returns a pattern that also matches without quotes and, at the start of a line, other white space.
func loose(pattern string, atStart bool) string {
	if trimmed := strings.TrimLeft(pattern, " "); atStart && trimmed != pattern {
		pattern = " *" + trimmed
	}
	return strings.ReplaceAll(pattern, `"`, `"?`)
}

var number = regexp.MustCompile(`^[\d+=]+$`)

// apply masks the lines of a rendering that differ from one rendering to the next.
func (m masks) apply(r Rendered) Rendered {
	masked := maps.Clone(r)
	for name, masks := range m {
		lines := strings.Split(r[name], "\n")
		for i, line := range lines {
			for _, mask := range masks {
				if mask.pattern.MatchString(line) {
					lines[i] = mask.pattern.ReplaceAllString(line, mask.masked)
					break
				}
			}
		}
		if _, ok := r[name]; ok {
			masked[name] = strings.Join(lines, "\n")
		}
	}
	return masked
}

// addPackages adds the paths in each archive that a command wrote into a folder.
func (r Rendered) addPackages(before, after map[string][]byte) error {
	for path, content := range after {
		if old, known := before[path]; filepath.Ext(path) != ".tgz" || known && bytes.Equal(old, content) {
			continue
		}
		files, err := chart.ArchiveFiles(content)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		r[partPackage+path] = strings.Join(slices.Sorted(maps.Keys(files)), "\n")
	}
	return nil
}
