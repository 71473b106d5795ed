package steps

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// paths knows the files that the paths in steps mean.
type paths struct {
	dir    string // which relative paths start from
	chart  string // as scenarios write it
	source string // of the chart to test; "" where it is chart
}

func newPaths(options Options) (paths, error) {
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return paths{}, err
	}
	p := paths{dir: dir}
	if options.ChartSource != "" {
		p.chart, p.source = p.from(options.Chart), p.from(options.ChartSource)
	}
	return p, nil
}

func (p paths) from(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(p.dir, path)
}

// redirect returns the path to read where a step names this absolute path: a path in the suite's chart leads to the
// chart to test.
func (p paths) redirect(path string) string {
	inChart, ok := below(p.chart, filepath.Clean(path))
	if p.source == "" || !ok {
		return path
	}
	return filepath.Join(p.source, inChart)
}

// copy copies a folder that a step names to destination.
func (p paths) copy(path, destination string) error {
	folder := p.from(path)
	if err := os.CopyFS(destination, os.DirFS(p.redirect(folder))); err != nil {
		return err
	}
	chart, ok := p.chartBelow(folder)
	if !ok {
		return nil
	}
	copied := filepath.Join(destination, chart)
	return errors.Join(os.RemoveAll(copied), os.CopyFS(copied, os.DirFS(p.source)))
}

// chartBelow returns the path of the suite's chart relative to a folder that contains it, if its files lie elsewhere.
func (p paths) chartBelow(folder string) (string, bool) {
	if p.source == "" {
		return "", false
	}
	relative, ok := below(folder, p.chart)
	return relative, ok && relative != "."
}

// below returns path relative to folder, and whether it is that folder or lies in it.
func below(folder, path string) (string, bool) {
	relative, err := filepath.Rel(folder, path)
	return relative, err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}
