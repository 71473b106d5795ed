package steps

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cucumber/godog"
)

func (s *scenario) fileSteps() []Step {
	return []Step{
		{
			Phrase: `the file "NAME"`, Method: s.writeFile, Text: "CONTENT",
			Does: "Writes a file into the scenario's own folder, in which its Helm commands run; folders in its name are made. A relative path on a command line means what is in " +
				"this folder, and what is in the suite's folder where it is not there.",
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
			Phrase: `a copy of the folder "PATH"`, Method: s.copyFolder,
			Does: "Copies a folder of the suite into the scenario's own, where the same relative path means the copy from now on: `the file` may add to it, or change it.",
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

// scratchFolder is the scenario's own folder, made when it is first asked for.
func (s *scenario) scratchFolder() (string, error) {
	if s.scratch != "" {
		return s.scratch, nil
	}
	folder, err := os.MkdirTemp(s.suite.options.Scratch, "scenario-")
	if err != nil {
		return "", fmt.Errorf("make a folder for the scenario: %w", err)
	}
	s.scratch = folder
	return folder, nil
}

func (s *scenario) removeScratch() error {
	if s.scratch == "" {
		return nil
	}
	if err := os.RemoveAll(s.scratch); err != nil {
		return fmt.Errorf("remove the scenario's folder: %w", err)
	}
	return nil
}

func (s *scenario) copyFolder(path string) error {
	if !filepath.IsLocal(path) || filepath.Clean(path) == "." {
		return fmt.Errorf("the folder %q is none inside the suite's folder: give it a relative name that leads nowhere above it", path)
	}
	folder, err := s.scratchFolder()
	if err != nil {
		return err
	}
	if err := s.suite.paths.copy(path, filepath.Join(folder, path)); err != nil {
		return fmt.Errorf("copy the folder %q: %w", path, err)
	}
	return nil
}

func (s *scenario) writeFile(name string, content *godog.DocString) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("the file %q would not be in the scenario's own folder: give it a relative name that leads nowhere above it", name)
	}
	folder, err := s.scratchFolder()
	if err != nil {
		return err
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
