package chart

import (
	"bytes"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/strvals"
)

// ValuesSet is a set of values that override a chart's own, as the options -f and --set of helm install do. A nil
// *ValuesSet overrides nothing. It is safe for concurrent use.
type ValuesSet struct {
	name   string
	files  []*setFile
	set    []string
	setAt  Position // of set; zero if it is from a command line
	values map[string]any
	forced map[string]any // the values of set alone
	failed []Failure      // of files that do not parse
}

// setFile is a values file of a set.
type setFile struct {
	at      Position // of the file as a whole
	content []byte

	parse    sync.Once
	document *yaml.Node
}

// Files returns the files of the set, with their contents.
func (s *ValuesSet) Files() iter.Seq2[Position, []byte] {
	return func(yield func(Position, []byte) bool) {
		if s == nil {
			return
		}
		for _, f := range s.files {
			if !yield(f.at, f.content) {
				return
			}
		}
	}
}

// ReadValuesSet reads a values set as helm install does. Each file overrides those before it. set are assignments such
// as image.tag=1.2, and override the files. setAt is the position of the assignments, if they are in a file.
//
// It returns an error if a file cannot be read or an assignment does not parse. A file that does not parse is a failure
// of every rendering with the set.
func ReadValuesSet(name string, files, set []string, setAt Position) (*ValuesSet, error) {
	s := &ValuesSet{name: name, set: set, setAt: setAt}
	read := readStream
	if setAt.File != "" {
		read = ReadFile
	}
	for _, file := range files {
		content, err := read(file)
		if err != nil {
			return nil, fmt.Errorf("read the values file: %w", err)
		}
		s.files = append(s.files, &setFile{at: Position{File: file}, content: content})
	}
	return s, s.merge()
}

// setPatterns match the values files of a chart besides its defaults: those for environments and for tests of the
// chart.
var setPatterns = []string{"values-*.yaml", "ci/*-values.yaml"}

// ValuesSets returns the chart's own values sets: its files values-*.yaml and ci/*-values.yaml, each with its path in
// the chart as its name. In a folder they include files that .helmignore excludes from the package.
func (c *Chart) ValuesSets() ([]*ValuesSet, error) {
	contents := map[string][]byte{}
	for _, f := range c.helm.Raw {
		contents[f.Name] = f.Data
	}
	if info, err := os.Stat(c.path); err == nil && info.IsDir() {
		folder := os.DirFS(c.path)
		for _, pattern := range setPatterns {
			names, _ := fs.Glob(folder, pattern) // the patterns are valid
			for _, name := range names {
				content, err := ReadFile(filepath.Join(c.path, filepath.FromSlash(name)))
				if err != nil {
					return nil, fmt.Errorf("read the values files of %s: %w", c.path, err)
				}
				contents[name] = content
			}
		}
	}
	var sets []*ValuesSet
	for name, content := range contents {
		if isValuesSet(name) {
			s := &ValuesSet{name: name, files: []*setFile{{at: c.file(name), content: content}}}
			sets = append(sets, s)
			_ = s.merge() // only assignments fail
		}
	}
	slices.SortFunc(sets, func(a, b *ValuesSet) int { return strings.Compare(a.name, b.name) })
	return sets, nil
}

func isValuesSet(name string) bool {
	return slices.ContainsFunc(setPatterns, func(pattern string) bool {
		matched, _ := path.Match(pattern, name)
		return matched
	})
}

// merge computes the values.
func (s *ValuesSet) merge() error {
	s.values = map[string]any{}
	for _, f := range s.files {
		values, err := chartutil.ReadValues(f.content)
		if err != nil {
			s.failed = append(s.failed, f.failure(err))
			continue
		}
		override(s.values, values)
	}
	s.forced = map[string]any{}
	for _, assignment := range s.set {
		for _, into := range []map[string]any{s.values, s.forced} {
			if err := strvals.ParseInto(assignment, into); err != nil {
				return fmt.Errorf("%q sets no value: %w; want one such as image.tag=1.2", assignment, err)
			}
		}
	}
	return nil
}

