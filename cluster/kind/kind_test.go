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

// fake puts programs of these names on an otherwise empty PATH, each a shell script, and gives the test a cache folder and a home of its own. It returns the
// file into which the scripts log how they were called.
func fake(t *testing.T, programs map[string]string) (calls string) {
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	folder := t.TempDir()
	calls = filepath.Join(folder, "calls")
	for name, script := range programs {
		content := fmt.Sprintf("#!%s\necho %s \"$@\" >> %s\n%s\n", sh, name, calls, script)
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o700))
	}
	t.Setenv("PATH", folder)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	return calls
}

const (
	engine = `case "$1" in version) echo 28.0;; ps) ;; image) ;; esac`
	quiet  = `case "$1 $2" in "get clusters") echo "No kind clusters found." >&2;; esac`
)

// What keeps a cluster from being made is said at once, with what to do, and leaves nothing.
func TestErrors(t *testing.T) {
	folder := t.TempDir()
	config := func(name, text string) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for name, test := range map[string]struct {
		programs map[string]string
		options  Options
		words    []string
	}{
		"no docker command": {
			words: []string{"no Docker engine answers", `"docker": executable file not found`, "use -cluster=embedded"},
		},
		"no engine behind the docker command": {
			programs: map[string]string{"docker": "echo Cannot connect to the Docker daemon at unix:///var/run/docker.sock. >&2; exit 1"},
			words:    []string{"no Docker engine answers", "Cannot connect to the Docker daemon", "Start one"},
		},
		"no kind, and none can be built": {
			programs: map[string]string{"docker": engine, "go": "echo no network >&2; exit 1"},
			words:    []string{"there is no kind command on the PATH, and it cannot be installed", "go install sigs.k8s.io/kind@" + version, "no network"},
		},
		"no image to be had": {
			programs: map[string]string{"docker": `case "$1" in version) ;; image) exit 1;; pull) echo no such host >&2; exit 1;; esac`, "kind": quiet},
			options:  Options{Image: "kindest/node:v0.0.1"},
			words:    []string{"the node image kindest/node:v0.0.1 is not here and cannot be pulled", "no such host", "-kind-image"},
		},
		"no image that the configuration names": {
			programs: map[string]string{"docker": `case "$1" in version) ;; image) exit 1;; pull) echo no such host >&2; exit 1;; esac`, "kind": quiet},
			options:  Options{Config: config("image.yaml", "nodes: [{role: control-plane, image: mine:1}, {role: worker}]")},
			words:    []string{"the node image mine:1 is not here"},
		},
		"a name in use": {
			programs: map[string]string{"docker": `case "$1" in ps) echo "nginx:1, Up 2 days";; esac`, "kind": quiet},
			options:  Options{Name: "shop"},
			words:    []string{"the name shop is in use: there is a container shop-control-plane (nginx:1, Up 2 days)", "-kind-cluster"},
		},
		"no configuration": {
			programs: map[string]string{"docker": engine, "kind": quiet},
			options:  Options{Config: "nowhere.yaml"},
			words:    []string{"read the kind configuration (-kind-config)", "nowhere.yaml: no such file"},
		},
		"a configuration that is not YAML": {
			programs: map[string]string{"docker": engine, "kind": quiet},
			options:  Options{Config: config("broken.yaml", "nodes: [")},
			words:    []string{"broken.yaml (-kind-config)"},
		},
		"kind refuses": {
			programs: map[string]string{"docker": engine, "kind": `case "$1" in create) printf 'Creating cluster\nERROR: failed to create cluster: unknown apiVersion: v9\n' >&2; exit 1;; esac`},
			options:  Options{Config: config("unknown.yaml", "apiVersion: v9")},
			words:    []string{"failed to create cluster: unknown apiVersion: v9"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			fake(t, test.programs)
			started := time.Now()
			c := New(test.options, new(bytes.Buffer))

			err := c.Start(t.Context())

			for _, words := range test.words {
				assert.ErrorContains(t, err, words)
			}
			assert.Equal(t, 1, strings.Count(err.Error(), test.words[0]), "it is said once")
			assert.Less(t, time.Since(started), 5*time.Second)
			runs, _ := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "*/*/runs/charts-*"))
			assert.Empty(t, runs, "the claim is given up")
			assert.NoError(t, c.Stop(), "there is nothing to stop")
			assert.NoDirExists(t, filepath.Join(os.Getenv("HOME"), ".kube"), "the user's kubeconfig is left alone")
		})
	}
}

// A start that is interrupted deletes what kind had made by then.
func TestAnInterruptedStartDeletesTheCluster(t *testing.T) {
	calls := fake(t, map[string]string{"docker": engine, "kind": `case "$1" in create) while :; do :; done;; esac`})
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	c := New(Options{}, new(bytes.Buffer))
	go func() {
		assert.Eventually(t, func() bool {
			called, _ := os.ReadFile(calls)
			return strings.Contains(string(called), "kind create")
		}, 10*time.Second, 10*time.Millisecond)
		cancel(enough)
	}()

	assert.ErrorIs(t, c.Start(ctx), enough)

	called, err := os.ReadFile(calls)
	require.NoError(t, err)
	assert.Regexp(t, `kind delete cluster --name charts-\w{6} --kubeconfig `, string(called))
}

// The next run deletes what killed ones left, and no living run's, nor what no run made.
func TestSweep(t *testing.T) {
	calls := fake(t, map[string]string{"kind": ""})
	living, err := newClaim(t.Context())
	require.NoError(t, err)
	killed, err := newClaim(t.Context())
	require.NoError(t, err)
	require.NoError(t, killed.lock.Unlock()) // as the kernel does when a process is gone
	next, err := newClaim(t.Context())
	require.NoError(t, err)
	said := new(bytes.Buffer)

	next.sweep(t.Context(), "kind", said)

	called, err := os.ReadFile(calls)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("kind delete cluster --name %s --kubeconfig %s/kubeconfig\n", killed.id, killed.folder), string(called))
	assert.Contains(t, said.String(), killed.id)
	assert.DirExists(t, living.folder)
	assert.NoDirExists(t, killed.folder)
	require.NoError(t, living.release())
	require.NoError(t, next.release())
}

// What cannot be deleted now is kept in mind.
func TestASweepThatFailsIsSaidAndTriedAgain(t *testing.T) {
	fake(t, map[string]string{"kind": "echo no engine >&2; exit 1"})
	killed, err := newClaim(t.Context())
	require.NoError(t, err)
	require.NoError(t, killed.lock.Unlock())
	next, err := newClaim(t.Context())
	require.NoError(t, err)
	said := new(bytes.Buffer)

	next.sweep(t.Context(), "kind", said)

	assert.Contains(t, said.String(), "cannot be deleted")
	assert.Contains(t, said.String(), "no engine")
	assert.DirExists(t, killed.folder)
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
	assert.Equal(t, []string{"c:1"}, images, "the flag is stronger")
	images, err = Options{}.images()
	require.NoError(t, err)
	assert.Regexp(t, `^kindest/node:v1\.\d+\.\d+@sha256:`, images[0])
}

// The kind that is installed and the one whose default image is taken are the same.
func TestTheVersionIsThatOfTheModule(t *testing.T) {
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
