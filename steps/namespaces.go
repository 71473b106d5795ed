package steps

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cucumber/godog"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/traderadmin/charts/steps/internal/ownership"
)

// namespaces maps each namespace that a scenario names to the one that stands for it, which no other scenario uses.
type namespaces struct {
	only  string // the one that stands for all, which nobody here makes or deletes; "" where each gets its own
	mu    sync.Mutex
	names map[string]string
	made  []string
}

// real returns what the namespace that the scenario calls name is called in the cluster.
func (n *namespaces) real(name string) string {
	if n.only != "" {
		return n.only
	}
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

// shortID is short enough to read and long enough to be had once.
func shortID() string { return strings.ToLower(rand.Text()[:6]) }

// all returns the names in the cluster of those that the scenario named.
func (n *namespaces) all() []string {
	if n.only != "" {
		return []string{n.only}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	var all []string
	for _, name := range n.names {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// makeDefaultNamespace makes the suite's namespace where it does not exist, as helm's --create-namespace would.
func (s *scenario) makeDefaultNamespace(ctx context.Context) error {
	return s.ensureNamespace(ctx, s.suite.options.Namespace)
}

// namespaceWithLabels makes the namespace that the scenario calls name, if it is not there, and gives it the labels of a table.
func (s *scenario) namespaceWithLabels(ctx context.Context, name string, table *godog.Table) error {
	if s.namespaces.only != "" {
		return fmt.Errorf("%w: the run may use the namespace %s only, which is not its to label", godog.ErrSkip, s.namespaces.only)
	}
	if err := s.ensureNamespace(ctx, name); err != nil {
		return err
	}
	labels := map[string]string{}
	for _, row := range records(table) {
		labels[row["key"]] = row["value"]
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": labels}})
	if err != nil {
		return err
	}
	_, err = s.suite.cluster.CoreV1().Namespaces().Patch(ctx, s.namespaces.real(name), types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("label the namespace %q: %w", name, err)
	}
	return nil
}

// ensureNamespace makes the namespace that the scenario calls by this name, unless it did before.
func (s *scenario) ensureNamespace(ctx context.Context, called string) error {
	name := s.namespaces.real(called)
	if name == s.namespaces.only || slices.Contains(s.namespaces.made, name) {
		return nil
	}
	_, err := s.suite.cluster.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   name,
		Labels: map[string]string{corev1.LabelMetadataName: name, ownership.Label: s.suite.run},
	}}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("make the namespace %s: %w", name, err)
	}
	s.namespaces.made = append(s.namespaces.made, name)
	return nil
}

// unused are the namespaces of scenarios that have ended which are still there.
type unused struct {
	mu    sync.Mutex
	names []string // the oldest first
}

// add adds names, and returns those for which there is no room any more.
func (u *unused) add(names []string, room int) []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.names = append(u.names, names...)
	tooMany := slices.Clone(u.names[:max(0, len(u.names)-room)])
	u.names = u.names[len(tooMany):]
	return tooMany
}

// cleanUp takes away what the scenario made: releases of which a part is in namespaces that are not its own, what is outside of namespaces, then its namespaces, or
// older ones where there is room for some. It does not wait until they are gone: no other scenario uses them.
func (s *scenario) cleanUp() error {
	ctx := s.suite.background.ctx // the scenario's own may have ended
	defer s.giveBack()
	if s.namespaces.only != "" {
		return errors.Join(s.takeAwayOutside(ctx), s.suite.takeAway(ctx, s.suite.run))
	}
	failed := []error{s.uninstallElsewhere(ctx), s.takeAwayOutside(ctx)}
	for _, name := range s.suite.unused.add(s.namespaces.all(), s.suite.options.RetainNamespaces) {
		err := s.suite.cluster.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			failed = append(failed, fmt.Errorf("delete the namespace %s, which a scenario made: %w", name, err))
		}
		if s.share != nil { // others wait for it
			_ = s.suite.cluster.CoreV1().Pods(name).DeleteCollection(ctx, hastily, metav1.ListOptions{}) // they go anyway, in their own time
		}
	}
	return errors.Join(failed...)
}

// hastily is for pods that have nobody left to serve, and need not end as gracefully as they were to while they were tested.
var hastily = metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}
