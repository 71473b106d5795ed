package embedded

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"

	"github.com/traderadmin/charts/internal/controlplane"
)

// TestValidate holds the role validate of the control plane against its API server: for every manifest in testdata, and
// for copies in which one field is bent, both refuse the same fields.
func TestValidate(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	manifests := readManifests(t)
	var all []bent
	for _, manifest := range manifests {
		all = append(all, bent{about: manifest.GetKind() + ": as it is", object: manifest.Object})
		for _, b := range bends(manifest.Object) {
			all = append(all, bent{manifest.GetKind() + ": " + b.about, b.object})
		}
	}

	offline := validateOffline(t, all)
	onServer := createOnServer(t, all)
	var wrong []string
	compared := 0
	for i, b := range all {
		if onServer[i].stateful {
			continue
		}
		compared++
		if got, want := offline[i].String(), onServer[i].String(); got != want {
			wrong = append(wrong, fmt.Sprintf("%s: validate: %s; API server: %s", b.about, got, want))
		}
	}
	t.Logf("%d of %d verdicts do not depend on the state of the cluster", compared, len(all))
	assert.Greater(t, compared, 3000)
	assert.Empty(t, wrong, "%d of %d manifests have another verdict:\n%s", len(wrong), compared, strings.Join(wrong, "\n"))
}

func readManifests(t *testing.T) (all []*unstructured.Unstructured) {
	t.Helper()
	content, err := os.ReadFile("testdata/manifests.yaml")
	require.NoError(t, err)
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		object := new(unstructured.Unstructured)
		require.NoError(t, yaml.Unmarshal(document, &object.Object))
		all = append(all, object)
	}
}

// bent is a manifest with one change.
type bent struct {
	about  string
	object map[string]any
}

// bends returns copies of a manifest, each with one field removed or with another value. The fields that say what the
// object is stay as they are.
func bends(object map[string]any) (all []bent) {
	var walk func(at any, path []any)
	walk = func(at any, path []any) {
		if len(path) > 0 {
			for _, change := range changes(at) {
				about := fmt.Sprintf("%s %s", pathText(path), change.about)
				all = append(all, bent{about, changed(object, path, change.value).(map[string]any)})
			}
		}
		switch at := at.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(at)) {
				if len(path) == 0 && (key == "apiVersion" || key == "kind") {
					continue
				}
				walk(at[key], append(slices.Clone(path), key))
			}
		case []any:
			for i, element := range at {
				walk(element, append(slices.Clone(path), i))
			}
		}
	}
	walk(object, nil)
	return all
}

// removed stands for a field that a bent manifest does not have.
type removed struct{}

type change struct {
	about string
	value any
}

// changes returns other values for a field.
func changes(value any) []change {
	all := []change{{"is removed", removed{}}}
	switch value := value.(type) {
	case string:
		for _, other := range []any{"", "Bad_Value!", strings.Repeat("x", 300), "other", int64(5)} {
			text := fmt.Sprint(other)
			all = append(all, change{fmt.Sprintf("is %.12q", text), other})
		}
	case bool:
		all = append(all, change{"is inverted", !value}, change{"is a text", "yes"})
	case []any:
		all = append(all, change{"is empty", []any{}}, change{"is a text", "text"})
		if len(value) > 0 {
			all = append(all, change{"has its first item twice", append(slices.Clone(value), value[0])})
		}
	case map[string]any:
		all = append(all, change{"is empty", map[string]any{}}, change{"is a text", "text"})
		more := runtime.DeepCopyJSON(value)
		more["bad key!"] = "x"
		all = append(all, change{"has a bad key", more})
	default: // a number
		for _, other := range []int64{-1, 0, 1, 70000} {
			all = append(all, change{fmt.Sprintf("is %d", other), other})
		}
		all = append(all, change{"is a text", "text"})
	}
	return all
}

// changed returns a copy of a value with another value at a path.
func changed(at any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch at := at.(type) {
	case map[string]any:
		copied := maps.Clone(at)
		key := path[0].(string)
		if copied[key] = changed(at[key], path[1:], value); copied[key] == (removed{}) {
			delete(copied, key)
		}
		return copied
	case []any:
		copied, i := slices.Clone(at), path[0].(int)
		if copied[i] = changed(at[i], path[1:], value); copied[i] == (removed{}) {
			copied = slices.Delete(copied, i, i+1)
		}
		return copied
	}
	return at
}

