package generate

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readChart reads the files of the chart at a path in the outermost chart, sorted: not those of its subcharts.
func readChart(folder, chart string) ([]file, error) {
	root := os.DirFS(filepath.Join(folder, filepath.FromSlash(chart)))
	var files []file
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "charts" || name == ".git"):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := fs.ReadFile(root, name)
		files = append(files, file{chart, name, content})
		return err
	})
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return files, err
}

// subcharts returns the paths of the subcharts that are folders in charts/, except those that are downloaded.
func (s *source) subcharts(folder, chart string) []string {
	entries, _ := os.ReadDir(filepath.Join(folder, filepath.FromSlash(chart), "charts")) // there may be none
	var found []string
	for _, entry := range entries {
		if entry.IsDir() && !slices.Contains(s.remote, entry.Name()) {
			found = append(found, path.Join(chart, "charts", entry.Name()))
		}
	}
	return found
}

func newSource(files []file) *source {
	s := &source{calls: map[string][]string{}, arguments: map[string][]string{}}
	for _, f := range files {
		switch {
		case f.name == "Chart.yaml":
			s.remote = downloaded(f.content)
		case f.name == "values.yaml":
			_ = yaml.Unmarshal(f.content, &s.values) // Helm would refuse other values
		case strings.HasPrefix(f.name, "templates/"):
			s.learn(f)
		}
	}
	return s
}

// downloaded returns the names of the dependencies in a Chart.yaml that come from a repository.
func downloaded(metadata []byte) (names []string) {
	var m struct {
		Dependencies []struct{ Name, Repository string }
	}
	_ = yaml.Unmarshal(metadata, &m) // Helm would refuse others
	for _, d := range m.Dependencies {
		if d.Repository != "" && !strings.HasPrefix(d.Repository, "file://") {
			names = append(names, d.Name)
		}
	}
	return names
}

// lookup returns the default at a path of the values.
func (s *source) lookup(keys []string) (any, bool) {
	var at any = s.values
	for _, key := range keys {
		mapping, ok := at.(map[string]any)
		if !ok {
			return nil, false
		}
		if at, ok = mapping[key]; !ok {
			return nil, false
		}
	}
	return at, true
}

// ignoreEdits removes each pattern of .helmignore, so that files are packaged that should not be.
func ignoreEdits(f file) []edit {
	var edits []edit
	for start, line := range lines(f.content) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "#") {
			edits = append(edits, edit{"ignored-file-packaged", start, start + len(line), ""})
		}
	}
	return edits
}

// unpacked returns the mutants that leave a file out of the chart.
func unpacked(files []file) []Mutant {
	i := slices.IndexFunc(files, func(f file) bool { return f.name == ".helmignore" })
	ignore := file{name: ".helmignore"}
	if i >= 0 {
		ignore = files[i]
	}
	prefix := ""
	if n := len(ignore.content); n > 0 && ignore.content[n-1] != '\n' {
		prefix = "\n"
	}
	var edits []edit
	for _, f := range files {
		if f.name == "Chart.yaml" || f.name == ".helmignore" {
			continue
		}
		end := len(ignore.content)
		edits = append(edits, edit{"file-not-packaged", end, end, prefix + "/" + f.name + "\n"})
	}
	return ignore.mutants(edits, func([]byte) bool { return true })
}

// lines returns the lines of a text with their line ends, by their offsets.
func lines(content []byte) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		start := 0
		for line := range strings.Lines(string(content)) {
			if !yield(start, line) {
				return
			}
			start += len(line)
		}
	}
}
