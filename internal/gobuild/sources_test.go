package gobuild

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// checkout is the root folder of this repository.
const checkout = "../.."

func TestSourcesOfACheckoutAreInPlace(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(checkout)
	require.NoError(t, err)
	folder, err := Sources(t.Context(), "lint/practices")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(root, "lint", "practices"), folder)
}

// proxy is a module proxy that has a version of each of the modules nested in the checkout, with a module cache beside it.
func proxy(t *testing.T, version string, nested ...string) {
	t.Helper()
	folder := t.TempDir()
	escaped, err := module.EscapeVersion(version)
	require.NoError(t, err)
	for _, path := range nested {
		at := filepath.Join(folder, self, path, "@v", escaped)
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
		require.NoError(t, os.WriteFile(at+".info", []byte(`{"Version": "`+version+`"}`), 0o600))
		sources := filepath.Join(checkout, path)
		gomod, err := os.ReadFile(filepath.Join(sources, "go.mod"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(at+".mod", gomod, 0o600))
		archive, err := os.Create(at + ".zip")
		require.NoError(t, err)
		require.NoError(t, zip.CreateFromDir(archive, module.Version{Path: self + "/" + path, Version: version}, sources))
		require.NoError(t, archive.Close())
	}
	t.Setenv("GOPROXY", "file://"+folder)
	t.Setenv("GONOSUMDB", self)
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -modcacherw") // so that the folder can be removed
}

// downloaded is the path that this file has where Go downloaded the module in a version.
func downloaded(version string) string {
	return "/home/user/go/pkg/mod/" + self + "@" + version + "/internal/gobuild/sources.go"
}

func TestSourcesOfADownloadedModuleAreDownloaded(t *testing.T) {
	proxy(t, "v1.2.3-Beta", "lint/practices", "cluster/embedded/controlplane")
	for _, nested := range []string{"lint/practices", "cluster/embedded/controlplane"} {
		folder, err := sources(t.Context(), downloaded("v1.2.3-!beta"), nested)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(folder, nested+"@v1.2.3-!beta"), folder)

		here, err := Module{Folder: filepath.Join(checkout, nested)}.key(t.Context())
		require.NoError(t, err)
		there, err := Module{Folder: folder}.key(t.Context())
		require.NoError(t, err)
		assert.Equal(t, here, there, "what a checkout built serves here too")
	}
}

func TestSourcesThatCannotBeHad(t *testing.T) {
	proxy(t, "v1.2.3", "lint/practices")

	_, err := sources(t.Context(), downloaded("v1.2.4"), "lint/practices")
	assert.ErrorContains(t, err, "its sources are not in /home/user/go/pkg/mod/"+self+"@v1.2.4/lint/practices, and Go could not download them: "+
		"go mod download "+self+"/lint/practices@v1.2.4: ")
	assert.ErrorContains(t, err, "/v1.2.4.info: no such file or directory\nSee that GOPROXY leads to them")
	assert.ErrorContains(t, err, "or replace "+self+" by a checkout, in go.mod")
}

// A vendor folder does not name versions; the go.mod around the working directory does.
func TestSourcesOfAVendoredModule(t *testing.T) {
	proxy(t, "v1.2.3", "lint/practices")
	const vendored = "/home/user/shop/vendor/" + self + "/internal/gobuild/sources.go"
	shop := t.TempDir()
	t.Chdir(shop)
	gomod := filepath.Join(shop, "go.mod")
	require.NoError(t, os.WriteFile(gomod, []byte("module example.com/shop\n\ngo 1.26.0\n\nrequire "+self+" v1.2.3\n"), 0o600))
	require.NoError(t, os.Mkdir("vendor", 0o700))
	require.NoError(t, os.WriteFile("vendor/modules.txt", []byte("# "+self+" v1.2.3\n## explicit; go 1.26.0\n"), 0o600))

	folder, err := sources(t.Context(), vendored, "lint/practices")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(folder, "lint/practices@v1.2.3"), folder)

	require.NoError(t, os.Remove(gomod))
	_, err = sources(t.Context(), vendored, "lint/practices")
	assert.ErrorContains(t, err, "its sources are not in /home/user/shop/vendor/"+self+"/lint/practices, and which version to download is not known: "+
		"go list -m -f {{.Version}} "+self+": ")
	assert.ErrorContains(t, err, "\nRequire a version of "+self+" in go.mod, or replace it by a checkout, without -trimpath")
}
