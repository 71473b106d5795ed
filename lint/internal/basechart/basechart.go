// Package basechart finds the chart that an upgrade starts from.
package basechart

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/changes"
)

// Find returns the folder or archive that the upgrade of a chart starts from. base names it: a folder or an archive,
// relative to the working directory or else to the chart, or else a git revision that has the chart. The chart of a
// revision is written below into, an empty folder.
func Find(ctx context.Context, base, chartPath, into string) (string, error) {
	if path := atPath(base, chartPath); path != "" {
		return path, nil
	}
	if isPath(base) {
		return "", fmt.Errorf("no chart is at %s, neither in the working directory nor relative to %s", base, chartPath)
	}
	if info, err := os.Stat(chartPath); err != nil || !info.IsDir() {
		return "", fmt.Errorf("no chart is at %s, and %s is not a folder in a git working tree", base, chartPath)
	}
	path, err := changes.Checkout(ctx, base, chartPath, into)
	if err != nil {
		if _, missing := os.Stat(base); missing == nil {
			err = fmt.Errorf("this folder has no Chart.yaml, and %w", err)
		}
		return "", err
	}
	return path, complete(base, path, chartPath)
}

// isPath reports whether a text can only mean a path, not a revision.
func isPath(base string) bool {
	return filepath.IsAbs(base) || strings.HasPrefix(base, ".") || filepath.Ext(base) == ".tgz"
}

// atPath returns the path of a chart; "" if there is none.
func atPath(base, chartPath string) string {
	paths := []string{base}
	if !filepath.IsAbs(base) {
		paths = append(paths, filepath.Join(chartPath, base))
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(path, "Chart.yaml")); err == nil || info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// complete links the dependencies that are not in the revision into the charts folder of a chart, because that is often
// not committed. Dependencies by path are in the revision, and others in the present chart if it lists them alike.
func complete(revision, path, presentPath string) error {
	base, err := chart.Load(path)
	if err != nil {
		return fmt.Errorf("in the revision %q: %w", revision, err)
	}
	present, err := chart.Load(presentPath)
	if err != nil {
		return nil // linting the chart reports this
	}
	folder, err := filepath.Abs(filepath.Join(path, "charts"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for _, r := range base.Requirements() {
		target := present.Vendored(r.Name)
		relative, local := strings.CutPrefix(r.Repository, "file://")
		switch {
		case base.Vendored(r.Name) != "":
			continue
		case local:
			relative = filepath.FromSlash(relative)
			target = filepath.Join(path, relative)
			if err := complete(revision, target, filepath.Join(presentPath, relative)); err != nil {
				return err
			}
		case target == "" || !slices.Contains(present.Requirements(), r):
			return fmt.Errorf("in the revision %q the chart depends on %s %s, which is not in its charts folder: give the "+
				"packaged chart instead of the revision", revision, r.Name, r.Version)
		}
		if target, err = filepath.Abs(target); err != nil {
			return err
		}
		if err := os.Symlink(target, filepath.Join(folder, filepath.Base(target))); err != nil {
			return err
		}
	}
	return nil
}
