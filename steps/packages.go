package steps

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cucumber/godog"
)

func (s *scenario) packageSteps() []Step {
	return []Step{
		{
			Phrase: `the package "NAME" contains`, Method: s.packageContains, Columns: []string{"file"},
			Does: "Wants a chart archive that the scenario packaged to have these files, by their path in the chart; `*` stands for a part of a name.",
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
			Phrase: `the package "NAME" does not contain`, Method: s.packageDoesNotContain, Columns: []string{"file"},
			Does: "Wants a chart archive to have none of these files: what `.helmignore` keeps out.",
			Example: `
When I run helm package ./shop
Then the package "shop-0.1.0.tgz" does not contain
  | file            |
  | *.bak           |
  | templates/*.swp |`,
		},
	}
}

func (s *scenario) packageContains(name string, table *godog.Table) error {
	return s.comparePackage(name, table, func(wanted string, matches, all []string) error {
		if len(matches) > 0 {
			return nil
		}
		return fmt.Errorf("%s is not in %s, which contains %s", wanted, name, listed(all))
	})
}

func (s *scenario) packageDoesNotContain(name string, table *godog.Table) error {
	return s.comparePackage(name, table, func(unwanted string, matches, _ []string) error {
		if len(matches) == 0 {
			return nil
		}
		return fmt.Errorf("%s is in %s: %s", unwanted, name, listed(matches))
	})
}

func (s *scenario) comparePackage(name string, table *godog.Table, compare func(pattern string, matches, all []string) error) error {
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
				return fmt.Errorf("%q is no pattern for files: %w", row["file"], err)
			}
			if match {
				matches = append(matches, file)
			}
		}
		wrong = append(wrong, compare(row["file"], matches, files))
	}
	return errors.Join(wrong...)
}

// packaged are the files of an archive in the scenario's folder, by their paths in the chart.
func (s *scenario) packaged(name string) ([]string, error) {
	folder, err := s.scratchFolder()
	if err != nil {
		return nil, err
	}
	archive, err := os.Open(filepath.Join(folder, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the scenario packaged no %s; in its folder is %s", name, listed(filesIn(folder)))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = archive.Close() }()
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var files []string
	for contents := tar.NewReader(unzipped); ; {
		header, err := contents.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(files)
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		_, inChart, _ := strings.Cut(header.Name, "/")
		files = append(files, inChart)
	}
}

func filesIn(folder string) []string {
	entries, _ := os.ReadDir(folder) // of one that cannot be read, nothing can be said
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
