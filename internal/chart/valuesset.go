package chart

import (
	"bytes"
	"fmt"
	"io/fs"
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

// ValuesSet is what a chart is deployed with on top of its own values. Nil is nothing: the default values. It is safe for
// concurrent use.
type ValuesSet struct {
	name   string
	files  []*setFile
	set    []string
	setAt  Position // where set is written; zero for a command line
	values map[string]any
	forced map[string]any // what set says alone
	fails  []Failure      // files that do not parse
}

// setFile is a values file of a set.
type setFile struct {
	at      Position // of the file as a whole
	content []byte

	parse    sync.Once
	document *yaml.Node
}

// ReadValuesSet reads a values set as `helm install` does: each file overrides those before it, and set, single values such as
// image.tag=1.2, overrides the files. setAt is where those are written, if that is a file. It fails if a file cannot be read
// or a single value is none; a file that does not parse is a failure of the renderings with the set.
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

// The values files of a chart that are not its own defaults: for an environment, and for the chart's tests.
var setPatterns = []string{"values-*.yaml", "ci/*-values.yaml"}

// ValuesSets are the chart's own values sets: its files values-*.yaml and ci/*-values.yaml, each named by its path in the chart.
// In a folder that includes files which .helmignore keeps out of the package.
func (c *Chart) ValuesSets() ([]*ValuesSet, error) {
	contents := map[string][]byte{}
	for _, f := range c.helm.Raw {
		contents[f.Name] = f.Data
	}
	if info, err := os.Stat(c.path); err == nil && info.IsDir() {
		folder := os.DirFS(c.path)
		for _, pattern := range setPatterns {
			names, _ := fs.Glob(folder, pattern) // the patterns are well formed
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
			_ = s.merge() // fails for single values only
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

// merge fills in the values.
func (s *ValuesSet) merge() error {
	s.values = map[string]any{}
	for _, f := range s.files {
		values, err := chartutil.ReadValues(f.content)
		if err != nil {
			s.fails = append(s.fails, f.failure(err))
			continue
		}
		override(s.values, values)
	}
	s.forced = map[string]any{}
	for _, single := range s.set {
		for _, into := range []map[string]any{s.values, s.forced} {
			if err := strvals.ParseInto(single, into); err != nil {
				return fmt.Errorf("%q sets no value: %w; want one such as image.tag=1.2", single, err)
			}
		}
	}
	return nil
}

// override puts values on top of others, map by map, as Helm's command line does with one values file after the other.
func override(below, above map[string]any) {
	for key, v := range above {
		under, isMap := below[key].(map[string]any)
		if over, ok := v.(map[string]any); ok && isMap {
			override(under, over)
			continue
		}
		below[key] = v
	}
}

// failure is why the file's values cannot be read: it is no YAML, or it is no map.
func (f *setFile) failure(err error) Failure {
	at := f.at
	line, problem := SyntaxError(string(f.content))
	if line == 0 {
		problem = err.Error()
	}
	at.Line = line
	return Failure{Position: at, Message: "the values cannot be read: " + problem}
}

// Name is what the set is called.
func (s *ValuesSet) Name() string {
	if s == nil {
		return "default values"
	}
	return s.name
}

// Same says whether the set is made of the same files and single values as another.
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
		slices.ContainsFunc(s.set, func(single string) bool { return strings.Contains(single, string(word)) })
}

// overrides are the set's values; they must not be altered.
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
	return s.fails
}

// position is where the set sets a value, given its location in the root chart's values, or the key of the map that is there.
func (s *ValuesSet) position(location []string, key string) (Position, bool) {
	if s == nil {
		return Position{}, false
	}
	full := location
	if key != "" {
		full = append(slices.Clone(location), key)
	}
	if s.setAt.File != "" && Lookup(s.forced, full) != nil {
		return s.setAt, true
	}
	for _, f := range slices.Backward(s.files) {
		f.parse.Do(func() { f.document = parseDocument(f.content) })
		if node := find(f.document, location, key); node != nil {
			return Position{File: f.at.File, Line: node.Line, Column: node.Column}, true
		}
	}
	return Position{}, false
}

// parseDocument is a YAML file, or nil if it does not parse.
func parseDocument(content []byte) *yaml.Node {
	var doc yaml.Node
	if yaml.Unmarshal(content, &doc) != nil || doc.Kind != yaml.DocumentNode {
		return nil
	}
	return doc.Content[0]
}
