package acceptance

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/semver"
	"sigs.k8s.io/kind/pkg/apis/config/defaults"

	"github.com/traderadmin/charts/internal/chart"
)

// mayImport lists the areas of the repository, each with the other areas that its packages may import. An area is a
// folder with everything below it. A package outside all areas fails the test.
var mayImport = map[string][]string{
	"":                      {"acceptance", "steps"},
	"acceptance":            {"steps", "lint", "cluster", "internal"},
	"mutants":               {"acceptance", "steps", "lint", "cluster", "internal"},
	"steps":                 {"cluster", "internal"},
	"lint":                  {"internal"},
	"cluster":               {"internal/controlplane"},
	"internal/chart":        nil,
	"internal/valuesuse":    {"internal/chart", "internal/schema", "internal/valuesschema"},
	"internal/valuesschema": {"internal/chart", "internal/schema"},
	"internal/schema":       nil,
	"internal/helm": {
		"internal/chart", "internal/gobuild", "internal/rollout", "internal/schema", "internal/suggest", "internal/workload",
	},
	"internal/rollout":      {"internal/workload"},
	"internal/expression":   nil,
	"internal/workload":     nil,
	"internal/gobuild":      nil,
	"internal/controlplane": {"internal/gobuild"},
	"internal/gherkin":      nil,
	"internal/github":       nil,
	"internal/junit":        nil,
	"internal/logonce":      nil,
	"internal/suggest":      nil,
}

// TestImports compares the imports of all packages, except those of tests, with mayImport.
func TestImports(t *testing.T) {
	t.Parallel()
	for folder, imports := range packages(t) {
		area, known := areaOf(folder)
		if !assert.True(t, known, "no area contains the package %q", folder) {
			continue
		}
		for _, path := range imports {
			if helm := strings.HasPrefix(path, "helm.sh/helm/"); helm {
				assert.Contains(t, []string{"internal/chart", "internal/helm"}, area, "%s imports %s", folder, path)
			}
			imported, ours := strings.CutPrefix(path, suiteModule)
			imported = strings.TrimPrefix(imported, "/")
			if !ours || isBelow(imported, area) {
				continue
			}
			allowed := slices.ContainsFunc(mayImport[area], func(other string) bool { return isBelow(imported, other) })
			assert.True(t, allowed, "%q imports %q: %q may import %q only", folder, imported, area, mayImport[area])
		}
	}
}

// packages returns the imports of every package of this module, by the package's folder.
func packages(t *testing.T) map[string][]string {
	list := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...")
	list.Dir = ".."
	output, err := list.Output()
	require.NoError(t, err)
	imports := map[string][]string{}
	for line := range strings.Lines(string(output)) {
		words := strings.Fields(line)
		imports[strings.TrimPrefix(strings.TrimPrefix(words[0], suiteModule), "/")] = words[1:]
	}
	require.NotEmpty(t, imports)
	return imports
}

// areaOf returns the area that contains a package.
func areaOf(folder string) (area string, known bool) {
	for candidate := range mayImport {
		if candidate != "" && isBelow(folder, candidate) {
			return candidate, true
		}
	}
	return "", folder == ""
}

func isBelow(folder, area string) bool { return folder == area || strings.HasPrefix(folder, area+"/") }

// TestFirstFeature checks that the feature that specified the chart is unchanged, byte for byte.
func TestFirstFeature(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join("..", firstFeature))
	require.NoError(t, err)
	sum := sha256.Sum256(content)
	assert.Equal(t, "4abe079b1e37c2dcec135b19784ab9f839a81493e61122020f35b59955c6bc7f", hex.EncodeToString(sum[:]))
}

// TestNodeImagesOfCI checks that CI runs on kind for each Kubernetes minor that the linter renders for, and on the
// node image that kind itself uses.
func TestNodeImagesOfCI(t *testing.T) {
	t.Parallel()
	workflow, err := os.ReadFile("../.github/workflows/chart.yaml")
	require.NoError(t, err)
	image := regexp.MustCompile(`kindest/node:(v\d+\.\d+\.\d+)@sha256:[0-9a-f]{64}\n`)
	var minors []string
	for _, found := range image.FindAllStringSubmatch(string(workflow), -1) {
		minors = append(minors, semver.MajorMinor(found[1]))
	}
	var wanted []string
	for _, version := range chart.KubeVersions() {
		wanted = append(wanted, semver.MajorMinor(version))
	}
	assert.Equal(t, wanted, minors)
	assert.Contains(t, string(workflow), defaults.Image+"\n")
}
