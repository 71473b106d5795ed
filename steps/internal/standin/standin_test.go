package standin

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// nodes records the images of the archives that are loaded.
type nodes struct {
	mu      sync.Mutex
	present map[string]string
	images  map[string]v1.Image
	loads   int
	err     error
}

func (n *nodes) Images(context.Context) (map[string]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.present), nil
}

func (n *nodes) LoadImageArchive(_ context.Context, path string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return n.err
	}
	images, err := unpack(path)
	if err != nil {
		return err
	}
	if n.present == nil {
		n.present, n.images = map[string]string{}, map[string]v1.Image{}
	}
	for name, image := range images {
		digest, err := image.Digest()
		if err != nil {
			return err
		}
		n.present[name], n.images[name] = digest.String(), image
	}
	n.loads++
	return nil
}

func (n *nodes) RemoveImages(_ context.Context, names ...string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range names {
		if n.present[name] == "" {
			return fmt.Errorf("no image %s", name)
		}
		delete(n.present, name)
	}
	return nil
}

// unpack reads an archive with the layout reader of go-containerregistry, which is independent of how it was written.
func unpack(path string) (map[string]v1.Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	folder, err := os.MkdirTemp("", "unpacked-*")
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(file); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		target := filepath.Join(folder, header.Name) //nolint:gosec // the archive is our own
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(target, 0o700)
		} else {
			var content []byte
			content, err = io.ReadAll(files)
			err = errors.Join(err, os.WriteFile(target, content, 0o600))
		}
		if err != nil {
			return nil, err
		}
	}
	index, err := layout.ImageIndexFromPath(folder)
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	images := map[string]v1.Image{}
	for _, described := range manifest.Manifests {
		image, err := index.Image(described.Digest)
		if err != nil {
			return nil, err
		}
		images[described.Annotations["io.containerd.image.name"]] = image
	}
	return images, nil
}

// noEngine is a Docker engine that is not installed.
const noEngine engine = "no-docker-here"

func newImages(n Nodes, options Options) *Images {
	images := New(n, options)
	images.engine = noEngine
	return images
}

func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &o.Object))
	return o
}

const deployment = `
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      initContainers:
        - {name: migrate, image: "registry.example/web:1", command: [/app/migrate]}
        - {name: proxy, image: "proxy:2", restartPolicy: Always, ports: [{containerPort: 9000}]}
      containers:
        - name: web
          image: registry.example/web:1
          command: [python, -m, web]
          workingDir: /app
          ports: [{containerPort: 8080}, {containerPort: 53, protocol: UDP}]
          readinessProbe: {exec: {command: [./ready.sh]}}
          lifecycle: {preStop: {exec: {command: [sleep, "5"]}}}
        - {name: broken, image: "registry.invalid/x:1"}
        - {name: latest, image: your-registry/web}
`

