package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/draft"
	"github.com/traderadmin/charts/lint/linter"
)

// draftSchemas writes a first values.schema.json into the folder of each chart. It replaces one only if it may.
func draftSchemas(w io.Writer, paths []string, sets []linter.ValuesSet, overwrite bool) error {
	for _, path := range paths {
		if err := draftSchema(w, path, sets, overwrite); err != nil {
			return fmt.Errorf("--write-schema: %w", err)
		}
	}
	return nil
}

func draftSchema(w io.Writer, path string, given []linter.ValuesSet, overwrite bool) error {
	c, err := chart.Load(path)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is an archive: extract it first", path))
	}
	file := filepath.Join(path, chart.SchemaJSON)
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !overwrite:
		return fmt.Errorf("%s exists: --overwrite replaces it, and --fix completes it", file)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file: remove it first", file)
	}
	sets, err := c.ValuesSets()
	if err != nil {
		return err
	}
	for _, set := range given {
		read, err := chart.ReadValuesSet(set.Name, set.Files, set.Set, set.Position)
		if err != nil {
			return err
		}
		sets = append(sets, read)
	}
	content, err := draft.Schema(c, sets)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil { //nolint:gosec // everyone may read the chart
		return err
	}
	_, err = fmt.Fprintf(w, "%s: wrote a draft, which accepts %d values sets. Add what you know: enums, patterns, "+
		"required keys.\n", file, 1+len(sets))
	return err
}
