package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/traderadmin/charts/acceptance"
	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/cluster/embedded/embeddedtest"
	"github.com/traderadmin/charts/steps"
)

// users is a cluster in the place of a user's. Its context is "embedded".
var users = embeddedtest.New(embedded.Options{})

func TestMain(m *testing.M) { users.Main(m) }

// skipIfShort skips a test that runs scenarios on a cluster.
func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short skips trials that need a cluster")
	}
}

// onUsersCluster returns the flags with which the command uses the cluster users.
func onUsersCluster(t *testing.T) []string {
	t.Helper()
	return []string{"-cluster=existing", "-context=embedded", "-kubeconfig=" + users.Kubeconfig(t)}
}

// mutants runs the command on the chart of this repository, with a catalog and features of the test.
func mutants(t *testing.T, faults, features string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{
		"-chart", "../charts/traderadmin", "-features", features, "-faults", faults, "-wait", "10s",
	}, args...)
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// file writes a file to a temporary folder and returns its path.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// oneScenario returns a folder with a scenario that the chart passes.
func oneScenario(t *testing.T) string {
	return filepath.Dir(file(t, "one.feature", `
Feature: One
  Scenario: Image
    When I run helm upgrade with --set image.goScanner=custom:1.2
    Then go-scanner pods use image "custom:1.2"
`))
}

// TestCatalogApplies does not run the catalog, which takes minutes: `make mutants` does.
func TestCatalogApplies(t *testing.T) {
	t.Parallel()
	faults, err := readCatalog("faults.yaml")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(faults), 60)
	tested := acceptance.Suite{Chart: "./charts/traderadmin", Features: "../features"}
	_, err = suite{chart: "../charts/traderadmin", tested: tested}.trials(faults, t.TempDir())
	assert.NoError(t, err)
}

const (
	selectsNothing = `
- name: a Service selects no pod
  file: templates/go-scanner-service.yaml
  find: '"component" "go-scanner"'
  replace: '"component" "scanner"'
  says: [Service/scanner selects no pod]
`
	ignoresImage = `
- name: an image is ignored
  file: templates/go-scanner-deployment.yaml
  find: "{{ .Values.image.goScanner | quote }}"
  replace: "{{ .Values.image.pythonOrch | quote }}"
  scenario: Image
  says: [go-scanner pods use image "custom:1.2", your-registry/python-orch]
`
	harmless = `
- name: a comment is gone
  file: .helmignore
  find: "# Version control\n"
  says: [nothing]
`
)

func TestVerdicts(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	code, stdout, stderr := mutants(t, file(t, "faults.yaml", selectsNothing+ignoresImage+harmless), oneScenario(t))

	assert.Equal(t, exitSurvived, code, stderr)
	assert.Contains(t, stdout, "the unchanged chart passes\n")
	assert.Contains(t, stdout, "a comment is gone: SURVIVED\n")
	assert.Regexp(t, `(?m)^FAULT +CAUGHT BY +WORDS$`, stdout)
	assert.Regexp(t, `(?m)^a Service selects no pod +lint selector-matches-no-pod +`+
		`charts/traderadmin/templates/go-scanner-service.yaml:\d+: `, stdout)
	assert.Regexp(t, `(?m)^an image is ignored +one.feature: Image +go-scanner pods use image "custom:1.2": `, stdout)
	assert.Contains(t, stdout, "\nSurvivors:\n  a comment is gone (.helmignore)\n")
	assert.Contains(t, stdout, "3 faults: 2 caught, 0 caught without the words, 1 survived\n")
}

// TestExistingCluster checks that trials on an existing cluster run one at a time and clean up.
func TestExistingCluster(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	other := strings.NewReplacer(
		"an image", "the image of another", "pythonOrch", "redis", "your-registry/python-orch", "redis:",
	).Replace(ignoresImage)

	code, stdout, stderr := mutants(t, file(t, "faults.yaml", ignoresImage+other), oneScenario(t), onUsersCluster(t)...)

	assert.Equal(t, exitCaught, code, stderr)
	assert.Contains(t, stdout, "context embedded: "+users.Config(t).Host)
	assert.Contains(t, stdout, "the unchanged chart passes\n")
	assert.Contains(t, stdout, "2 faults: 2 caught, 0 caught without the words, 0 survived\n")
	assert.NotContains(t, stdout, "what other runs made")
	left, err := users.Client(t).CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{LabelSelector: steps.RunLabel})
	require.NoError(t, err)
	assert.Empty(t, left.Items)
}

