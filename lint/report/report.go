// Package report writes lint results, in one format a file.
package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/traderadmin/charts/lint/linter"
)

var writers = map[string]func(io.Writer, *linter.Result) error{
	"text": writeText,
	"json": writeJSON,
}

// Formats are the names of the formats.
func Formats() []string { return slices.Sorted(maps.Keys(writers)) }

// Check refuses a format that does not exist, before there is anything to write in it.
func Check(format string) error {
	if writers[format] == nil {
		return fmt.Errorf("unknown format %q: want one of %s", format, strings.Join(Formats(), ", "))
	}
	return nil
}

// Write writes a result in one of [Formats].
func Write(w io.Writer, format string, result *linter.Result) error {
	if err := Check(format); err != nil {
		return err
	}
	return writers[format](w, result)
}
