// Package embeddedtest gives the tests of a package one embedded cluster, which they share.
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

// Cluster is one for all tests of a package. The first that needs it starts it.
type Cluster struct {
	shared *embedded.Cluster
	start  func() error
}

// New returns a cluster that is not started.
func New(options embedded.Options) *Cluster {
	shared := embedded.New(options, os.Stderr)
	return &Cluster{shared, sync.OnceValue(func() error { return shared.Start(context.Background()) })}
}

// Main is the TestMain of a package: it runs its tests, stops the cluster where one of them started it, and exits.
func (c *Cluster) Main(m *testing.M) {
	code := m.Run()
	if err := c.shared.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// started is the cluster; a test that cannot have it ends.
func (c *Cluster) started(tb testing.TB) *embedded.Cluster {
	tb.Helper()
	if err := c.start(); err != nil {
		tb.Fatal(err)
	}
	return c.shared
}

// Config is how to reach the cluster as its administrator.
func (c *Cluster) Config(tb testing.TB) *rest.Config {
	tb.Helper()
	return c.started(tb).Config()
}

// Kubeconfig is the path of a kubeconfig with the same access.
func (c *Cluster) Kubeconfig(tb testing.TB) string {
	tb.Helper()
	return c.started(tb).Kubeconfig()
}

// Client is a client of the cluster's administrator.
func (c *Cluster) Client(tb testing.TB) kubernetes.Interface {
	tb.Helper()
	client, err := kubernetes.NewForConfig(c.Config(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return client
}
