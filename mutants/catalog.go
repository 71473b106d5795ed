package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fault is a mistake that somebody could make in the chart.
type fault struct {
	// Name says what is wrong, in a few words.
	Name string `yaml:"name"`
	// File is the file of the chart that has the mistake, such as templates/redis-service.yaml.
	File string `yaml:"file"`
	// Find is the text that the mistake takes the place of. It stands exactly once in the file.
	Find string `yaml:"find"`
	// Replace is the mistake; empty is that the text is gone.
	Replace string `yaml:"replace"`
	// Says are words of the finding, or of the failure of a scenario, that name the cause: all of them in one.
	Says []string `yaml:"says"`
	// Scenario is the name of the scenario, or outline, that is to find it, and runs first. Empty is that the linter is to.
	Scenario string `yaml:"scenario"`
}

// catalog is a list of faults with names of their own.
type catalog []fault

// readCatalog reads the faults of a YAML file. Its error names the faults that lack something.
func readCatalog(path string) (catalog, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the faults: %w", err)
	}
	var faults catalog
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&faults); err != nil {
		return nil, fmt.Errorf("read the faults in %s: %w", path, err)
	}
	var lacking []error
	names := map[string]bool{}
	for i, f := range faults {
		switch {
		case f.Name == "":
			lacking = append(lacking, fmt.Errorf("fault %d has no name", i+1))
		case names[f.Name]:
			lacking = append(lacking, fmt.Errorf("%s: another fault has the same name", f.Name))
		case f.File == "" || f.Find == "" || len(f.Says) == 0:
			lacking = append(lacking, fmt.Errorf("%s: a fault has a file, a text to find, and words that a finding of it says", f.Name))
		}
		names[f.Name] = true
	}
	if err := errors.Join(lacking...); err != nil {
		return nil, fmt.Errorf("read the faults in %s:\n%w", path, err)
	}
	return faults, nil
}

// matching are the faults with such names.
func (c catalog) matching(names *regexp.Regexp) (catalog, error) {
	var some catalog
	for _, f := range c {
		if names.MatchString(f.Name) {
			some = append(some, f)
		}
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("no fault has a name that matches %q: -list prints them", names)
	}
	return some, nil
}

// apply puts the fault into a copy of the chart.
func (f fault) apply(chart string) error {
	path := filepath.Join(chart, filepath.FromSlash(f.File))
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	if n := strings.Count(string(content), f.Find); n != 1 {
		return fmt.Errorf("%s: the text to find stands %d times in %s, and has to stand there once:\n%s", f.Name, n, f.File, f.Find)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(content), f.Find, f.Replace, 1)), 0o600)
}
