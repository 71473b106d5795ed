package helm

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"k8s.io/client-go/rest"
)

// answering is a cluster whose API server gives these answers.
type answering struct {
	action.RESTClientGetter
	*answers
}

func (a answering) ToRESTConfig() (*rest.Config, error) {
	return &rest.Config{Host: "http://cluster", Transport: a.answers}, nil
}

// recorded is a chart, and a client that records what it does with it.
type recorded struct {
	*testing.T
	chart     string
	client    *Client
	scope     Scope
	recording *Recording
}

// newRecorded returns a chart with templates that depend on everything that is recorded. The cluster has a Secret.
func newRecorded(t *testing.T) *recorded {
	dir := folderWithChart(t)
	chart := filepath.Join(dir, "charts", "web")
	write(t, `
kind: Secret
apiVersion: v1
metadata: {name: password}
stringData:
  # {{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.Revision }} {{ .Release.IsUpgrade }}
  # {{ .Capabilities.KubeVersion }} {{ now }}
  password: {{ dig "data" "password" (randAlphaNum 20) (lookup "v1" "Secret" .Release.Namespace "password") }}
{{- if eq .Values.image.tag "bad" }}{{ fail "this tag is bad" }}{{ end }}
`, chart, "templates", "password.yaml")
	client := inMemory(dir)
	configure := client.configure
	client.configure = func(ctx context.Context, e *execution) error {
		err := configure(ctx, e)
		e.config.RESTClientGetter = answering{answers: &answers{byPath: map[string]answer{
			"/api/v1": {http.StatusOK, []byte(`{"kind": "APIResourceList", "groupVersion": "v1", "resources": [
				{"name": "secrets", "namespaced": true, "kind": "Secret", "verbs": ["get"]}]}`)},
			"/api/v1/namespaces/trader-x1/secrets/password": {http.StatusOK, []byte(
				`{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password"}, "data": {"password": "cGFzcw=="}}`)},
		}}}
		return err
	}
	recording := new(Recording)
	scope := Scope{
		Folder: t.TempDir(), Recording: recording,
		Namespace: func(called string) string { return called + "-x1" },
	}
	return &recorded{t, chart, client, scope, recording}
}

func (r *recorded) run(line string) {
	r.Helper()
	runIn(r.T, r.client, r.scope, line)
}

// changed returns a copy of the chart with another content of a file.
func (r *recorded) changed(file, content string) string {
	r.Helper()
	copied := filepath.Join(r.TempDir(), "web")
	require.NoError(r, os.CopyFS(copied, os.DirFS(r.chart)))
	write(r.T, content, copied, file)
	return copied
}

// baseline returns what the recorded chart renders.
func (r *recorded) baseline() *Baseline {
	r.Helper()
	baseline, err := NewBaseline(r.Context(), r.chart, []*Recording{r.recording})
	require.NoError(r, err)
	return baseline
}

// replay returns what each command renders again.
func (r *recorded) replay() []Rendered {
	r.Helper()
	all, err := r.baseline().renderAll(r.Context())
	require.NoError(r, err)
	return all[0]
}

func TestReplayRendersWhatWasRecorded(t *testing.T) {
	t.Parallel()
	r := newRecorded(t)
	write(t, "replicaCount: 3\n", r.scope.Folder, "own.yaml")
	r.recording.Begin("I run helm install")
	r.run("install shop ./charts/web -f own.yaml")
	r.run("upgrade shop ./charts/web --reuse-values --set image.tag=v2")
	r.run("template shop ./charts/web --is-upgrade")
	_, err := tryIn(t, r.client, r.scope, "upgrade shop ./charts/web --set image.tag=bad")
	require.ErrorContains(t, err, "this tag is bad")
	r.run("get values shop --all")
	require.NoError(t, os.CopyFS(filepath.Join(r.scope.Folder, "charts/web"), os.DirFS(r.chart)))
	write(t, "{{/* mine */}}", r.scope.Folder, "charts/web/templates/mine.yaml")
	r.run("package ./charts/web --version 2.0.0")
	r.run("install packed web-2.0.0.tgz")

	commands := r.recording.Commands()
	replayed, again := r.replay(), r.replay()
	require.Len(t, replayed, len(commands))
	assert.Empty(t, r.baseline().Unlike())
	masked := 0
	for i, command := range commands {
		if command.Args[0] == "get" {
			assert.Nil(t, replayed[i])
			continue
		}
		masks := replayed[i].masks(again[i])
		assert.Equal(t, masks.apply(command.Rendered), masks.apply(replayed[i]), "%v", command.Args)
		masked += len(masks)
	}
	assert.Equal(t, 4, masked)
	assert.Equal(t, "I run helm install", commands[0].Step)
	assert.Contains(t, replayed[1]["manifest templates/password.yaml"], "# shop trader 2 true")
	assert.Contains(t, replayed[1]["manifest templates/password.yaml"], "password: cGFzcw==")
	assert.Contains(t, replayed[3]["error"], "this tag is bad")
	assert.Contains(t, replayed[5]["package web-2.0.0.tgz"], "templates/mine.yaml")
}

