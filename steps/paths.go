package steps

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// paths resolves the paths in steps.
type paths struct {
	dir    string // absolute; relative paths start from it
	chart  string // absolute path of the suite's chart, as scenarios write it
	source string // absolute path of the chart to test; "" if it is chart
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

// redirect returns the path to read for an absolute path in a step. A path in the suite's chart leads to the chart to
// test.
func (p paths) redirect(path string) string {
	inChart, ok := below(p.chart, filepath.Clean(path))
	if p.source == "" || !ok {
		return path
	}
	return filepath.Join(p.source, inChart)
}

// chartFile is the file that makes a folder a chart.
const chartFile = "Chart.yaml"

// chartOf returns the outermost chart whose folder contains a file, both as paths relative to the suite's folder.
func (p paths) chartOf(file string) (chart string, ok bool) {
	for folder := filepath.Dir(filepath.Clean(file)); folder != "."; folder = filepath.Dir(folder) {
		if exists(p.redirect(filepath.Join(p.from(folder), chartFile))) {
			chart, ok = folder, true
		}
	}
	return chart, ok
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
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

// chartBelow returns the path of the suite's chart relative to a folder that contains it, if its files are in another
// folder.
func (p paths) chartBelow(folder string) (string, bool) {
	if p.source == "" {
		return "", false
	}
	relative, ok := below(folder, p.chart)
	return relative, ok && relative != "."
}

// below returns path relative to folder, and whether it is the folder or in it.
func below(folder, path string) (string, bool) {
	relative, err := filepath.Rel(folder, path)
	return relative, err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}