func TestPrepareReplacesMissingImages(t *testing.T) {
	t.Parallel()
	n := &nodes{present: map[string]string{"docker.io/library/there:1": "sha256:1"}, images: map[string]v1.Image{}}
	images := newImages(n, Options{HealthPaths: []string{"/healthz"}, RealImages: DefaultRealImages})
	web := object(t, deployment)
	digest := "@sha256:" + strings.Repeat("a", 64)
	job := object(t, `
kind: CronJob
metadata: {name: report}
spec:
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers: [{name: report, image: "there:1"}, {name: send, image: "send`+digest+`"}]
`)
	cache := object(t, `{kind: Pod, metadata: {name: cache}, spec: {containers: [{name: redis, image: "redis:7"}]}}`)

	require.NoError(t, images.Prepare(t.Context(), []*unstructured.Unstructured{web, job, cache}))

	assert.Equal(t, 1, n.loads, "one archive contains all images")
	got := slices.DeleteFunc(slices.Sorted(maps.Keys(n.present)), isMark)
	assert.Equal(t, []string{
		"docker.io/library/proxy:2", "docker.io/library/send" + digest, "docker.io/library/there:1",
		"docker.io/your-registry/web:latest", "registry.example/web:1",
	}, got)
	used := images.Used()
	assert.Contains(t, used[1].Source, "no-docker-here")
	used[1].Source = ""
	assert.Equal(t, []Usage{
		{
			Image: "proxy:2", Source: "stand-in", StandIn: true, Ports: []int32{9000},
			Containers: []string{"deployment/web, container proxy"},
		},
		{Image: "redis:7", Containers: []string{"pod/cache, container redis"}},
		{
			Image: "send" + digest, Source: "stand-in", StandIn: true,
			Containers: []string{"cronjob/report, container send"},
		},
		{Image: "there:1", Source: "image on the nodes", Containers: []string{"cronjob/report, container report"}},
		{
			Image: "your-registry/web", Source: "stand-in", StandIn: true,
			Containers: []string{"deployment/web, container latest"},
		},
		{
			Image: "registry.example/web:1", Source: "stand-in", StandIn: true, Ports: []int32{8080},
			Containers: []string{"deployment/web, container migrate", "deployment/web, container web"},
		},
		{
			Image: "registry.invalid/x:1", Source: "none: .invalid cannot be pulled",
			Containers: []string{"deployment/web, container broken"},
		},
	}, used)

	assert.True(t, images.IsStandIn("proxy:2"))
	assert.False(t, images.IsStandIn("redis:7"))
	assert.False(t, images.IsStandIn("never:1"))

	policies := map[string]any{}
	for _, c := range containersOf(web) {
		policies[c.name] = c.fields["imagePullPolicy"]
	}
	assert.Equal(t, map[string]any{
		"migrate": nil, "proxy": nil, "web": nil, "broken": nil, "latest": "IfNotPresent",
	}, policies)
}

func TestImageOfStandIn(t *testing.T) {
	t.Parallel()
	n := &nodes{}
	images := newImages(n, Options{HealthPaths: []string{"/healthz"}})
	require.NoError(t, images.Prepare(t.Context(), []*unstructured.Unstructured{object(t, deployment)}))

	web, proxy := n.images["registry.example/web:1"], n.images["docker.io/library/proxy:2"]
	require.NoError(t, validate.Image(web, validate.Fast))
	config, err := web.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, "linux", config.OS)
	assert.Equal(t, runtime.GOARCH, config.Architecture)
	assert.Equal(t, []string{"/standin", "serve"}, config.Config.Entrypoint)
	assert.Equal(t, "65532:65532", config.Config.User)
	assert.Equal(t, map[string]struct{}{"8080/tcp": {}}, config.Config.ExposedPorts)
	agreed, err := contract.Parse(strings.TrimPrefix(config.Config.Env[1], contract.Variable+"="))
	require.NoError(t, err)
	assert.Equal(t, contract.Contract{Paths: []string{"/healthz"}, Containers: map[string]contract.Container{
		"web": {Ports: []int32{8080}}, "migrate": {Task: true},
	}}, agreed)

	layers, err := web.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 2)
	assert.Equal(t, map[string]string{"standin": ""}, contents(t, layers[0]))
	assert.Equal(t, map[string]string{
		"bin/python": "/standin", "bin/sleep": "/standin", "app/ready.sh": "/standin", "app/migrate": "/standin",
	}, contents(t, layers[1]))

	others, err := proxy.Layers()
	require.NoError(t, err)
	one, err := layers[0].Digest()
	require.NoError(t, err)
	other, err := others[0].Digest()
	require.NoError(t, err)
	assert.Equal(t, one, other, "all stand-ins share the layer of the program")
}

// contents returns the files of a layer, with the targets of links.
func contents(t *testing.T, layer v1.Layer) map[string]string {
	t.Helper()
	kind, err := layer.MediaType()
	require.NoError(t, err)
	assert.Equal(t, types.OCIUncompressedLayer, kind)
	reader, err := layer.Compressed() // as it is in the archive
	require.NoError(t, err)
	found := map[string]string{}
	for files := tar.NewReader(reader); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		found[header.Name] = header.Linkname
	}
}