// override merges the values above into those below, map by map, as Helm merges values files.
func override(below, above map[string]any) {
	for key, v := range above {
		lower, isMap := below[key].(map[string]any)
		if upper, ok := v.(map[string]any); ok && isMap {
			override(lower, upper)
			continue
		}
		below[key] = v
	}
}

// failure describes why the file's values cannot be read: it is not YAML, or not a map.
func (f *setFile) failure(err error) Failure {
	at := f.at
	line, problem := SyntaxError(string(f.content))
	if line == 0 {
		problem = err.Error()
	}
	at.Line = line
	return Failure{Position: at, Message: "the values cannot be read: " + problem}
}

// Setting is a value under a path of keys.
type Setting struct {
	Path  []string
	Value any
}

// With returns a set that overrides the values of s by settings, in their order. Positions are those in the files of s.
func (s *ValuesSet) With(name string, settings []Setting) *ValuesSet {
	derived := &ValuesSet{name: name, values: map[string]any{}}
	if s != nil {
		derived.files, derived.set, derived.setAt, derived.failed = s.files, s.set, s.setAt, s.failed
		override(derived.values, copyMaps(s.values))
	}
	for _, setting := range settings {
		value := setting.Value
		for _, key := range slices.Backward(setting.Path) {
			value = map[string]any{key: value}
		}
		if nested, ok := value.(map[string]any); ok {
			override(derived.values, copyMaps(nested))
		}
	}
	return derived
}

// ValuesWith returns the values that templates would see with some settings on top of the variant's, as far as the
// chart's dependencies stay the same. Null removes a key, as in Helm.
func (r *Rendered) ValuesWith(settings []Setting) map[string]any {
	values := copyMaps(r.values)
	for _, s := range settings {
		at := values
		for _, key := range s.Path[:len(s.Path)-1] {
			below, isMap := at[key].(map[string]any)
			if !isMap {
				below = map[string]any{}
				at[key] = below
			}
			at = below
		}
		key := s.Path[len(s.Path)-1]
		if s.Value == nil {
			delete(at, key)
			continue
		}
		override(at, map[string]any{key: s.Value})
	}
	return values
}

// copyMaps returns a copy of a map and of the maps in it.
func copyMaps(values map[string]any) map[string]any {
	copied := maps.Clone(values)
	for key, v := range copied {
		if below, ok := v.(map[string]any); ok {
			copied[key] = copyMaps(below)
		}
	}
	return copied
}

// Name returns the name of the set.
func (s *ValuesSet) Name() string {
	if s == nil {
		return "default values"
	}
	return s.name
}

// Same reports whether two sets have the same files and assignments.
func (s *ValuesSet) Same(other *ValuesSet) bool {
	return slices.Equal(s.set, other.set) && slices.EqualFunc(s.files, other.files, func(a, b *setFile) bool {
		return filepath.Clean(a.at.File) == filepath.Clean(b.at.File)
	})
}

func (s *ValuesSet) mentions(word []byte) bool {
	if s == nil {
		return false
	}
	return slices.ContainsFunc(s.files, func(f *setFile) bool { return bytes.Contains(f.content, word) }) ||
		slices.ContainsFunc(s.set, func(assignment string) bool { return strings.Contains(assignment, string(word)) })
}

// overrides returns the set's values. They must not be modified.
func (s *ValuesSet) overrides() map[string]any {
	if s == nil {
		return nil
	}
	return s.values
}

func (s *ValuesSet) failures() []Failure {
	if s == nil {
		return nil
	}
	return s.failed
}

// position returns the position where the set sets the value at a path in the root chart's values or, if key is not
// empty, that key of the map at the path. It reports false if the set does not set it.
func (s *ValuesSet) position(path []string, key string) (Position, bool) {
	if s == nil {
		return Position{}, false
	}
	full := path
	if key != "" {
		full = append(slices.Clone(path), key)
	}
	if s.setAt.File != "" && Lookup(s.forced, full) != nil {
		return s.setAt, true
	}
	for _, f := range slices.Backward(s.files) {
		f.parse.Do(func() { f.document = parseDocument(f.content) })
		if node := find(f.document, path, key); node != nil {
			return Position{File: f.at.File, Line: node.Line, Column: node.Column}, true
		}
	}
	return Position{}, false
}
