package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/linter"
)

// TestModule tests Helm's starter chart in a separate module with the files from the README. That module gets this one
// from a module proxy, without the modules nested in it.
//
// No file is written to the user's module cache: the tests are compiled with it, against an unpacked copy of the module
// from the proxy, and run with their own module cache.
func TestModule(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	buildNested(t)
	shop := newShop(t)
	shop.build("test", "-c", "-o", shop.folder+"/shop.test", ".")
	shop.build("build", "-o", shop.folder+"/lint", suiteModule+"/lint")
	params := scripts("testdata/module")
	params.Setup = func(env *testscript.Env) error {
		if err := setUp(env); err != nil {
			return err
		}
		for _, name := range []string{"charts", "features"} {
			if err := os.RemoveAll(filepath.Join(env.WorkDir, name)); err != nil {
				return err
			}
		}
		env.Setenv("PATH", shop.folder+string(os.PathListSeparator)+env.Getenv("PATH"))
		env.Setenv("GOMODCACHE", filepath.Join(env.WorkDir, "modcache"))
		env.Setenv("GOPROXY", "file://"+shop.proxy)
		env.Setenv("GONOSUMDB", suiteModule)
		return os.CopyFS(env.WorkDir, os.DirFS(shop.repository()))
	}
	testscript.Run(t, params)
}

// suiteModule is the path of this module.
const suiteModule = "github.com/traderadmin/charts"

// buildNested builds the modules nested in this one, unless they are cached: the module cache of the scripts lacks
// their dependencies.
func buildNested(t *testing.T) {
	controlPlane := embedded.New(embedded.Options{}, os.Stderr)
	require.NoError(t, controlPlane.Start(t.Context()))
	require.NoError(t, controlPlane.Stop())
	_, err := linter.Run(t.Context(), []string{"testdata/ailing"}, linter.Options{Practices: true, Progress: os.Stderr})
	require.NoError(t, err)
}

// shop is a module with a chart and its tests.
type shop struct {
	t      *testing.T
	folder string
	proxy  string // the folder of a module proxy
}

func newShop(t *testing.T) *shop {
	const version = "v0.0.0-test"
	s := &shop{t, t.TempDir(), t.TempDir()}
	for path, folder := range map[string]string{
		suiteModule: "..",
		suiteModule + "/cluster/embedded/controlplane": "../cluster/embedded/controlplane",
		suiteModule + "/lint/practices":                "../lint/practices",
		suiteModule + "/internal/helm/helm4":           "../internal/helm/helm4",
	} {
		publish(t, s.proxy, module.Version{Path: path, Version: version}, folder)
	}
	unpacked := filepath.Join(t.TempDir(), suiteModule+"@"+version)
	archive := filepath.Join(s.proxy, suiteModule, "@v", version+".zip")
	require.NoError(t, zip.Unzip(unpacked, module.Version{Path: suiteModule, Version: version}, archive))

	require.NoError(t, os.MkdirAll(filepath.Join(s.repository(), "charts"), 0o700))
	_, err := charttest.Create("shop", filepath.Join(s.repository(), "charts"))
	require.NoError(t, err)
	s.write("go.mod", fmt.Sprintf("module example.com/shop\n\ngo 1.26.0\n\nrequire %s %s\n\nreplace %[1]s => %[3]q\n",
		suiteModule, version, unpacked))
	sums, err := os.ReadFile("../go.sum")
	require.NoError(t, err)
	s.write("go.sum", string(sums))
	s.write("shop_test.go", readmeBlock(t, "go", `acceptance.Suite{Chart: "./charts/shop"}`))
	ownSteps := readmeBlock(t, "go", "s.Step(")
	s.write("steps_test.go", strings.Replace(ownSteps, "TestFeatures", "TestOwnSteps", 1)) // beside the other
	s.write("features/shop.feature", readmeBlock(t, "gherkin", "Feature: Shop"))
	return s
}

// repository returns the folder of the module. The commands built from it are in the parent folder.
func (s *shop) repository() string { return filepath.Join(s.folder, "repository") }

func (s *shop) write(name, content string) {
	path := filepath.Join(s.repository(), name)
	require.NoError(s.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(s.t, os.WriteFile(path, []byte(content), 0o600))
}

// build runs go in the repository.
func (s *shop) build(args ...string) {
	args = append([]string{args[0], "-mod=mod"}, args[1:]...)
	command := exec.CommandContext(s.t.Context(), "go", args...)
	command.Dir = s.repository()
	command.Env = append(os.Environ(), "GOWORK=off")
	output, err := command.CombinedOutput()
	require.NoError(s.t, err, "go %s\n%s", strings.Join(args, " "), output)
}

// publish adds a module to a proxy. See https://go.dev/ref/mod#goproxy-protocol.
func publish(t *testing.T, proxy string, m module.Version, folder string) {
	base := filepath.Join(proxy, m.Path, "@v", m.Version)
	require.NoError(t, os.MkdirAll(filepath.Dir(base), 0o700))
	info, err := json.Marshal(map[string]string{"Version": m.Version})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(base+".info", info, 0o600))
	gomod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	require.NoError(t, err)
	require.Equal(t, m.Path, modfile.ModulePath(gomod))
	require.NoError(t, os.WriteFile(base+".mod", gomod, 0o600))
	archive, err := os.Create(base + ".zip")
	require.NoError(t, err)
	require.NoError(t, zip.CreateFromDir(archive, m, folder))
	require.NoError(t, archive.Close())
}

// readmeBlock returns the code block of the README in a language that contains text.
func readmeBlock(t *testing.T, language, text string) string {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(string(readme), -1)
	for _, block := range blocks {
		if strings.Contains(block[1], text) {
			return block[1]
		}
	}
	t.Fatalf("README.md has no %s block that contains %q", language, text)
	return ""
}