func pod(name, image string, port int) string {
	return fmt.Sprintf(`
kind: Pod
metadata: {name: %s}
spec: {containers: [{name: app, image: %q, ports: [{containerPort: %d}]}]}
`, name, image, port)
}

// The ports of an image only grow, and the image is loaded before Prepare returns.
func TestPrepareInParallel(t *testing.T) {
	t.Parallel()
	n := &nodes{}
	images := newImages(n, Options{})
	var scenarios sync.WaitGroup
	for port := 8000; port < 8010; port++ {
		o := object(t, pod(fmt.Sprint("p", port), "shop:1", port))
		scenarios.Go(func() {
			assert.NoError(t, images.Prepare(t.Context(), []*unstructured.Unstructured{o}))
			n.mu.Lock()
			config, err := n.images["docker.io/library/shop:1"].ConfigFile()
			n.mu.Unlock()
			assert.NoError(t, err)
			assert.Contains(t, config.Config.ExposedPorts, fmt.Sprint(port, "/tcp"))
		})
	}
	scenarios.Wait()
	loads := n.loads
	require.NoError(t, images.Prepare(t.Context(), []*unstructured.Unstructured{object(t, pod("again", "shop:1", 8000))}))
	assert.Equal(t, loads, n.loads, "nothing is new")
	assert.Len(t, images.Used()[0].Ports, 10)
}

func TestInvalidContainersAreIgnored(t *testing.T) {
	t.Parallel()
	n := &nodes{}
	images := newImages(n, Options{})
	const text = `
kind: Rollout
metadata: {name: x}
spec:
  containers: [1, {name: a}, {image: b}, {name: c, image: "UPPER case"}, {name: d, image: e, ports: many}]
  initContainers: none
`
	o := object(t, text)
	require.NoError(t, images.Prepare(t.Context(), []*unstructured.Unstructured{o}))
	assert.Equal(t, object(t, text), o)
	assert.Zero(t, n.loads)
	assert.Empty(t, images.Used())
}

// Nodes may still have the stand-ins of an earlier run.
func TestStandInsOfEarlierRunsAreReplaced(t *testing.T) {
	t.Parallel()
	n := &nodes{}
	first := []*unstructured.Unstructured{object(t, pod("p", "shop:1", 8000))}
	require.NoError(t, newImages(n, Options{}).Prepare(t.Context(), first))

	later := newImages(n, Options{})
	second := []*unstructured.Unstructured{object(t, pod("p", "shop:1", 9000))}
	require.NoError(t, later.Prepare(t.Context(), second))

	assert.Equal(t, 2, n.loads)
	assert.Equal(t, []int32{9000}, later.Used()[0].Ports)
	require.NoError(t, later.Remove(t.Context()))
	assert.Empty(t, n.present)
	require.NoError(t, newImages(n, Options{}).Remove(t.Context()), "nothing to remove")
}

func TestFailedLoadIsRetried(t *testing.T) {
	t.Parallel()
	n := &nodes{err: errors.New("no space left on device")}
	images := newImages(n, Options{})
	objects := []*unstructured.Unstructured{object(t, pod("p", "shop:1", 8000))}
	assert.ErrorIs(t, images.Prepare(t.Context(), objects), n.err)
	n.err = nil
	assert.NoError(t, images.Prepare(t.Context(), objects))
	assert.Equal(t, 1, n.loads)
}

