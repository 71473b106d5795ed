package kind

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// fakePrograms sets PATH to a directory with these shell scripts, by name, and gives the test a home and a cache
// directory of its own. It returns the file to which the scripts append their command lines.
func fakePrograms(t *testing.T, programs map[string]string) (calls string) {
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	dir := t.TempDir()
	calls = filepath.Join(dir, "calls")
	for name, script := range programs {
		content := fmt.Sprintf("#!%s\necho %s \"$@\" >> %s\n%s\n", sh, name, calls, script)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700))
	}
	t.Setenv("PATH", dir)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	return calls
}

const (
	engine = `case "$1" in version) echo 28.0;; ps) ;; image) ;; esac`
	quiet  = `case "$1 $2" in "get clusters") echo "No kind clusters found." >&2;; esac`
)

// A start that fails reports the cause and advice within seconds, and leaves nothing behind.
func TestStartErrors(t *testing.T) {
	dir := t.TempDir()
	config := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	const cannotPull = `case "$1" in version) ;; image) exit 1;; pull) echo no such host >&2; exit 1;; esac`
	const refuse = `case "$1" in create)
		printf 'Creating cluster\nERROR: failed to create cluster: unknown apiVersion: v9\n' >&2; exit 1;; esac`
	for name, test := range map[string]struct {
		programs map[string]string
		options  Options
		words    []string
	}{
		"no docker command": {
			words: []string{"no Docker engine answers", `"docker": executable file not found`, "use -cluster=embedded"},
		},
		"no engine": {
			programs: map[string]string{"docker": "echo Cannot connect to the Docker daemon. >&2; exit 1"},
			words:    []string{"no Docker engine answers", "Cannot connect to the Docker daemon", "Start one"},
		},
		"kind cannot be installed": {
			programs: map[string]string{"docker": engine, "go": "echo no network >&2; exit 1"},
			words: []string{
				"there is no kind command in PATH", "go install sigs.k8s.io/kind@" + version, "no network",
			},
		},
		"image cannot be pulled": {
			programs: map[string]string{"docker": cannotPull, "kind": quiet},
			options:  Options{Image: "kindest/node:v0.0.1"},
			words: []string{
				"the node image kindest/node:v0.0.1 does not exist locally and cannot be pulled", "no such host", "-kind-image",
			},
		},
		"image of the configuration cannot be pulled": {
			programs: map[string]string{"docker": cannotPull, "kind": quiet},
			options:  Options{Config: config("image.yaml", "nodes: [{role: control-plane, image: mine:1}, {role: worker}]")},
			words:    []string{"the node image mine:1 does not exist locally"},
		},
		"name in use": {
			programs: map[string]string{"docker": `case "$1" in ps) echo "nginx:1, Up 2 days";; esac`, "kind": quiet},
			options:  Options{Name: "shop"},
			words: []string{
				"the name shop is in use", "shop-control-plane (nginx:1, Up 2 days)", "-kind-cluster", "docker rm -f",
			},
		},
		"missing configuration": {
			programs: map[string]string{"docker": engine, "kind": quiet},
			options:  Options{Config: "nowhere.yaml"},
			words:    []string{"read the kind configuration (-kind-config)", "nowhere.yaml: no such file"},
		},
		"invalid configuration": {
			programs: map[string]string{"docker": engine, "kind": quiet},
			options:  Options{Config: config("broken.yaml", "nodes: [")},
			words:    []string{"broken.yaml (-kind-config)"},
		},
		"kind fails": {
			programs: map[string]string{"docker": engine, "kind": refuse},
			options:  Options{Config: config("unknown.yaml", "apiVersion: v9")},
			words:    []string{"failed to create cluster: unknown apiVersion: v9"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fakePrograms(t, test.programs)
			started := time.Now()
			c := New(test.options, new(bytes.Buffer))

			err := c.Start(t.Context())

			for _, words := range test.words {
				assert.ErrorContains(t, err, words)
			}
			assert.Equal(t, 1, strings.Count(err.Error(), test.words[0]), "the cause is reported once")
			assert.Less(t, time.Since(started), 5*time.Second)
			runs, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "*/*/runs/charts-*"))
			assert.Empty(t, runs, "the claim is released")
			assert.NoError(t, c.Stop(), "stopping after a failed start is no error")
			assert.NoDirExists(t, filepath.Join(os.Getenv("HOME"), ".kube"), "the user's kubeconfig is not written")
		})
	}
}

