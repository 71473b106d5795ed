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

// checkout is the root directory of this repository.
const checkout = "../.."

func TestSourcesInACheckout(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(checkout)
	require.NoError(t, err)
	dir, err := Sources(t.Context(), "lint/practices")
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(root, "lint", "practices"), dir)
}

// proxy sets up a module proxy with one version of the given modules, which are nested in the checkout, and an empty
// module cache.
func proxy(t *testing.T, version string, nested ...string) {
	t.Helper()
	dir := t.TempDir()
	escaped, err := module.EscapeVersion(version)
	require.NoError(t, err)
	for _, path := range nested {
		at := filepath.Join(dir, self, path, "@v", escaped)
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
	t.Setenv("GOPROXY", "file://"+dir)
	t.Setenv("GONOSUMDB", self)
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -modcacherw") // so that the test can remove it
}

// downloaded returns the path of sources.go in the module cache for a version of this module.
func downloaded(version string) string {
	return "/home/user/go/pkg/mod/" + self + "@" + version + "/internal/gobuild/sources.go"
}

func TestSourcesOfADownloadedModule(t *testing.T) {
	proxy(t, "v1.2.3-Beta", "lint/practices", "cluster/embedded/controlplane")
	for _, nested := range []string{"lint/practices", "cluster/embedded/controlplane"} {
		dir, err := sources(t.Context(), downloaded("v1.2.3-!beta"), nested)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(dir, nested+"@v1.2.3-!beta"), dir)

		here, err := Module{Dir: filepath.Join(checkout, nested)}.key(t.Context())
		require.NoError(t, err)
		there, err := Module{Dir: dir}.key(t.Context())
		require.NoError(t, err)
		assert.Equal(t, here, there, "the binary that a checkout built can be used")
	}
}

func TestSourcesThatCannotBeDownloaded(t *testing.T) {
	proxy(t, "v1.2.3", "lint/practices")

	_, err := sources(t.Context(), downloaded("v1.2.4"), "lint/practices")
	assert.ErrorContains(t, err, "its sources are not in /home/user/go/pkg/mod/"+self+"@v1.2.4/lint/practices, ")
	assert.ErrorContains(t, err, "go mod download "+self+"/lint/practices@v1.2.4: ")
	assert.ErrorContains(t, err, "/v1.2.4.info: no such file or directory\nCheck GOPROXY")
	assert.ErrorContains(t, err, "or replace "+self+" by a checkout in go.mod")
}

func TestSourcesOfAVendoredModule(t *testing.T) {
	proxy(t, "v1.2.3", "lint/practices")
	const vendored = "/home/user/shop/vendor/" + self + "/internal/gobuild/sources.go"
	shop := t.TempDir()
	t.Chdir(shop)
	gomod := filepath.Join(shop, "go.mod")
	content := "module example.com/shop\n\ngo 1.26.0\n\nrequire " + self + " v1.2.3\n"
	require.NoError(t, os.WriteFile(gomod, []byte(content), 0o600))
	require.NoError(t, os.Mkdir("vendor", 0o700))
	require.NoError(t, os.WriteFile("vendor/modules.txt", []byte("# "+self+" v1.2.3\n## explicit; go 1.26.0\n"), 0o600))

	dir, err := sources(t.Context(), vendored, "lint/practices")
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(dir, "lint/practices@v1.2.3"), dir)

	require.NoError(t, os.Remove(gomod))
	_, err = sources(t.Context(), vendored, "lint/practices")
	assert.ErrorContains(t, err, "its sources are not in /home/user/shop/vendor/"+self+"/lint/practices, ")
	assert.ErrorContains(t, err, "go list -m -f {{.Version}} "+self+": ")
	assert.ErrorContains(t, err, "\nRequire a version of "+self+" in go.mod")
}
