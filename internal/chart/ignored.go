package chart

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/ignore"
)

// IgnoredFile is a file in the chart's folder that .helmignore excludes from the chart.
type IgnoredFile struct {
	// Name is the slash-separated path of the file in the chart.
	Name string
	// Line is the line of .helmignore that excludes it, and Pattern its text.
	Line    Position
	Pattern string
}

// IgnoredFiles returns the files in the chart's folder that a line of .helmignore excludes, sorted by name. An archive
// has none.
func (c *Chart) IgnoredFiles() []IgnoredFile {
	type key struct{}
	return Once(c, key{}, func() []IgnoredFile {
		content, err := ReadFile(filepath.Join(c.path, ignore.HelmIgnore))
		if err != nil {
			return nil
		}
		return c.ignoredBy(strings.Split(string(content), "\n"))
	})
}

func (c *Chart) ignoredBy(lines []string) []IgnoredFile {
	present := map[string]bool{}
	for _, f := range c.helm.Raw {
		present[f.Name] = true
	}
	var rules []*ignore.Rules
	for _, line := range lines {
		parsed, err := ignore.Parse(strings.NewReader(line))
		if err != nil || strings.HasPrefix(line, "!") {
			parsed = ignore.Empty()
		}
		rules = append(rules, parsed)
	}
	var ignored []IgnoredFile
	byFolder := map[string]int{} // the line that excludes a folder, from 0
	visited := 0
	_ = fs.WalkDir(os.DirFS(c.path), ".", func(name string, entry fs.DirEntry, err error) error {
		if visited++; err != nil || visited > maxFiles {
			return fs.SkipAll
		}
		info, err := entry.Info()
		if err != nil || name == "." {
			return nil
		}
		line, excluded := byFolder[path.Dir(name)]
		if !excluded {
			line = slices.IndexFunc(rules, func(r *ignore.Rules) bool { return r.Ignore(name, info) })
		}
		switch {
		case line < 0:
		case entry.IsDir():
			byFolder[name] = line
		case !present[name]:
			at := c.file(ignore.HelmIgnore)
			at.Line = line + 1
			ignored = append(ignored, IgnoredFile{Name: name, Line: at, Pattern: strings.TrimSpace(lines[line])})
		}
		return nil
	})
	return ignored
}
