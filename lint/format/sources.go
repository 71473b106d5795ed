package format

import (
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/linter"
)

// sources reads the lines that findings point at. It reads each file and unpacks each archive once.
type sources struct {
	lines    map[string][]string          // by the path of the file
	archives map[string]map[string][]byte // by the path of the archive; nil if it is not one
}

func newSources() *sources {
	return &sources{lines: map[string][]string{}, archives: map[string]map[string][]byte{}}
}

// maxLine is the length in bytes of the longest line that is quoted: a line that is longer was not written by hand, and
// a thousand findings may point at it.
const maxLine = 16 << 10

// line returns the line at a position. It returns false if there is no such line, or if it cannot be quoted.
func (s *sources) line(at linter.Position) (string, bool) {
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

// read returns the content of a file, or nil if it cannot be read. The path may lead through archives, as in
// shop-1.0.0.tgz/charts/redis-2.0.0.tgz/values.yaml.
func (s *sources) read(path string) []byte {
	onDisk := path
	_, err := os.Stat(onDisk)
	for err != nil && onDisk != filepath.Dir(onDisk) {
		onDisk = filepath.Dir(onDisk)
		_, err = os.Stat(onDisk)
	}
	content, err := chart.ReadFile(onDisk)
	if err != nil {
		return nil
	}
	return s.find("", map[string][]byte{filepath.ToSlash(onDisk): content}, filepath.ToSlash(path))
}

// find returns the file of a name, which is in files or in one of the archives among them. The files are those of
// folder, which ends in a slash.
func (s *sources) find(folder string, files map[string][]byte, name string) []byte {
	if content, found := files[name]; found {
		return content
	}
	for archive, content := range files {
		if below, inside := strings.CutPrefix(name, archive+"/"); inside {
			path := folder + archive + "/"
			return s.find(path, s.unpack(path, content), below)
		}
	}
	return nil
}

// unpack returns the files of the archive at a path, or nil if it is not a packaged chart.
func (s *sources) unpack(path string, content []byte) map[string][]byte {
	files, known := s.archives[path]
	if !known {
		files, _ = chart.ArchiveFiles(content) // if that fails, there is nothing to quote
		s.archives[path] = files
	}
	return files
}
