package chart

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// object parses an object that is not from a chart.
func object(t *testing.T, text string) *Object {
	t.Helper()
	var doc yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc))
	root := Node{value: doc.Content[0]}
	return &Object{Node: root, APIVersion: root.Get("apiVersion").Text(), Kind: root.Get("kind").Text()}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	for annotation, want := range map[string]Hook{
		"pre-install":             LifeCycleHook,
		"pre-install,pre-upgrade": LifeCycleHook,
		"test":                    TestHook,
		" Test-Success ":          TestHook,
		"test, post-install":      LifeCycleHook,
		"test,test-failure":       TestHook,
		"":                        NoHook,
	} {
		assert.Equal(t, want, object(t, "metadata: {annotations: {helm.sh/hook: '"+annotation+"'}}").Hook(), annotation)
	}
	assert.Equal(t, NoHook, object(t, "metadata: {name: x}").Hook())
}

func TestReleaseRole(t *testing.T) {
	t.Parallel()
	const spec = `
spec:
  initContainers: [{name: i}, {name: s, restartPolicy: Always}]
  containers: [{name: m}]
`
	for annotations, want := range map[string][]string{
		"{}":                         {"init", "sidecar", "main"},
		"{helm.sh/hook: pre-delete}": {"hook", "hook", "hook"},
		"{helm.sh/hook: test}":       {"test", "test", "test"},
	} {
		o := object(t, "apiVersion: v1\nkind: Pod\nmetadata: {annotations: "+annotations+"}"+spec)
		var got []string
		for _, c := range o.Containers() {
			got = append(got, o.ReleaseRole(c))
		}
		assert.Equal(t, want, got, annotations)
	}
}

func TestParseQuantity(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1", "0.5", "500m", "16Gi", "1e3", "1E", "1E3", "1e-3", "+1"} {
		_, ok := ParseQuantity(text)
		assert.True(t, ok, text)
	}
	for _, text := range []string{
		"", "-1", "1 Gi", "512MB", "x",
		"1e2147483647", "1e-2147483648", "1e99999999999999999999", "0." + strings.Repeat("0", 100),
	} {
		_, ok := ParseQuantity(text)
		assert.False(t, ok, text)
	}
}

// Entries returns each key of a map and of the maps merged into it once, with the value that Get returns.
func TestEntriesOfMergedMaps(t *testing.T) {
	t.Parallel()
	o := object(t, `
base: &base {a: base, b: base}
more: &more {b: more, c: more}
one: {<<: *base, b: own}
both: {<<: [*base, *more], d: own}
itself: &itself {a: own, deeper: {<<: *itself}}
`)
	entries := func(key string) map[string]string {
		found := map[string]string{}
		for name, value := range o.Get(key).Entries() {
			assert.NotContains(t, found, name)
			found[name] = value.Text()
			assert.Equal(t, value, o.Get(key, name))
		}
		return found
	}
	assert.Equal(t, map[string]string{"a": "base", "b": "own"}, entries("one"))
	assert.Equal(t, map[string]string{"a": "base", "b": "base", "c": "more", "d": "own"}, entries("both"))
	assert.Equal(t, "own", o.Get("itself", "deeper", "a").Text())
	for range o.Get("both").Entries() {
		break // the iterator stops
	}
}
