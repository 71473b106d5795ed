package steps

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// namespaces maps each namespace that a scenario names to the one that stands for it, which no other scenario uses.
type namespaces struct {
	mu    sync.Mutex
	names map[string]string
}

// real returns what the namespace that the scenario calls name is called in the cluster.
func (n *namespaces) real(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.names == nil {
		n.names = map[string]string{}
	}
	if _, ok := n.names[name]; !ok {
		n.names[name] = name + "-" + strings.ToLower(rand.Text()[:6])
	}
	return n.names[name]
}

// all returns the names in the cluster of those that the scenario named.
func (n *namespaces) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for _, name := range n.names {
		all = append(all, name)
	}
	return all
}

// makeDefaultNamespace makes the suite's namespace where it does not exist, as helm's --create-namespace would.
func (s *scenario) makeDefaultNamespace(ctx context.Context) error {
	name := s.namespaces.real(s.world.options.Namespace)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := s.world.cluster.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make the namespace %s: %w", name, err)
	}
	return nil
}

// cleanUp has the cluster delete every namespace that stood for one of the scenario's. It does not wait until it has: no other scenario uses them.
func (s *scenario) cleanUp() error {
	var failed []error
	for _, name := range s.namespaces.all() {
		err := s.world.cluster.CoreV1().Namespaces().Delete(context.Background(), name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			failed = append(failed, fmt.Errorf("delete the namespace %s, which this scenario made: %w", name, err))
		}
	}
	return errors.Join(failed...)
}
