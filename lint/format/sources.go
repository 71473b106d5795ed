package format

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/traderadmin/charts/internal/chart"
)

// sources reads the lines that findings point at: each file once, from the disk or out of the archive that its path leads
// through.
type sources struct {
	lines    map[string][]string // of a file, by its path
	archives map[string][]*loader.BufferedFile
}

func newSources() *sources {
	return &sources{lines: map[string][]string{}, archives: map[string][]*loader.BufferedFile{}}
}

// line is the line at a place; false if the place has none, or if there is no text to read.
func (s *sources) line(at chart.Position) (string, bool) {
	if at.Line <= 0 {
		return "", false
	}
	lines, known := s.lines[at.File]
	if !known {
		lines = strings.Split(strings.TrimPrefix(string(s.read(at.File)), "\ufeff"), "\n")
		s.lines[at.File] = lines
	}
	if at.Line > len(lines) {
		return "", false
	}
	line := strings.TrimSuffix(lines[at.Line-1], "\r")
	return line, len(line) <= maxLine && strings.TrimSpace(line) != "" && utf8.ValidString(line)
}

// What is larger, in bytes, was not written by hand, and is not quoted: a thousand findings may point at it.
const (
	maxFile = 16 << 20
	maxLine = 16 << 10
)

// read is the content of a file, or nil. The path of a file in an archive leads through the archive: chart.tgz/values.yaml.
func (s *sources) read(path string) []byte {
	onDisk := path
	info, err := os.Stat(onDisk)
	for err != nil && onDisk != filepath.Dir(onDisk) {
		onDisk = filepath.Dir(onDisk)
		info, err = os.Stat(onDisk)
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil
	}
	data, err := os.ReadFile(onDisk)
	if err != nil {
		return nil
	}
	return s.find([]*loader.BufferedFile{{Name: filepath.ToSlash(onDisk), Data: data}}, "", filepath.ToSlash(path))
}

// find is the content of the file of a name among files, or in the archives among them. folder is what leads to them.
func (s *sources) find(files []*loader.BufferedFile, folder, name string) []byte {
	for _, f := range files {
		if f.Name == name {
			return f.Data
		}
		if below, inside := strings.CutPrefix(name, f.Name+"/"); inside {
			path := folder + f.Name + "/"
			return s.find(s.open(path, f.Data), path, below)
		}
	}
	return nil
}

// open is the files of an archive, with Helm's limits on their sizes; none if it is no archive.
func (s *sources) open(path string, archive []byte) []*loader.BufferedFile {
	files, known := s.archives[path]
	if !known {
		files, _ = loader.LoadArchiveFiles(bytes.NewReader(archive)) // without them there is nothing to quote
		s.archives[path] = files
	}
	return files
}
