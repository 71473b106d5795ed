// Package embedded is the cluster backend that needs nothing but Go: a Kubernetes control plane built from its Go
// modules, listening on loopback, with nodes simulated by KWOK.
//
// The control plane is a program of its own, the Go module in the directory controlplane, so that importing this
// package does not pull in its thousands of packages. The first use builds it into the user's cache directory, which
// takes some minutes. Every later use starts that binary within seconds. The program runs as long as this process holds
// its standard input open. When this process ends, for whatever reason, the control plane ends too and removes its
// files.
//
// Everything that the API server and the controllers decide is real: admission, validation, RBAC, quota, scheduling,
// rollouts, garbage collection. Claims are bound to volumes, which exist only in the API. Containers do not run. A pod
// that is bound to a node goes through the states of one whose containers all start and stay ready, unless a kubelet
// would refuse to start them, or one of its images has a registry under the reserved domain .invalid (RFC 2606): such
// an image is never pulled. The containers of a Job end at once, and those of other pods only where an annotation says
// so.
package embedded

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/traderadmin/charts/internal/controlplane"
)

// Options describe the control plane and the simulated nodes. A zero field has the default of its flag.
type Options struct {
	Kubernetes string // minor version to emulate, such as 1.35, by default that of the control plane; see Each
	Nodes      int    // number of nodes, by default 1
	CPU        string // CPU of each node, a Kubernetes quantity of cores, by default 500
	Memory     string // memory of each node, a Kubernetes quantity of bytes, by default 2Ti
}

// By default a node has room for all scenarios that run side by side, and for the pods of those that have ended. On a
// smaller node they would wait for each other.
const (
	defaultNodes  = 1
	defaultCPU    = "500"
	defaultMemory = "2Ti"
	podsPerNode   = 10000

	// retainedNamespaces leaves enough room for running scenarios if a namespace requests two cores, 8 GiB and 40 pods.
	retainedNamespaces = 200
)

// Bind defines a flag for each option.
func (o *Options) Bind(flags *flag.FlagSet) {
	flags.StringVar(&o.Kubernetes, "kubernetes", "",
		"embedded cluster: minor `version` of Kubernetes to emulate, such as 1.35; it may be up to three versions older "+
			"than the control plane. A list such as 1.34,1.37, or all, runs the scenarios on a cluster of each")
	flags.IntVar(&o.Nodes, "nodes", defaultNodes, "embedded cluster: number of simulated nodes")
	flags.StringVar(&o.CPU, "node-cpu", defaultCPU, "embedded cluster: CPU of each node, a Kubernetes `quantity` of cores")
	flags.StringVar(&o.Memory, "node-memory", defaultMemory,
		"embedded cluster: memory of each node, a Kubernetes `quantity` of bytes")
}

// args returns the arguments of the control plane.
func (o Options) args() []string {
	return []string{
		"serve",
		"--emulated-version=" + o.Kubernetes,
		fmt.Sprintf("--nodes=%d", o.Nodes),
		"--node-cpu=" + o.CPU,
		"--node-memory=" + o.Memory,
		fmt.Sprintf("--node-pods=%d", podsPerNode),
	}
}

// Cluster is an embedded control plane.
type Cluster struct {
	options     Options
	progress    io.Writer
	stopTimeout time.Duration

	process    *exec.Cmd
	stdin      io.Closer    // closing it ends the control plane
	stderr     bytes.Buffer // complete once the process has ended
	events     chan event   // closed when the standard output of the process is
	kubeconfig string
	config     *rest.Config
}

// event is a line of JSON on the standard output of the control plane. See Event in controlplane/serve.go.
type event struct {
	Kubeconfig, Error, Logs string
}

func (e event) err() error {
	if e.Logs == "" {
		return errors.New(e.Error)
	}
	return fmt.Errorf("%s\nthe logs are kept in %s", e.Error, e.Logs)
}

// New returns a cluster that is not started. The progress of a build is written to progress.
func New(options Options, progress io.Writer) *Cluster {
	options.Nodes = cmp.Or(options.Nodes, defaultNodes)
	options.CPU = cmp.Or(options.CPU, defaultCPU)
	options.Memory = cmp.Or(options.Memory, defaultMemory)
	return &Cluster{options: options, progress: progress, stopTimeout: stopTimeout}
}

