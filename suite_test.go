package charts

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/cluster/embedded"
)

// firstFeature is the one that the chart was first promised with. It is enough to see a run break.
const firstFeature = "features/helm_chart_deployment.feature"

// run is `go test -run TestFeatures` in a folder of its own, with a copy of the chart and the first feature to break.
type run struct {
	t      *testing.T
	folder string
}

func newRun(t *testing.T) run {
	r := run{t, t.TempDir()}
	require.NoError(t, os.CopyFS(filepath.Join(r.folder, "charts"), os.DirFS("charts")))
	feature, err := os.ReadFile(firstFeature)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(r.folder, "features"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(r.folder, firstFeature), feature, 0o600))
	return r
}

// replace replaces old, which stands once in file, by new.
func (r run) replace(file, old, new string) {
	path := filepath.Join(r.folder, file)
	content, err := os.ReadFile(path)
	require.NoError(r.t, err)
	require.Equal(r.t, 1, strings.Count(string(content), old), "%q in %s", old, file)
	require.NoError(r.t, os.WriteFile(path, []byte(strings.Replace(string(content), old, new, 1)), 0o600))
}

// command is the run, ready to start. It is this very test binary.
func (r run) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, os.Args[0], append([]string{"-test.run=^TestFeatures$", "-test.timeout=20m"}, args...)...)
	command.Dir = r.folder
	command.Env = append(os.Environ(), "TMPDIR="+r.t.TempDir()) // which must be empty again at the end
	return command
}

// clientsLog matches what client libraries log.
var clientsLog = regexp.MustCompile(`(?m)^[IWEF]\d{4} \d\d:\d\d.*`)

// output of the run, which has nothing that client libraries log, and whether it passed.
func (r run) output(args ...string) (string, bool) {
	command := r.command(r.t.Context(), args...)
	output, err := command.CombinedOutput()
	if err != nil {
		require.ErrorAs(r.t, err, new(*exec.ExitError))
	}
	assert.Empty(r.t, clientsLog.FindAllString(string(output), -1))
	return string(output), err == nil
}

const (
	scannerDeployment = "charts/traderadmin/templates/go-scanner-deployment.yaml"
	scannerService    = "charts/traderadmin/templates/go-scanner-service.yaml"
	redisService      = "charts/traderadmin/templates/redis-service.yaml"
	started           = "Feature: Helm Chart Deployment" // printed when scenarios run
)

