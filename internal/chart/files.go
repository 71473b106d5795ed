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

// MaxFile is the limit in bytes for a file that is not part of a chart. Files of charts have Helm's limit,
// [loader.MaxDecompressedFileSize].
const MaxFile = 16 << 20

// ReadFile reads an untrusted file. It refuses files larger than [MaxFile], and anything but a regular file: opening a
// pipe or a device may block for ever.
func ReadFile(name string) ([]byte, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %s, not a file", name, describeMode(info.Mode()))
	}
	return readStream(name)
}

// readStream reads a file that the user named. It may be a pipe: -f <(sops decrypt values.yaml).
func readStream(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it is only read
	content, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err == nil && len(content) > MaxFile {
		return nil, fmt.Errorf("%s is larger than the limit of %d MiB", name, MaxFile>>20)
	}
	return content, err
}

// describeMode describes a file that is not a regular file.
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

// maxFiles limits the files and folders of a chart. With links, a few of them can have endless paths.
const maxFiles = 20_000

var byteOrderMark = []byte("\ufeff")

// readFolder reads the files of a chart's folder like Helm's loader: it skips the files that .helmignore excludes,
// follows links and removes byte order marks. Unlike Helm's loader it refuses links that form a cycle and a .helmignore
// that is a pipe, and applies the limit that Helm has for all files of an archive.
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

// folder is the state of reading a chart's folder.
type folder struct {
	root    string
	ignored *ignore.Rules
	files   []*loader.BufferedFile
	visited int
	left    int64         // bytes that may still be read
	parents []fs.FileInfo // from the root to the folder that is being read
}

// read reads the folder at a slash-separated path below the root, recursively.
func (f *folder) read(name string, info fs.FileInfo) error {
	if slices.ContainsFunc(f.parents, func(parent fs.FileInfo) bool { return os.SameFile(parent, info) }) {
		return fmt.Errorf("%s is a link to a folder that contains it", filepath.Join(f.root, name))
	}
	f.parents = append(f.parents, info)
	defer func() { f.parents = f.parents[:len(f.parents)-1] }()
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
			return fmt.Errorf("the folder has more than %d files, including those behind links; "+
				"list files that do not belong to the chart in .helmignore", maxFiles)
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

func (f *folder) add(name string, info fs.FileInfo) error {
	at := filepath.Join(f.root, filepath.FromSlash(name))
	if info.Mode().IsRegular() && info.Size() > loader.MaxDecompressedFileSize {
		return fmt.Errorf("%s has %d bytes; Helm's limit is %d", at, info.Size(), loader.MaxDecompressedFileSize)
	}
	if f.left -= info.Size(); f.left < 0 {
		return fmt.Errorf("the folder has more than %d bytes; "+
			"list files that do not belong to the chart in .helmignore", loader.MaxDecompressedChartSize)
	}
	content, err := ReadFile(at)
	if err != nil {
		return err
	}
	f.files = append(f.files, &loader.BufferedFile{Name: name, Data: bytes.TrimPrefix(content, byteOrderMark)})
	return nil
}
