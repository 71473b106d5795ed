package chart

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

// FuzzArchive loads tar archives, compressed like a chart. Load succeeds, or returns an error that names the archive.
func FuzzArchive(f *testing.F) {
	fixtures, err := filepath.Glob("../../lint/rule/testdata/*/*.txtar")
	require.NoError(f, err)
	require.NotEmpty(f, fixtures)
	for _, fixture := range fixtures {
		archive, err := txtar.ParseFile(fixture)
		require.NoError(f, err)
		f.Add(tarOf(f, archive))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "app-0.1.0.tgz")
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.NoError(t, os.WriteFile(path, packed.Bytes(), 0o600))

		c, err := Load(path)
		if err != nil {
			require.ErrorContains(t, err, "load chart "+path+": ")
			return
		}
		require.NotEmpty(t, c.Name())
		_, err = c.ValuesSets()
		require.NoError(t, err)
		c.RepeatedKeys()
		c.MissingDependencies()
		c.CRDFiles()
		require.Equal(t, c.Name(), c.fresh().Name())
	})
}

// tarOf returns the files of a chart as a tar archive.
func tarOf(tb testing.TB, chart *txtar.Archive) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, file := range chart.Files {
		require.NoError(tb, w.WriteHeader(&tar.Header{Name: "app/" + file.Name, Mode: 0o644, Size: int64(len(file.Data))}))
		_, err := w.Write(file.Data)
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	return out.Bytes()
}
