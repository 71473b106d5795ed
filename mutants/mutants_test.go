package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/traderadmin/charts/cluster/embedded"
	"github.com/traderadmin/charts/steps"
)

// mutants runs the command on the chart, as from the root of the repository, with the faults and features of a test.
func mutants(t *testing.T, faults, features string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"-chart", "../charts/traderadmin", "-features", features, "-faults", faults, "-wait", "10s"}, args...)
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// file is a file of a test with the content, in a folder of its own.
func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// one scenario, which the chart passes.
func one(t *testing.T) string {
	return filepath.Dir(file(t, "one.feature", `
Feature: One
  Scenario: Image
    When I run helm upgrade with --set image.goScanner=custom:1.2
    Then go-scanner pods use image "custom:1.2"
`))
}

// The whole catalogue takes minutes: `make mutants` runs it.
func TestEveryFaultOfTheCatalogueApplies(t *testing.T) {
	t.Parallel()
	faults, err := readCatalog("faults.yaml")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(faults), 60)
	_, err = suite{chart: "../charts/traderadmin", features: "../features"}.trials(faults, t.TempDir())
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

func TestFaultsAreFoundByTheLinterAndByScenariosOrSurvive(t *testing.T) {
	code, stdout, stderr := mutants(t, file(t, "faults.yaml", selectsNothing+ignoresImage+harmless), one(t))

	assert.Equal(t, survived, code, stderr)
	assert.Contains(t, stdout, "the chart as it is passes\n")
	assert.Contains(t, stdout, "a comment is gone: SURVIVED\n")
	assert.Regexp(t, `(?m)^FAULT +CAUGHT BY +WORDS$`, stdout)
	assert.Regexp(t, `(?m)^a Service selects no pod +lint selector-matches-no-pod +charts/traderadmin/templates/go-scanner-service.yaml:\d+: `, stdout)
	assert.Regexp(t, `(?m)^an image is ignored +one.feature: Image +go-scanner pods use image "custom:1.2": `, stdout)
	assert.Contains(t, stdout, "\nSurvivors:\n  a comment is gone (.helmignore)\n")
	assert.Contains(t, stdout, "3 faults: 2 caught, 0 caught without the words, 1 survived\n")
}

// On a cluster that others use too, a trial waits for the one before, and takes away what it made.
func TestAClusterOfTheUsersIsLeftAsItWas(t *testing.T) {
	users := embedded.New(embedded.Options{}, io.Discard)
	require.NoError(t, users.Start(t.Context()))
	defer func() { assert.NoError(t, users.Stop()) }()
	access, err := clientcmd.LoadFromFile(users.Kubeconfig())
	require.NoError(t, err)
	other := strings.NewReplacer("an image", "the image of another", "pythonOrch", "redis", "your-registry/python-orch", "redis:").Replace(ignoresImage)

	code, stdout, stderr := mutants(t, file(t, "faults.yaml", ignoresImage+other), one(t),
		"-cluster=existing", "-context="+access.CurrentContext, "-kubeconfig="+users.Kubeconfig())

	assert.Equal(t, found, code, stderr)
	assert.Contains(t, stdout, "context "+access.CurrentContext+": "+users.Config().Host)
	assert.Contains(t, stdout, "the chart as it is passes\n")
	assert.Contains(t, stdout, "2 faults: 2 caught, 0 caught without the words, 0 survived\n")
	assert.NotContains(t, stdout, "what other runs made")
	client, err := kubernetes.NewForConfig(users.Config())
	require.NoError(t, err)
	left, err := client.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{LabelSelector: steps.RunLabel})
	require.NoError(t, err)
	assert.Empty(t, left.Items)
}

