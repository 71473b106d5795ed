package charts

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
	"helm.sh/helm/v3/pkg/chartutil"
)

const (
	self = "github.com/traderadmin/charts"

	// The modules that are built when they are first needed: Go does not download them with this one.
	controlPlane = self + "/cluster/embedded/controlplane"
	practices    = self + "/lint/practices"
)

// shop is the repository of somebody else's chart, Helm's starter, with the test and the feature that the README proposes.
type shop struct {
	t      *testing.T
	folder string
}

func newShop(t *testing.T) shop {
	s := shop{t, t.TempDir()}
	charts := filepath.Join(s.folder, "charts")
	require.NoError(t, os.Mkdir(charts, 0o700))
	_, err := chartutil.Create("shop", charts)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(s.folder, "features"), 0o700))
	s.write("features/shop.feature", readmeBlock(t, "gherkin", "Feature: Shop"))
	s.write("shop_test.go", readmeBlock(t, "go", "package shop"))
	s.write("go.mod", "module example.com/shop\n\ngo 1.26.0\n")
	sums, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	s.write("go.sum", string(sums))
	return s
}

func (s shop) write(name, content string) {
	require.NoError(s.t, os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o600))
}

// run runs go in the repository, and returns what it prints and its exit code.
func (s shop) run(args ...string) (string, int) {
	command := exec.CommandContext(s.t.Context(), "go", args...)
	command.Dir = s.folder
	output, err := command.CombinedOutput()
	if err != nil {
		require.ErrorAs(s.t, err, new(*exec.ExitError))
	}
	return string(output), command.ProcessState.ExitCode()
}

// require takes this repository as edits of go.mod say.
func (s shop) require(edits ...string) {
	output, code := s.run(append([]string{"mod", "edit"}, edits...)...)
	require.Zero(s.t, code, output)
}

// test does what the README says.
func (s shop) test() {
	output, code := s.run("test", "-mod=mod", "-count=1", "-v", "-timeout=30m", ".")
	assert.Zero(s.t, code, output)
	assert.Contains(s.t, output, "--- PASS: TestFeatures/A_shop_of_another_version")
	assert.NotContains(s.t, output, "is built from its Go modules", "the control plane that this checkout built serves")

	output, code = s.run("run", "-mod=mod", self+"/lint", "--practices", "charts/shop")
	assert.Equal(s.t, 1, code, "Helm's starter chart is not clean\n%s", output)
	assert.Contains(s.t, output, "charts/shop/templates/deployment.yaml:")
	assert.Contains(s.t, output, "[kube-score/")
}

// readmeBlock returns the README's block in a language that begins with words.
func readmeBlock(t *testing.T, language, words string) string {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?ms)^```" + language + "\n(" + regexp.QuoteMeta(words) + "$.*?)^```$").FindSubmatch(readme)
	require.NotNil(t, block, "README.md has no %s that begins with %q", language, words)
	return string(block[1])
}

func TestAChartOfAnotherRepository(t *testing.T) {
	t.Parallel()
	checkout, err := os.Getwd()
	require.NoError(t, err)
	s := newShop(t)
	s.require("-require="+self+"@v0.0.0", "-replace="+self+"="+checkout)
	s.test()
}

// Most get this repository from a module proxy. It lies in Go's module cache then, without the modules nested in it.
func TestAChartOfAnotherRepositoryThatDownloadsThisOne(t *testing.T) {
	version := fmt.Sprintf("v0.0.0-test.%d", time.Now().UnixNano()) // that no proxy and no other run has
	proxy := t.TempDir()
	for path, folder := range map[string]string{self: ".", controlPlane: "cluster/embedded/controlplane", practices: "lint/practices"} {
		publish(t, proxy, module.Version{Path: path, Version: version}, folder)
	}
	proxies, err := exec.Command("go", "env", "GOPROXY", "GOMODCACHE").Output()
	require.NoError(t, err)
	others, cache, _ := strings.Cut(strings.TrimSpace(string(proxies)), "\n")
	t.Setenv("GOPROXY", "file://"+proxy+","+others)
	t.Setenv("GONOSUMDB", self)
	t.Cleanup(func() { forget(t, cache, version) })

	s := newShop(t)
	s.require("-require=" + self + "@" + version)
	s.test()
	downloaded, err := filepath.Glob(filepath.Join(cache, controlPlane+"@"+version))
	require.NoError(t, err)
	assert.Len(t, downloaded, 1, "the control plane's sources were downloaded")
	assert.NoDirExists(t, filepath.Join(cache, self+"@"+version, "lint", "practices"))
}

// publish puts a version of the module in folder into proxy, a folder that GOPROXY names: see https://go.dev/ref/mod#goproxy-protocol.
func publish(t *testing.T, proxy string, m module.Version, folder string) {
	at := filepath.Join(proxy, m.Path, "@v", m.Version)
	require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o700))
	require.NoError(t, os.WriteFile(at+".info", fmt.Appendf(nil, "{%q: %q}", "Version", m.Version), 0o600))
	gomod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	require.NoError(t, err)
	require.Equal(t, m.Path, modfile.ModulePath(gomod))
	require.NoError(t, os.WriteFile(at+".mod", gomod, 0o600))
	archive, err := os.Create(at + ".zip")
	require.NoError(t, err)
	require.NoError(t, zip.CreateFromDir(archive, m, folder))
	require.NoError(t, archive.Close())
}

// forget takes the version of this module, and of those nested in it, out of Go's module cache, which it was not to be kept in.
func forget(t *testing.T, cache, version string) {
	for _, path := range []string{self, controlPlane, practices} {
		extracted := filepath.Join(cache, path+"@"+version)
		assert.NoError(t, filepath.WalkDir(extracted, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				err = os.Chmod(path, 0o700) // Go had taken the right to write away
			}
			return err
		}))
		assert.NoError(t, os.RemoveAll(extracted))
		downloads := filepath.Join(cache, "cache", "download", path, "@v")
		kept, err := filepath.Glob(filepath.Join(downloads, version+".*"))
		assert.NoError(t, err)
		for _, file := range append(kept, filepath.Join(downloads, "list")) { // Go makes the list again
			assert.NoError(t, os.Remove(file))
		}
	}
}
