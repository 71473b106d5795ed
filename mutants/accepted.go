package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/mutants/internal/generate"
)

// acceptedFile is the file in a chart that lists its accepted survivors.
const acceptedFile = ".mutants.yaml"

// accepted accepts survivors: one by its ID, or those of the lines of a file.
type accepted struct {
	// ID is that of the mutant. If it is empty, File and Lines say which mutants are meant.
	ID string `yaml:"id"`
	// File is the path of the file in the chart.
	File string `yaml:"file"`
	// Lines is a regular expression for the first line that the mutant changes. Line numbers would not last.
	Lines string `yaml:"lines"`
	// Reason says why it does not matter that no scenario notices the mutants.
	Reason string `yaml:"reason"`

	lines *regexp.Regexp
}

func (a *accepted) String() string {
	if a.ID != "" {
		return a.ID
	}
	return fmt.Sprintf("%s: %s", a.File, a.Lines)
}

func (a *accepted) accepts(m generate.Mutant) bool {
	if a.ID != "" {
		return a.ID == m.ID
	}
	first, _, _ := strings.Cut(m.Old, "\n")
	return a.File == m.File && a.lines.MatchString(first)
}

// check returns an error if the entry is incomplete.
func (a *accepted) check() (err error) {
	switch byID, byLines := a.ID != "", a.File != "" && a.Lines != ""; {
	case byID == byLines || byID && a.File+a.Lines != "":
		return errors.New("an entry needs either an id, or file and lines")
	case a.Reason == "":
		return fmt.Errorf("%s: it needs a reason", a)
	}
	if a.lines, err = regexp.Compile(a.Lines); err != nil {
		return fmt.Errorf("%s: %w", a, err)
	}
	return nil
}

// readAccepted reads the accepted survivors from a file. With an empty path it reads those of the chart, which need not
// have any.
func readAccepted(path, chart string) ([]*accepted, error) {
	ofChart := path == ""
	if ofChart {
		path = filepath.Join(chart, acceptedFile)
	}
	content, err := os.ReadFile(path)
	if ofChart && errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("accepted survivors: %w", err)
	}
	var all []*accepted
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&all); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("accepted survivors: %s: %w", path, err)
	}
	for _, a := range all {
		if err := a.check(); err != nil {
			return nil, fmt.Errorf("accepted survivors: %s: %w", path, err)
		}
	}
	return all, nil
}
