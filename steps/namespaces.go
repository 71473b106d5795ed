package steps

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// namespaces maps the namespaces that a scenario names to namespaces in the cluster, which no other scenario uses. It
// is safe for concurrent use.
type namespaces struct {
	client kubernetes.Interface
	run    string // the ID of the run, which labels namespaces
	suite  string // the namespace of steps that name none
	single string // the only namespace that the run may use, which is kept; "" if each name gets its own

	mu      sync.Mutex
	names   map[string]string // in the cluster, by name in the scenario
	created []string
}

// named returns the name in the scenario of a step's namespace; "" is the suite's.
func (n *namespaces) named(name string) string {
	if name == "" {
		return n.suite
	}
	return name
}

// inCluster returns the name in the cluster of a namespace that a step names; "" is the suite's.
func (n *namespaces) inCluster(name string) string {
	if n.single != "" {
		return n.single
	}
	name = n.named(name)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.names == nil {
		n.names = map[string]string{}
	}
	if _, ok := n.names[name]; !ok {
		n.names[name] = name + "-" + shortID()
	}
	return n.names[name]
}

// asNamed returns a text in which namespaces have their names in the scenario.
func (n *namespaces) asNamed(text string) string {
	if n.single != "" {
		return strings.ReplaceAll(text, n.single, n.suite)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var names []string
	for name, inCluster := range n.names {
		names = append(names, inCluster, name)
	}
	return strings.NewReplacer(names...).Replace(text)
}

// shortID returns six random letters and digits: short enough to read, and unlikely to be used twice in a cluster.
func shortID() string { return strings.ToLower(rand.Text()[:6]) }

// all returns the names in the cluster of all namespaces that the scenario named, sorted.
func (n *namespaces) all() []string {
	if n.single != "" {
		return []string{n.single}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(maps.Values(n.names))
}

// ensure creates the namespace that a step names, unless the scenario has done so; "" is the suite's.
func (n *namespaces) ensure(ctx context.Context, name string) error {
	name = n.inCluster(name)
	n.mu.Lock()
	defer n.mu.Unlock()
	if name == n.single || slices.Contains(n.created, name) {
		return nil
	}
	_, err := n.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{corev1.LabelMetadataName: name, RunLabel: n.run},
	}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create namespace %s: %w", name, err)
	}
	n.created = append(n.created, name)
	return nil
}

// label adds labels to the namespace that a step names. It must exist.
func (n *namespaces) label(ctx context.Context, name string, labels map[string]string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": labels}})
	if err != nil {
		return err
	}
	_, err = n.client.CoreV1().Namespaces().Patch(
		ctx, n.inCluster(name), types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("label namespace %q: %w", name, err)
	}
	return nil
}

// delete requests the deletion of a namespace, by its name in the cluster.
func (n *namespaces) delete(ctx context.Context, name string) error {
	err := n.client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("delete namespace %s of the scenario: %w", name, err)
	}
	return nil
}

// retained are the namespaces of finished scenarios that still exist, the oldest first.
type retained struct {
	mu    sync.Mutex
	names []string
}

// add adds namespaces, and removes and returns the oldest beyond a limit.
func (r *retained) add(names []string, limit int) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names = append(r.names, names...)
	surplus := slices.Clone(r.names[:max(0, len(r.names)-limit)])
	r.names = r.names[len(surplus):]
	return surplus
}

var (
	// quickly deletes pods that no test needs anymore, with less grace than they ask for.
	quickly = metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}
	// everything selects all objects.
	everything = metav1.ListOptions{}
)