func TestReplayRendersAnotherChart(t *testing.T) {
	t.Parallel()
	r := newRecorded(t)
	r.run("install shop ./charts/web")
	r.run("upgrade shop ./charts/web --reuse-values")
	r.run("package ./charts/web")
	r.run("install packed web-0.1.0.tgz")
	baseline := r.baseline()

	values, err := os.ReadFile(filepath.Join(r.chart, "values.yaml"))
	require.NoError(t, err)
	everything := []string{
		"hook templates/tests/test-connection.yaml", "manifest templates/deployment.yaml",
		"manifest templates/service.yaml", "manifest templates/serviceaccount.yaml", "notes",
	}
	password := []string{"manifest templates/password.yaml"}
	notes, packed := []string{"notes"}, []string{"package web-0.1.0.tgz"}
	for about, change := range map[string]struct {
		file, content string
		differing     [4][]string
	}{
		"a default, which --reuse-values reads from the earlier revision": {
			"values.yaml", string(values) + "\nnameOverride: other\n", [4][]string{everything, everything, nil, everything},
		},
		"a template":                  {"templates/password.yaml", "", [4][]string{password, password, nil, password}},
		"a file that is not packaged": {".helmignore", "NOTES.txt\n", [4][]string{notes, notes, packed, notes}},
		"a file that renders nothing": {"README.md", "Web", [4][]string{nil, nil, packed, nil}},
	} {
		t.Run(about, func(t *testing.T) {
			var differing [4][]string
			found, err := baseline.Compare(t.Context(), r.changed(change.file, change.content), change.file)
			require.NoError(t, err)
			for _, one := range found {
				differing[one.Command] = append(differing[one.Command], one.Part)
			}
			assert.Equal(t, change.differing, differing)
		})
	}

	failing, err := baseline.Compare(t.Context(), r.changed("templates/password.yaml", `{{ fail "no" }}`))
	require.NoError(t, err)
	assert.Equal(t, "error", failing[0].Part)
	assert.Contains(t, failing[0].New, "password.yaml): no")
}

// TestMasks checks that what is drawn at random is hidden in a line, whatever its indentation and quotes.
func TestMasks(t *testing.T) {
	t.Parallel()
	masks := Rendered{"manifest a": "data:\n  sum: \"a1b2\"\n  at: 10:59\n"}.masks(
		Rendered{"manifest a": "data:\n  sum: \"c3d4\"\n  at: 11:00\n"})
	for text, want := range map[string]string{
		"data:\n  sum: \"e5f6\"\n  at: 12:30\n":     "data:\n  sum: \"masked\"\n  at: masked:masked\n",
		"data:\n    sum: e5f6\n    at: 9:05\n":      "data:\n    sum: masked\n    at: masked:masked\n",
		"data:\n  sum: e5f6a7\n  other: \"e5f6\"\n": "data:\n  sum: e5f6a7\n  other: \"e5f6\"\n",
	} {
		assert.Equal(t, want, masks.apply(Rendered{"manifest a": text})["manifest a"])
	}
}

func TestViolationsInOrder(t *testing.T) {
	t.Parallel()
	const before, after = "values don't meet the specifications of the schema:\nshop:\n", "\nmore"
	const one, other = "- at '/a': failed\n  - at '/a/c': x\n  - at '/a/b': y\n- at '/d': z\n",
		"- at '/d': z\n- at '/a': failed\n  - at '/a/b': y\n  - at '/a/c': x\n"
	assert.Equal(t, inOrder(before+one+after), inOrder(before+other+after))
	assert.NotEqual(t, inOrder(before+one+after), inOrder(before+other))
}