func TestInterruptedStartDeletesTheCluster(t *testing.T) {
	const hang = `case "$1" in create) while :; do :; done;; esac`
	calls := fakePrograms(t, map[string]string{"docker": engine, "kind": hang})
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := New(Options{}, new(bytes.Buffer))
	go func() {
		assert.Eventually(t, func() bool {
			called, _ := os.ReadFile(calls)
			return strings.Contains(string(called), "kind create")
		}, 10*time.Second, 10*time.Millisecond)
		cancel(interrupted)
	}()

	assert.ErrorIs(t, c.Start(ctx), interrupted)

	called, err := os.ReadFile(calls)
	require.NoError(t, err)
	assert.Regexp(t, `kind delete cluster --name charts-\w{6} --kubeconfig `, string(called))
}

// A run deletes the clusters of killed runs, but not those of running ones, nor any other.
func TestSweep(t *testing.T) {
	calls := fakePrograms(t, map[string]string{"kind": ""})
	running, err := newClaim(t.Context())
	require.NoError(t, err)
	killed, err := newClaim(t.Context())
	require.NoError(t, err)
	require.NoError(t, killed.lock.Unlock()) // as the kernel does when a process ends
	next, err := newClaim(t.Context())
	require.NoError(t, err)
	progress := new(bytes.Buffer)

	next.sweep(t.Context(), "kind", progress)

	called, err := os.ReadFile(calls)
	require.NoError(t, err)
	deleted := fmt.Sprintf("kind delete cluster --name %s --kubeconfig %s/kubeconfig\n", killed.id, killed.dir)
	assert.Equal(t, deleted, string(called))
	assert.Contains(t, progress.String(), killed.id)
	assert.DirExists(t, running.dir)
	assert.NoDirExists(t, killed.dir)
	require.NoError(t, running.release())
	require.NoError(t, next.release())
}

func TestSweepKeepsTheClaimIfTheDeletionFails(t *testing.T) {
	fakePrograms(t, map[string]string{"kind": "echo no engine >&2; exit 1"})
	killed, err := newClaim(t.Context())
	require.NoError(t, err)
	require.NoError(t, killed.lock.Unlock())
	next, err := newClaim(t.Context())
	require.NoError(t, err)
	progress := new(bytes.Buffer)

	next.sweep(t.Context(), "kind", progress)

	assert.Contains(t, progress.String(), "cannot delete the kind cluster")
	assert.Contains(t, progress.String(), "no engine")
	assert.DirExists(t, killed.dir)
}

func TestImages(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte("nodes: [{image: a:1}, {image: b:1}, {image: a:1}]"), 0o600))

	images, err := Options{Config: config}.images()
	require.NoError(t, err)
	assert.Equal(t, []string{"a:1", "b:1"}, images)
	images, err = Options{Config: config, Image: "c:1"}.images()
	require.NoError(t, err)
	assert.Equal(t, []string{"c:1"}, images, "the flag takes precedence")
	images, err = Options{}.images()
	require.NoError(t, err)
	assert.Regexp(t, `^kindest/node:v1\.\d+\.\d+@sha256:`, images[0])
}

// The default node image comes from the kind in go.mod, so the same version is installed.
func TestVersionMatchesGoMod(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	module, err := modfile.Parse("go.mod", content, nil)
	require.NoError(t, err)
	for _, required := range module.Require {
		if required.Mod.Path == "sigs.k8s.io/kind" {
			assert.Equal(t, version, required.Mod.Version)
			return
		}
	}
	t.Error("go.mod does not require sigs.k8s.io/kind")
}

// A child of the command that keeps its output open does not delay the end.
func TestOutputEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	started := time.Now()

	_, err := output(ctx, "sh", "-c", "sleep 6 & wait")

	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(started), 4*time.Second)
}