// dockerWith returns a Docker engine that has some images and can pull others. It is a shell script.
func dockerWith(t *testing.T, archive string, has []string, pulls ...string) engine {
	t.Helper()
	script := filepath.Join(t.TempDir(), "docker")
	cases := func(names []string) string {
		if len(names) == 0 {
			return "nothing"
		}
		return strings.Join(names, "|")
	}
	var tags bytes.Buffer
	for _, name := range has {
		fmt.Fprintln(&tags, name[strings.Index(name, ":")+1:])
	}
	content := fmt.Sprintf(`#!/bin/sh
case "$1 $2" in
"image inspect") case "$5" in %s) echo sha256:1 ;; *) echo "no such image" >&2; exit 1 ;; esac ;;
"pull --quiet") case "$3" in %s) echo "$3" ;; *) echo "no route to host" >&2; exit 1 ;; esac ;;
"image ls") printf '<none>\n%s' ;;
"save --output") cp %s "$3" ;;
*) echo "docker $*" >&2; exit 2 ;;
esac
`, cases(has), cases(pulls), tags.String(), archive)
	require.NoError(t, os.WriteFile(script, []byte(content), 0o700)) //nolint:gosec // it is a program
	return engine(script)
}

func TestRealImages(t *testing.T) {
	t.Parallel()
	saved := filepath.Join(t.TempDir(), "saved.tar")
	writeDocker(t, saved)
	for title, test := range map[string]struct {
		has, pulls []string
		source     string
		pullFails  bool
		loads      int
	}{
		"in the engine":        {has: []string{"redis:7.4"}, source: "real: from the Docker engine", loads: 1},
		"pulled by the engine": {pulls: []string{"redis:7.4"}, source: "real: from the Docker engine", loads: 1},
		"other tag in engine":  {has: []string{"redis:7.0", "redis:6"}, source: "redis:7.0", pullFails: true, loads: 1},
		"no tag in the engine": {source: "real: pulled by the nodes", pullFails: true, loads: 0},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			n := &nodes{}
			images := newImages(n, Options{RealImages: DefaultRealImages})
			images.engine = dockerWith(t, saved, test.has, test.pulls...)
			cache := object(t, pod("p", "redis:7.4", 6379))
			require.NoError(t, images.Prepare(t.Context(), []*unstructured.Unstructured{cache}))

			assert.Equal(t, test.loads, n.loads)
			used := images.Used()[0]
			assert.Contains(t, used.Source, test.source)
			assert.False(t, used.StandIn)
			if test.pullFails {
				assert.Contains(t, used.Source, "pull --quiet redis:7.4: exit status 1: no route to host)")
			}
			if test.loads > 0 {
				config, err := n.images["docker.io/library/redis:7.4"].ConfigFile()
				require.NoError(t, err)
				assert.Equal(t, []string{"redis-server"}, config.Config.Cmd)
			}
		})
	}
}

func TestParseReference(t *testing.T) {
	t.Parallel()
	for text, globs := range map[string][]string{
		"redis:7": {"redis"}, "docker.io/library/redis@sha256:" + strings.Repeat("b", 64): {"redis"},
		"quay.io/x/redis": {"quay.io/*/redis"}, "bitnami/redis": {"bitnami/*"}, "invalid/x": {"*/x"},
	} {
		r, ok := parse(text)
		require.True(t, ok, text)
		assert.True(t, r.matches(globs), text)
		assert.False(t, r.matches([]string{"postgres", "redis:7", "["}), text)
		assert.False(t, r.hasInvalidDomain(), text)
	}
	for _, text := range []string{"registry.invalid/x", "registry.invalid:5000/x:1"} {
		r, ok := parse(text)
		require.True(t, ok, text)
		assert.True(t, r.hasInvalidDomain(), text)
	}
}

// writeDocker writes the archive that `docker save` writes of an image that runs redis-server.
func writeDocker(t *testing.T, path string) {
	t.Helper()
	image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: runtime.GOARCH, RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{Cmd: []string{"redis-server"}},
	})
	require.NoError(t, err)
	tag, err := name.NewTag("redis:7.0")
	require.NoError(t, err)
	require.NoError(t, tarball.WriteToFile(path, tag, image))
}