// Config gives access to the cluster as its administrator, without a client-side rate limit.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Kubeconfig returns the path of a kubeconfig file with the same access.
func (c *Cluster) Kubeconfig() string { return c.kubeconfig }

// TempDir returns the directory of the control plane, which removes it when it ends.
func (c *Cluster) TempDir() string { return filepath.Dir(c.kubeconfig) }

// RunsContainers returns false: the nodes are simulated.
func (c *Cluster) RunsContainers() bool { return false }

// Persistent returns false: the cluster ends with the run.
func (c *Cluster) Persistent() bool { return false }

// RetainNamespaces returns how many finished namespaces may stay until the cluster ends. It is 0 if the user chose the
// size of the nodes, because their capacity is for what is being tested.
func (c *Cluster) RetainNamespaces() int {
	if c.options.CPU != defaultCPU || c.options.Memory != defaultMemory {
		return 0
	}
	return retainedNamespaces
}

// Start builds the control plane if it is not in the cache, and starts it. It returns once the API server is ready, the
// default service account exists and every node is Ready. If ctx ends first, or if a component fails, nothing is left
// running. The error names the component, how it ended, and its last log lines.
func (c *Cluster) Start(ctx context.Context) error {
	if err := c.options.checkVersion(ctx); err != nil {
		return err
	}
	binary, err := controlplane.Build(ctx, c.progress, retry)
	if err != nil {
		return fmt.Errorf("build the embedded control plane: %w", err)
	}
	if err := c.start(ctx, binary); err != nil {
		return fmt.Errorf("start the embedded control plane: %w", err)
	}
	return nil
}

// retry tells how to continue an interrupted build.
const retry = "give it more time:\n    go test -run TestFeatures -timeout 60m"

func (c *Cluster) start(ctx context.Context, binary string) error {
	if err := c.launch(binary); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), c.end())
	case first := <-c.events:
		if first.Kubeconfig == "" {
			return cmp.Or(c.end(first), errors.New("it ended before it was ready"))
		}
		c.kubeconfig = first.Kubeconfig
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return errors.Join(err, c.end())
	}
	config.QPS = -1 // this run is the only client
	c.config = config
	return nil
}

// launch starts the process. It runs in a process group of its own, so that Ctrl-C at the terminal does not reach it
// directly, but only through the end of this process.
func (c *Cluster) launch(binary string) (err error) {
	process := exec.Command(binary, c.options.args()...)
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Stderr = &c.stderr
	if c.stdin, err = process.StdinPipe(); err != nil {
		return err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return err
	}
	c.process = process
	c.events = make(chan event, maxEvents)
	go func() {
		defer close(c.events)
		for lines := json.NewDecoder(stdout); ; {
			var e event
			if lines.Decode(&e) != nil {
				return
			}
			c.events <- e
		}
	}()
	return nil
}

// maxEvents is the number of events that a control plane sends: that it is ready, and that it failed.
const maxEvents = 2

// stopTimeout is how long the control plane may take to end before it is killed. It takes less than a second.
const stopTimeout = 10 * time.Second

// end tells the control plane to end and returns once it has. After stopTimeout it kills the control plane and removes
// its files. It returns the error that the control plane reported, in one of the events already received or now.
func (c *Cluster) end(received ...event) error {
	_ = c.stdin.Close()
	kill := time.AfterFunc(c.stopTimeout, func() { _ = syscall.Kill(-c.process.Process.Pid, syscall.SIGKILL) })
	for e := range c.events { // Wait closes the pipe, so read it first
		received = append(received, e)
	}
	err := c.process.Wait()
	killed := !kill.Stop()
	if killed && c.kubeconfig != "" {
		_ = os.RemoveAll(c.TempDir())
	}
	for _, e := range received {
		if e.Error != "" {
			return e.err()
		}
	}
	switch {
	case killed:
		return fmt.Errorf("it did not end within %s and was killed", c.stopTimeout)
	case err != nil:
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(c.stderr.String()))
	}
	return nil
}

// Stop ends the control plane and returns once its processes and files are gone. It kills the control plane after 10
// seconds. If the control plane ended earlier, the error names the component that failed and says where its logs are.
func (c *Cluster) Stop() error {
	if c.process == nil || c.process.ProcessState != nil {
		return nil
	}
	if err := c.end(); err != nil {
		return fmt.Errorf("stop the embedded control plane: %w", err)
	}
	return nil
}
