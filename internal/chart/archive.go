package chart

import (
	"bytes"

	"helm.sh/helm/v3/pkg/chart/loader"
)

// ArchiveFiles returns the files of a packaged chart by their paths in the chart. It returns an error if archive is not
// a packaged chart, or if a file exceeds Helm's limits.
func ArchiveFiles(archive []byte) (map[string][]byte, error) {
	loaded, err := loader.LoadArchiveFiles(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, f := range loaded {
		files[f.Name] = f.Data
	}
	return files, nil
}