func pathText(path []any) string {
	var text strings.Builder
	for _, step := range path {
		if i, isIndex := step.(int); isIndex {
			fmt.Fprintf(&text, "[%d]", i)
		} else {
			fmt.Fprintf(&text, ".%s", step)
		}
	}
	return text.String()
}

// outcome is a verdict on a manifest.
type outcome struct {
	refused  bool
	stateful bool     // only the state of the cluster decides
	fields   []string // that are refused, sorted
}

func (o outcome) String() string {
	switch {
	case !o.refused:
		return "accepted"
	case len(o.fields) == 0:
		return "refused"
	}
	return "refused for " + strings.Join(o.fields, ", ")
}

const verdictsNamespace = "verdicts"

// validateOffline asks the role validate.
func validateOffline(t *testing.T, all []bent) []outcome {
	t.Helper()
	binary, err := controlplane.Build(t.Context(), os.Stderr, "run the test again")
	require.NoError(t, err)
	var input bytes.Buffer
	for _, b := range all {
		require.NoError(t, json.NewEncoder(&input).Encode(map[string]any{
			"namespace": verdictsNamespace, "objects": []any{map[string]any{"object": b.object}},
		}))
	}
	command := exec.CommandContext(t.Context(), binary, "validate")
	command.Stdin, command.Stderr = &input, os.Stderr
	output, err := command.Output()
	require.NoError(t, err)
	outcomes := make([]outcome, len(all))
	answers := json.NewDecoder(bytes.NewReader(output))
	for i := range all {
		var answer struct {
			Error   string
			Objects []struct {
				Refusals []struct{ Field, Type, Message string }
			}
		}
		require.NoError(t, answers.Decode(&answer))
		require.Empty(t, answer.Error, all[i].about)
		for _, refusal := range answer.Objects[0].Refusals {
			outcomes[i].refused = true
			if refusal.Field != "" {
				outcomes[i].fields = append(outcomes[i].fields, refusal.Field)
			}
		}
		slices.Sort(outcomes[i].fields)
	}
	return outcomes
}

// createOnServer asks the API server of an embedded cluster, with a dry run.
func createOnServer(t *testing.T, all []bent) []outcome {
	t.Helper()
	c := New(Options{Nodes: 1}, os.Stderr)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, c.Stop()) })
	config := c.Config()
	config.QPS = -1
	client := clientOf(t, config)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: verdictsNamespace}}
	_, err := client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	require.NoError(t, err)
	documents, err := discovery.NewDiscoveryClientForConfig(config)
	require.NoError(t, err)
	objects, err := dynamic.NewForConfig(config)
	require.NoError(t, err)
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(documents))

	outcomes := make([]outcome, len(all))
	var requests errgroup.Group
	requests.SetLimit(8)
	for i, b := range all {
		requests.Go(func() (err error) {
			outcomes[i], err = createDry(t.Context(), objects, mapper, &unstructured.Unstructured{Object: b.object})
			return err
		})
	}
	require.NoError(t, requests.Wait())
	return outcomes
}

func createDry(
	ctx context.Context, client dynamic.Interface, mapper *restmapper.DeferredDiscoveryRESTMapper,
	object *unstructured.Unstructured,
) (outcome, error) {
	kind := object.GroupVersionKind()
	mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return outcome{}, err
	}
	resource := client.Resource(mapping.Resource)
	create := resource.Create
	if mapping.Scope.Name() == "namespace" {
		create = resource.Namespace(verdictsNamespace).Create
	}
	_, err = create(ctx, object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	status := apierrors.APIStatus(nil)
	switch {
	case err == nil:
		return outcome{}, nil
	case !errors.As(err, &status):
		return outcome{}, err
	}
	found := outcome{refused: true, stateful: apierrors.IsForbidden(err) || apierrors.IsAlreadyExists(err)}
	if details := status.Status().Details; details != nil {
		for _, cause := range details.Causes {
			if cause.Field != "" {
				found.fields = append(found.fields, cause.Field)
			}
		}
	}
	slices.Sort(found.fields)
	return found, nil
}