func TestFewSurvivorsAreTolerated(t *testing.T) {
	t.Parallel()
	caught := verdict{catches: []catch{{by: "lint"}}}
	verdicts := []verdict{{}}
	for range tolerated - 1 {
		verdicts = append(verdicts, caught)
	}
	assert.Equal(t, survived, conclude(&bytes.Buffer{}, verdicts), "1 in 20")
	assert.Equal(t, found, conclude(&bytes.Buffer{}, append(verdicts, caught)), "1 in 21")
}

func TestAFaultIsFoundByWordsThatNameIt(t *testing.T) {
	t.Parallel()
	const unnamed = `
- name: a name is wrong
  file: templates/go-scanner-service.yaml
  find: '"component" "go-scanner"'
  replace: '"component" "scanner"'
  says: [Service/redis]
`
	code, stdout, stderr := mutants(t, file(t, "faults.yaml", unnamed+selectsNothing), one(t), "-run", "a name")

	assert.Equal(t, survived, code, stderr)
	assert.Contains(t, stdout, "a name is wrong: caught, but nothing says [\"Service/redis\"] in one place:\n  lint selector-matches-no-pod: ")
	assert.Contains(t, stdout, "1 faults: 0 caught, 1 caught without the words, 0 survived\n")
}

func TestWhatCannotRunSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults string
		args   []string
		says   string
	}{
		"a text that stands nowhere": {
			faults: "- {name: one, file: Chart.yaml, find: nowhere, says: [it]}\n- {name: two, file: none, find: x, says: [it]}",
			says:   "one: the text to find stands 0 times in Chart.yaml, and has to stand there once:\nnowhere\ntwo: open ",
		},
		"a text that stands twice": {
			faults: "- {name: one, file: templates/NOTES.txt, find: Release.Name, says: [it]}",
			says:   "the text to find stands",
		},
		"a fault without words":    {faults: "- {name: one, file: Chart.yaml, find: v2}", says: "one: a fault has a file, a text to find, and words"},
		"a field that faults lack": {faults: "- {name: one, search: v2}", says: "field search not found"},
		"a name that is there twice": {
			faults: "- {name: one, file: a, find: b, says: [c]}\n- {name: one, file: a, find: b, says: [c]}",
			says:   "one: another fault has the same name",
		},
		"a name that no fault has":    {faults: selectsNothing, args: []string{"-run", "zzz"}, says: `no fault has a name that matches "zzz": -list prints them`},
		"a cluster that there is not": {faults: selectsNothing, args: []string{"-cluster=nowhere"}, says: `unknown cluster backend "nowhere": choose one of embedded`},
		"a pattern that is none":      {faults: selectsNothing, args: []string{"-run", "("}, says: "-run: error parsing regexp"},
		"an argument":                 {faults: selectsNothing, args: []string{"redis"}, says: `unexpected arguments ["redis"]: -run takes the names of faults`},
		"a scenario that is not there": {
			faults: "- {name: one, file: .helmignore, find: '*.swp', says: [it], scenario: Two}",
			says:   `are called "Two": want one`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, stderr := mutants(t, file(t, "faults.yaml", c.faults), one(t), c.args...)
			assert.Equal(t, couldNotRun, code)
			assert.Contains(t, stderr, c.says)
		})
	}
}

func TestAChartThatDoesNotPassAsItIsIsRefused(t *testing.T) {
	const unanswered = `
Feature: One
  Scenario: None
    Then go-scanner pods use image "custom:1.2"
`
	code, _, stderr := mutants(t, file(t, "faults.yaml", selectsNothing), filepath.Dir(file(t, "one.feature", unanswered)))
	assert.Equal(t, couldNotRun, code)
	assert.Contains(t, stderr, "the chart as it is does not pass: one.feature: None: ")
}

func TestTheListOfFaults(t *testing.T) {
	t.Parallel()
	code, stdout, _ := mutants(t, file(t, "faults.yaml", selectsNothing+ignoresImage), one(t), "-list")
	assert.Equal(t, found, code)
	assert.Equal(t, "a Service selects no pod\nan image is ignored\n", stdout)
}