// TestFaults breaks the chart, and wants the run to break with words that point at the cause.
func TestFaults(t *testing.T) {
	for name, fault := range map[string]struct {
		file, old, new string
		beforeCluster  bool // the linter stops the run
		words          []string
	}{
		"a selector matches no pod": {
			file: scannerDeployment, old: "matchLabels:\n      {{- include \"traderadmin.selectorLabels\" $component | nindent 6 }}",
			new:           "matchLabels:\n      app: scanner",
			beforeCluster: true,
			words:         []string{scannerDeployment + ":14:", "Deployment/go-scanner does not select its own pods", "app: scanner"},
		},
		"a Service selects no pod": {
			file: scannerService, old: `"component" "go-scanner"`, new: `"component" "scanner"`,
			beforeCluster: true,
			words:         []string{scannerService + ":1:", "Service/scanner", "app.kubernetes.io/component: scanner"},
		},
		"the API refuses an object": {
			file: redisService, old: "- name: redis", new: "- name: The_Redis",
			words: []string{"helm install traderadmin ./charts/traderadmin", `Service "redis" is invalid`, "RFC 1123 label"},
		},
		"a container has no limits": {
			file: scannerDeployment, old: "toYaml . | nindent 12", new: `toYaml (omit . "limits") | nindent 12`,
			beforeCluster: true,
			words:         []string{"go-scanner-deployment.yaml:", "limits", "container", "go-scanner"},
		},
		"a value is of the wrong type": {
			file: "charts/traderadmin/values.yaml", old: "goScanner: 1", new: "goScanner: two",
			beforeCluster: true,
			words:         []string{"charts/traderadmin/values.yaml:", "replicaCount", "goScanner", "integer"},
		},
		"a template does not parse": {
			file: scannerDeployment, old: "{{- if .Values.redis.enabled }}", new: "{{- if .Values.redis.enabled }",
			beforeCluster: true,
			words:         []string{scannerDeployment + ":", "unexpected"},
		},
		"a template ignores the image": {
			file: scannerDeployment, old: "{{ .Values.image.goScanner | quote }}", new: "your-registry/go-scanner:latest",
			beforeCluster: true, // environments set images of their own
			words:         []string{scannerDeployment + ":", "your-registry/go-scanner:latest", "Only with values-production.yaml"},
		},
		"a Deployment has another name": {
			file: scannerDeployment, old: "metadata:\n  name: go-scanner", new: "metadata:\n  name: scanner",
			beforeCluster: true, // the autoscaler names it
			words:         []string{"go-scanner-hpa.yaml:", "HorizontalPodAutoscaler/go-scanner scales Deployment/go-scanner, which the release does not make"},
		},
		"a step is not defined": {
			file: firstFeature, old: "Given a Kubernetes cluster", new: "Given a Kubernetes clutter",
			beforeCluster: true,
			words: []string{
				firstFeature + ":3: there is no such step as `a Kubernetes clutter`; the nearest is",
				"Usage: a Kubernetes cluster",
			},
		},
		"a step's command has a typo": {
			file: firstFeature, old: "helm install", new: "helm instal",
			words: []string{`"instal"`, "install"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			r.replace(fault.file, fault.old, fault.new)

			output, passed := r.output("-wait=10s")

			assert.False(t, passed, "the run passed")
			for _, words := range fault.words {
				assert.Contains(t, output, words)
			}
			if fault.beforeCluster {
				assert.NotContains(t, output, started)
			} else {
				assert.Contains(t, output, started)
			}
		})
	}
}

func TestAPodThatFitsNoNodeIsExplained(t *testing.T) {
	t.Parallel()
	output, passed := newRun(t).output("-wait=3s", "-node-cpu=150m")

	assert.False(t, passed, "the run passed")
	assert.Contains(t, output, "0 of 1 pods are available")
	assert.Contains(t, output, "Insufficient cpu")
}

func TestARunOfNothingFails(t *testing.T) {
	t.Parallel()
	output, passed := newRun(t).output("-godog.tags=@nothing")

	assert.False(t, passed, "the run passed")
	assert.Contains(t, output, `no scenario in [features] has the tags "@nothing"`)
}

func TestAShardRunsItsPart(t *testing.T) {
	t.Parallel()
	output, passed := newRun(t).output("-shard=2/2")

	assert.True(t, passed, output)
	assert.Contains(t, output, "1 scenarios (1 passed)")
	assert.Contains(t, output, "Scenario: Override image tags                                   # "+firstFeature+":7")
}

// A failed scenario is kept until Ctrl-C, which is then no failure to clean up.
func TestKeepFailed(t *testing.T) {
	t.Parallel()
	r := newRun(t)
	r.replace(firstFeature, "and go-scanner appear", "and no-scanner appear")
	command := r.command(t.Context(), "-wait=1s", "-keep-failed")
	temporary := strings.TrimPrefix(command.Env[len(command.Env)-1], "TMPDIR=")
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	awaitLine(t, stdout, "export KUBECONFIG="+temporary)
	assert.NotEmpty(t, processGroup(t, temporary), "the cluster runs on")

	require.NoError(t, command.Process.Signal(os.Interrupt))
	_, err = io.Copy(io.Discard, stdout)
	require.NoError(t, err)
	assert.Error(t, command.Wait(), "the run failed")

	left, err := os.ReadDir(temporary)
	require.NoError(t, err)
	assert.Empty(t, left, "files of the control plane outlive the run")
}

func TestAnUnknownClusterIsRefused(t *testing.T) {
	t.Parallel()
	output, passed := newRun(t).output("-cluster=nowhere")

	assert.False(t, passed, "the run passed")
	assert.Contains(t, output, `unknown cluster backend "nowhere": choose one of embedded`)
}

