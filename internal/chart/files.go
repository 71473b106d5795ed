package chart

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"
)

// MaxFile is the size in bytes above which no file is read that is not part of a chart. Those that are have Helm's own limit,
// [loader.MaxDecompressedFileSize].
const MaxFile = 16 << 20

// ReadFile reads a file that someone else may have written: a regular one, of at most [MaxFile] bytes. To open a pipe or a
// device may block for good. The error names the file.
func ReadFile(name string) ([]byte, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %s, not a file", name, describeMode(info.Mode()))
	}
	return readStream(name)
}

// readStream reads what may also be a pipe, for those who name one themselves: -f <(sops decrypt values.yaml).
func readStream(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err == nil && len(content) > MaxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB, which no such file needs to be", name, MaxFile>>20)
	}
	return content, err
}

// describeMode names what is no regular file.
func describeMode(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// maxFiles bounds the files and folders of a chart: links can make a few of them endless.
const maxFiles = 20_000

var byteOrderMark = []byte("\ufeff")

// readFolder reads the files of a chart's folder as Helm's own loader does: those that .helmignore does not exclude, through links,
// without byte order marks. That loader follows links that lead around in a circle, opens a .helmignore that is a pipe, and has
// no limit on all files together; of an archive's it has one, which holds here too.
func readFolder(root string) ([]*loader.BufferedFile, error) {
	f := folder{root: root, ignored: ignore.Empty(), left: loader.MaxDecompressedChartSize}
	ignoreFile := filepath.Join(root, ignore.HelmIgnore)
	if _, err := os.Stat(ignoreFile); err == nil {
		content, err := ReadFile(ignoreFile)
		if err != nil {
			return nil, err
		}
		if f.ignored, err = ignore.Parse(bytes.NewReader(content)); err != nil {
			return nil, fmt.Errorf("%s: %w", ignoreFile, err)
		}
	}
	f.ignored.AddDefaults()
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	err = f.read("", info)
	return f.files, err
}

// folder is a chart's folder while it is read.
type folder struct {
	root    string
	ignored *ignore.Rules
	files   []*loader.BufferedFile
	visited int
	left    int64         // bytes that may still be read
	inside  []fs.FileInfo // the folders that lead to the one being read
}

// read reads the folder at a slash-separated path below the root.
func (f *folder) read(name string, info fs.FileInfo) error {
	if slices.ContainsFunc(f.inside, func(outer fs.FileInfo) bool { return os.SameFile(outer, info) }) {
		return fmt.Errorf("%s is a link to a folder that it is in", filepath.Join(f.root, name))
	}
	f.inside = append(f.inside, info)
	defer func() { f.inside = f.inside[:len(f.inside)-1] }()
	entries, err := os.ReadDir(filepath.Join(f.root, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		info, err := os.Stat(filepath.Join(f.root, filepath.FromSlash(below)))
		switch {
		case err != nil:
			return err
		case f.ignored.Ignore(below, info):
			continue
		}
		if f.visited++; f.visited > maxFiles {
			return fmt.Errorf("the folder has more than %d files, links followed; list in .helmignore what is not of the chart", maxFiles)
		}
		if info.IsDir() {
			err = f.read(below, info)
		} else {
			err = f.add(below, info)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add reads a file.
func (f *folder) add(name string, info fs.FileInfo) error {
	at := filepath.Join(f.root, filepath.FromSlash(name))
	if info.Mode().IsRegular() && info.Size() > loader.MaxDecompressedFileSize {
		return fmt.Errorf("%s has %d bytes: Helm reads no file above %d", at, info.Size(), loader.MaxDecompressedFileSize)
	}
	if f.left -= info.Size(); f.left < 0 {
		return fmt.Errorf("the folder holds more than %d bytes; list in .helmignore what is not of the chart", loader.MaxDecompressedChartSize)
	}
	content, err := ReadFile(at)
	if err != nil {
		return err
	}
	f.files = append(f.files, &loader.BufferedFile{Name: name, Data: bytes.TrimPrefix(content, byteOrderMark)})
	return nil
}
