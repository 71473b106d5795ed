// Package embeddedtest shares one embedded cluster among the tests of a package.
//
//	var shared = embeddedtest.New(embedded.Options{})
//
//	func TestMain(m *testing.M) { shared.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		client := shared.Client(t)
//		…
//	}
package embeddedtest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/traderadmin/charts/cluster/embedded"
)

// Cluster is the cluster of a package. The first test that uses it starts it.
type Cluster struct {
	shared *embedded.Cluster
	start  func() error
}

// New returns a cluster that is not started.
func New(options embedded.Options) *Cluster {
	shared := embedded.New(options, os.Stderr)
	return &Cluster{shared, sync.OnceValue(func() error { return shared.Start(context.Background()) })}
}

// Main is the TestMain of the package. It runs the tests, stops the cluster if it was started, and exits.
func (c *Cluster) Main(m *testing.M) {
	code := m.Run()
	if err := c.shared.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// started returns the cluster after starting it. If that fails, the test fails.
func (c *Cluster) started(tb testing.TB) *embedded.Cluster {
	tb.Helper()
	if err := c.start(); err != nil {
		tb.Fatal(err)
	}
	return c.shared
}

// Config gives access to the cluster as its administrator.
func (c *Cluster) Config(tb testing.TB) *rest.Config {
	tb.Helper()
	return c.started(tb).Config()
}

// Kubeconfig returns the path of a kubeconfig file with the same access.
func (c *Cluster) Kubeconfig(tb testing.TB) string {
	tb.Helper()
	return c.started(tb).Kubeconfig()
}

// Client returns a client of the cluster's administrator.
func (c *Cluster) Client(tb testing.TB) kubernetes.Interface {
	tb.Helper()
	client, err := kubernetes.NewForConfig(c.Config(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return client
}
