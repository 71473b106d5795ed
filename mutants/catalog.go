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

// fault is a plausible mistake in the chart: the replacement of one text in one file.
type fault struct {
	// Name describes the mistake in a few words. It is unique in its catalog.
	Name string `yaml:"name"`
	// File is the path of the changed file in the chart, such as templates/redis-service.yaml.
	File string `yaml:"file"`
	// Find is the text to replace. It occurs exactly once in the file.
	Find string `yaml:"find"`
	// Replace is the replacement. If it is empty, the text is removed.
	Replace string `yaml:"replace"`
	// Says lists words that name the cause. One finding, or one failure of a scenario, must contain all of them.
	Says []string `yaml:"says"`
	// Scenario is the name of the scenario that notices the fault, which runs first. If it is empty, the linter notices
	// the fault.
	Scenario string `yaml:"scenario"`
}

// catalog is a list of faults.
type catalog []fault

// readCatalog reads the faults in a YAML file. Its error names every fault that is incomplete.
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
	if err := faults.validate(); err != nil {
		return nil, fmt.Errorf("read the faults in %s:\n%w", path, err)
	}
	return faults, nil
}

func (c catalog) validate() error {
	var errs []error
	names := map[string]bool{}
	for i, f := range c {
		switch {
		case f.Name == "":
			errs = append(errs, fmt.Errorf("fault %d has no name", i+1))
		case names[f.Name]:
			errs = append(errs, fmt.Errorf("%s: another fault has the same name", f.Name))
		case f.File == "" || f.Find == "" || len(f.Says) == 0:
			errs = append(errs, fmt.Errorf("%s: file, find and says are required", f.Name))
		}
		names[f.Name] = true
	}
	return errors.Join(errs...)
}

// matching returns the faults whose names match, or an error if there are none.
func (c catalog) matching(names *regexp.Regexp) (catalog, error) {
	var matching catalog
	for _, f := range c {
		if names.MatchString(f.Name) {
			matching = append(matching, f)
		}
	}
	if len(matching) == 0 {
		return nil, fmt.Errorf("no fault has a name that matches %q: -list prints the names", names)
	}
	return matching, nil
}

// apply puts the fault into a copy of the chart.
func (f fault) apply(chart string) error {
	path := filepath.Join(chart, filepath.FromSlash(f.File))
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	if n := strings.Count(string(content), f.Find); n != 1 {
		return fmt.Errorf("%s: the text to find occurs %d times in %s, not once:\n%s", f.Name, n, f.File, f.Find)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(content), f.Find, f.Replace, 1)), 0o600)
}