func TestTolerance(t *testing.T) {
	t.Parallel()
	caught := verdict{catches: []catch{{by: "lint"}}}
	verdicts := []verdict{{}}
	for range tolerated - 1 {
		verdicts = append(verdicts, caught)
	}
	assert.Equal(t, exitSurvived, conclude(&bytes.Buffer{}, verdicts), "1 in 20")
	assert.Equal(t, exitCaught, conclude(&bytes.Buffer{}, append(verdicts, caught)), "1 in 21")
}

func TestWords(t *testing.T) {
	t.Parallel()
	const unnamed = `
- name: a name is wrong
  file: templates/go-scanner-service.yaml
  find: '"component" "go-scanner"'
  replace: '"component" "scanner"'
  says: [Service/redis]
`
	code, stdout, stderr := mutants(t, file(t, "faults.yaml", unnamed+selectsNothing), oneScenario(t), "-run", "a name")

	assert.Equal(t, exitSurvived, code, stderr)
	assert.Contains(t, stdout, "a name is wrong: caught, but no finding or failure has the words [\"Service/redis\"]:\n"+
		"  lint selector-matches-no-pod: ")
	assert.Contains(t, stdout, "1 faults: 0 caught, 1 caught without the words, 0 survived\n")
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults string
		args   []string
		says   string
	}{
		"a text that does not occur": {
			faults: "- {name: one, file: Chart.yaml, find: nowhere, says: [it]}\n- {name: two, file: none, find: x, says: [it]}",
			says:   "one: the text to find occurs 0 times in Chart.yaml, not once:\nnowhere\ntwo: open ",
		},
		"a text that occurs twice": {
			faults: "- {name: one, file: templates/NOTES.txt, find: Release.Name, says: [it]}",
			says:   "the text to find occurs",
		},
		"a fault without words": {
			faults: "- {name: one, file: Chart.yaml, find: v2}",
			says:   "one: file, find and says are required",
		},
		"an unknown field": {faults: "- {name: one, search: v2}", says: "field search not found"},
		"a name that is used twice": {
			faults: "- {name: one, file: a, find: b, says: [c]}\n- {name: one, file: a, find: b, says: [c]}",
			says:   "one: another fault has the same name",
		},
		"a name that no fault has": {
			faults: selectsNothing, args: []string{"-run", "zzz"},
			says: `no fault has a name that matches "zzz": -list prints the names`,
		},
		"an unknown backend": {
			faults: selectsNothing, args: []string{"-cluster=nowhere"},
			says: `unknown cluster backend "nowhere": choose one of embedded`,
		},
		"an invalid pattern": {
			faults: selectsNothing, args: []string{"-run", "("},
			says: "-run: error parsing regexp",
		},
		"an argument that is no chart": {
			faults: selectsNothing, args: []string{"redis"},
			says: "there is no chart redis; -run selects mutants and faults by name",
		},
		"two charts": {
			faults: selectsNothing, args: []string{"..", "../charts/traderadmin"},
			says: `unexpected arguments ["../charts/traderadmin"]: name one chart`,
		},
		"an unknown scenario": {
			faults: "- {name: one, file: .helmignore, find: '*.swp', says: [it], scenario: Two}",
			says:   `are named "Two", not one`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := mutants(t, file(t, "faults.yaml", c.faults), oneScenario(t), c.args...)
			assert.Equal(t, exitFailed, code)
			assert.Contains(t, stderr, c.says)
		})
	}
}

func TestUnchangedChartFails(t *testing.T) {
	skipIfShort(t)
	const unanswered = `
Feature: One
  Scenario: None
    Then go-scanner pods use image "custom:1.2"
`
	features := filepath.Dir(file(t, "one.feature", unanswered))
	args := append(onUsersCluster(t), "-wait=1s")
	code, _, stderr := mutants(t, file(t, "faults.yaml", selectsNothing), features, args...)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, stderr, "the unchanged chart does not pass: one.feature: None: ")
}

func TestList(t *testing.T) {
	t.Parallel()
	code, stdout, _ := mutants(t, file(t, "faults.yaml", selectsNothing+ignoresImage), oneScenario(t), "-list")
	assert.Equal(t, exitCaught, code)
	assert.Equal(t, "a Service selects no pod\nan image is ignored\n", stdout)
}
