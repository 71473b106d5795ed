package steps

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/cucumber/godog"
)

// scratch is the folder of a scenario for its files.
type scratch struct {
	parent string   // "" is the system's folder for temporary files
	path   string   // "" until it is needed
	charts []string // of the suite, as relative paths, that were copied because a file was written into them
}

// folder returns the folder, which the first call creates.
func (s *scratch) folder() (string, error) {
	if s.path != "" {
		return s.path, nil
	}
	path, err := os.MkdirTemp(s.parent, "scenario-")
	if err != nil {
		return "", fmt.Errorf("create a folder for the scenario: %w", err)
	}
	s.path = path
	return path, nil
}

func (s *scratch) remove() error {
	if s.path == "" {
		return nil
	}
	if err := os.RemoveAll(s.path); err != nil {
		return fmt.Errorf("remove the folder of the scenario: %w", err)
	}
	return nil
}

// fileSteps are the steps that write files for Helm commands.
type fileSteps struct {
	*scratch
	paths paths
}

func (s fileSteps) rows() []Step {
	return []Step{
		{
			Phrase: `the file "NAME"`, Method: s.write, Text: "CONTENT",
			Does: "Writes a file into the scenario's own folder, with the folders in its name. A relative path on a Helm " +
				"command line means the file in this folder, or if there is none, the one in the suite's folder. A file in the " +
				"folder of one of the suite's charts is added to a copy of the chart, in which it replaces the file of its name.",
			Example: `
Given the file "small.yaml"
  """
  replicaCount: 1
  image:
    tag: "1.27"
  """
When I run helm install shop ./shop -f small.yaml
Then shop pods use image "nginx:1.27"`,
		},
		{
			Phrase: `a copy of the folder "PATH"`, Method: s.copy,
			Does: "Copies a folder of the suite into the scenario's own folder. The same relative path means the copy from " +
				"then on, and `the file` can change it.",
			Example: `
Given a copy of the folder "shop"
And the file "shop/values.yaml.bak"
  """
  replicaCount: 9
  """
When I run helm package ./shop
Then the package "shop-0.1.0.tgz" does not contain
  | file  |
  | *.bak |`,
		},
	}
}

// errNotLocal explains which paths steps may name.
var errNotLocal = errors.New("it must be a relative path that does not lead above the folder")

func (s fileSteps) copy(path string) error {
	if !filepath.IsLocal(path) || filepath.Clean(path) == "." {
		return fmt.Errorf("%q is not inside the suite's folder: %w", path, errNotLocal)
	}
	if slices.Contains(s.charts, filepath.Clean(path)) {
		return nil
	}
	folder, err := s.folder()
	if err != nil {
		return err
	}
	if err := s.paths.copy(path, filepath.Join(folder, path)); err != nil {
		return fmt.Errorf("copy the folder %q: %w", path, err)
	}
	return nil
}

func (s fileSteps) write(name string, content *godog.DocString) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%q is not inside the scenario's folder: %w", name, errNotLocal)
	}
	folder, err := s.folder()
	if err != nil {
		return err
	}
	if err := s.copyChartOf(name, folder); err != nil {
		return fmt.Errorf("write the file %q: %w", name, err)
	}
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write the file %q: %w", name, err)
	}
	if err := os.WriteFile(path, []byte(content.Content+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the file %q: %w", name, err)
	}
	return nil
}

// copyChartOf copies the suite's chart that a file is written into to the scenario's folder. Otherwise the path of the
// chart would mean a folder with only that file. It does nothing if the scenario has a chart of its own at this path.
func (s fileSteps) copyChartOf(name, folder string) error {
	chart, ok := s.paths.chartOf(name)
	if !ok || exists(filepath.Join(folder, chart, chartFile)) || filepath.Clean(name) == filepath.Join(chart, chartFile) {
		return nil
	}
	s.charts = append(s.charts, chart)
	return s.paths.copy(chart, filepath.Join(folder, chart))
}
