package steps

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/internal/chart"
)

// packageSteps are the steps about chart archives that the scenario packaged.
type packageSteps struct{ *scratch }

func (s packageSteps) rows() []Step {
	return []Step{
		{
			Phrase: `the package "NAME" contains`, Method: s.contains, Columns: []string{"file"},
			Does: "Checks that a chart archive which the scenario packaged contains these files, by their paths in the " +
				"chart. `*` stands for any part of a name.",
			Example: `
When I run helm package ./shop --version 2.0.0
Then the package "shop-2.0.0.tgz" contains
  | file             |
  | Chart.yaml       |
  | templates/*.yaml |
When I run helm install shop shop-2.0.0.tgz
Then deployment/shop is rolled out`,
		},
		{
			Phrase: `the package "NAME" does not contain`, Method: s.doesNotContain, Columns: []string{"file"},
			Does: "Checks that a chart archive contains none of these files, because `.helmignore` excludes them, for example.",
			Example: `
When I run helm package ./shop
Then the package "shop-0.1.0.tgz" does not contain
  | file            |
  | *.bak           |
  | templates/*.swp |`,
		},
	}
}

func (s packageSteps) contains(name string, table *godog.Table) error {
	return s.compare(name, table, func(pattern string, matches, all []string) error {
		if len(matches) > 0 {
			return nil
		}
		return fmt.Errorf("%s is not in %s, which contains %s", pattern, name, listed(all))
	})
}

func (s packageSteps) doesNotContain(name string, table *godog.Table) error {
	return s.compare(name, table, func(pattern string, matches, _ []string) error {
		if len(matches) == 0 {
			return nil
		}
		return fmt.Errorf("%s is in %s: %s", pattern, name, listed(matches))
	})
}

func (s packageSteps) compare(
	name string, table *godog.Table, check func(pattern string, matches, all []string) error,
) error {
	files, err := s.packaged(name)
	if err != nil {
		return err
	}
	var wrong []error
	for _, row := range records(table) {
		var matches []string
		for _, file := range files {
			match, err := path.Match(row["file"], file)
			if err != nil {
				return fmt.Errorf("invalid pattern %q for files: %w", row["file"], err)
			}
			if match {
				matches = append(matches, file)
			}
		}
		wrong = append(wrong, check(row["file"], matches, files))
	}
	return errors.Join(wrong...)
}

// packaged returns the files of an archive in the scenario's folder, by their paths in the chart, sorted.
func (s packageSteps) packaged(name string) ([]string, error) {
	folder, err := s.folder()
	if err != nil {
		return nil, err
	}
	archive, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the scenario did not package %s: its folder contains %s", name, listed(filesIn(folder)))
	}
	if err != nil {
		return nil, err
	}
	files, err := chart.ArchiveFiles(archive)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return slices.Sorted(maps.Keys(files)), nil
}

// filesIn returns the names in a folder, or none if it cannot be read.
func filesIn(folder string) []string {
	entries, _ := os.ReadDir(folder)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
