package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/lint/internal/basechart"
)

// bases are the charts that upgrades start from.
type bases struct {
	name   string            // as given on the command line
	paths  map[string]string // by the path of the chart
	folder string            // of those from git
}

// openBases finds the base of each chart. A path is the base of a single chart.
func openBases(ctx context.Context, base string, charts []string) (*bases, error) {
	folder, err := os.MkdirTemp("", "lint-upgrade-from-")
	if err != nil {
		return nil, err
	}
	b := &bases{name: base, paths: map[string]string{}, folder: folder}
	var failures []error
	for i, path := range charts {
		into := filepath.Join(folder, strconv.Itoa(i))
		found, err := basechart.Find(ctx, base, path, into)
		switch {
		case err != nil:
			failures = append(failures, fmt.Errorf("upgrade %s from %s: %w", path, base, err))
		case len(charts) > 1 && !strings.HasPrefix(found, into):
			b.remove()
			return nil, fmt.Errorf("upgrade from %s: it is one chart, but %d are linted: lint one, or give a git revision",
				base, len(charts))
		}
		b.paths[path] = found
	}
	if err := errors.Join(failures...); err != nil {
		b.remove()
		return nil, b.explain(err)
	}
	return b, nil
}

// explain replaces paths of files that were taken out of git by those that git knows, such as v1.2.0:charts/shop.
func (b *bases) explain(err error) error {
	if err == nil || !strings.Contains(err.Error(), b.folder) {
		return err
	}
	tree := regexp.MustCompile(regexp.QuoteMeta(b.folder) + `/\d+/tree/`)
	return errors.New(tree.ReplaceAllLiteralString(err.Error(), b.name+":"))
}

// remove removes the charts that were taken out of git.
func (b *bases) remove() { _ = os.RemoveAll(b.folder) }