func TestRunsSideBySide(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"one", "another"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, passed := newRun(t).output()
			assert.True(t, passed, output)
		})
	}
}

// TestNothingOutlivesTheRun ends a run while a scenario waits for something that will not come.
func TestNothingOutlivesTheRun(t *testing.T) {
	for _, end := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(end.String(), func(t *testing.T) {
			t.Parallel()
			r := newRun(t)
			r.replace(firstFeature, "and go-scanner appear", "and no-scanner appear")
			command := r.command(t.Context(), "-wait=10m")
			temporary := strings.TrimPrefix(command.Env[len(command.Env)-1], "TMPDIR=")
			stdout, err := command.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, command.Start())
			awaitLine(t, stdout, started)
			group := processGroup(t, temporary)

			require.NoError(t, command.Process.Signal(end))
			assert.Error(t, command.Wait())

			gone := func() bool { return syscall.Kill(-group, 0) == syscall.ESRCH }
			assert.Eventually(t, gone, 5*time.Second, 10*time.Millisecond, "processes of the control plane outlive the run")
			left, err := os.ReadDir(temporary)
			require.NoError(t, err)
			assert.Empty(t, left, "files of the control plane outlive the run")
		})
	}
}

// awaitLine reads from output until a line has words in it.
func awaitLine(t *testing.T, output io.Reader, words string) {
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if strings.Contains(lines.Text(), words) {
			return
		}
	}
	t.Fatalf("the run ended without saying %q", words)
}

// processGroup returns the process group of the control plane that keeps its files in folder.
func processGroup(t *testing.T, folder string) int {
	output, err := exec.Command("pgrep", "-f", folder).Output()
	require.NoError(t, err, "find a process with %s on its command line", folder)
	pid, err := strconv.Atoi(strings.Fields(string(output))[0])
	require.NoError(t, err)
	group, err := syscall.Getpgid(pid)
	require.NoError(t, err)
	return group
}

// TestTheHelmBinaryAgrees has the real helm, of the version in go.mod, do what the chart's first users were told to do.
func TestTheHelmBinaryAgrees(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	helm := filepath.Join(folder, "helm")
	output, err := exec.Command("go", "build", "-o", helm, "helm.sh/helm/v3/cmd/helm").CombinedOutput()
	require.NoError(t, err, string(output))
	provider := embedded.New(embedded.Options{}, os.Stdout)
	require.NoError(t, provider.Start(t.Context()))
	defer func() { assert.NoError(t, provider.Stop()) }()

	for _, line := range []string{
		"lint --strict charts/traderadmin",
		"install traderadmin ./charts/traderadmin --namespace trader --create-namespace --wait",
		"upgrade traderadmin ./charts/traderadmin --namespace trader --set image.pythonOrch=registry/python-orch:v2.0 --set replicaCount.goScanner=2 --wait",
		"package charts/traderadmin --destination " + folder,
		"upgrade traderadmin " + folder + "/traderadmin-0.1.0.tgz --namespace trader --set replicaCount.goScanner=3 --wait",
		"rollback traderadmin 1 --namespace trader --wait",
		"uninstall traderadmin --namespace trader --wait",
	} {
		command := exec.Command(helm, strings.Fields(line)...)
		command.Env = append(os.Environ(), "KUBECONFIG="+provider.Kubeconfig(), "HOME="+folder)
		output, err := command.CombinedOutput()
		require.NoError(t, err, "helm %s\n%s", line, output)
	}
}

// The feature that the chart was first promised with stands as it was written.
func TestTheFirstFeatureIsUnchanged(t *testing.T) {
	content, err := os.ReadFile(firstFeature)
	require.NoError(t, err)
	assert.Equal(t, "4abe079b1e37c2dcec135b19784ab9f839a81493e61122020f35b59955c6bc7f", fmt.Sprintf("%x", sha256.Sum256(content)))
}
