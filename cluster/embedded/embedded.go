// Package embedded is the cluster backend that needs nothing but Go: a Kubernetes control plane built from its Go
// modules, on loopback, whose nodes are simulated by KWOK's controllers.
//
// The control plane is a program of its own (the module in the folder controlplane), so that its thousands of
// packages are no burden on who imports this one. The first use builds it into the user's cache folder; every later use starts
// that binary. It lives as long as this process holds its standard input open: however this process ends, it ends too, and
// removes its folder.
//
// What the API decides is real: admission, validation, RBAC, quota, scheduling, rollouts, garbage collection. No
// container runs: a pod is Ready as soon as it is bound to a node, unless its image is under the reserved domain .invalid, which is never pulled.
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
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Options say what the simulated nodes are like. The zero value of a field means the default of its flag.
type Options struct {
	Nodes  int    // how many
	CPU    string // of each, in cores, as a Kubernetes quantity
	Memory string // of each, in bytes, as a Kubernetes quantity
}

// What a node has by default is more than all scenarios ask for that run side by side, and those that have ended and left their pods: on a
// smaller one they would wait for each other.
const (
	defaultNodes  = 1
	defaultCPU    = "500"
	defaultMemory = "2Ti"
	pods          = 10000 // that each node takes

	// room is for how many namespaces that nobody uses any more: with two cores, 8 GiB and forty pods each they leave enough for those that run.
	room = 200
)

// Bind adds the options to flags.
func (o *Options) Bind(flags *flag.FlagSet) {
	flags.IntVar(&o.Nodes, "nodes", defaultNodes, "embedded cluster: simulate this many nodes")
	flags.StringVar(&o.CPU, "node-cpu", defaultCPU, "embedded cluster: CPU of each node, a Kubernetes `quantity` of cores")
	flags.StringVar(&o.Memory, "node-memory", defaultMemory, "embedded cluster: memory of each node, a Kubernetes `quantity` of bytes")
}

func (o Options) args() []string {
	return []string{
		"serve",
		fmt.Sprintf("--nodes=%d", o.Nodes),
		"--node-cpu=" + o.CPU,
		"--node-memory=" + o.Memory,
		fmt.Sprintf("--node-pods=%d", pods),
	}
}

// Cluster is one embedded control plane.
type Cluster struct {
	options  Options
	progress io.Writer

	process    *exec.Cmd
	alive      io.Closer    // its standard input: closing it ends the control plane
	stderr     bytes.Buffer // read once the process has ended
	events     chan event   // what it says; closed when its standard output is
	kubeconfig string
	config     *rest.Config
}

// event is what the control plane says on its standard output, a line of JSON each: see Event in controlplane.
type event struct {
	Kubeconfig, Error, Logs string
}

func (e event) err() error {
	if e.Logs == "" {
		return errors.New(e.Error)
	}
	return fmt.Errorf("%s\nits logs are kept in %s", e.Error, e.Logs)
}

// New returns a cluster that is not started. Progress of a build is written to progress.
func New(options Options, progress io.Writer) *Cluster {
	options.Nodes = cmp.Or(options.Nodes, defaultNodes)
	options.CPU = cmp.Or(options.CPU, defaultCPU)
	options.Memory = cmp.Or(options.Memory, defaultMemory)
	return &Cluster{options: options, progress: progress}
}

// Config is how to reach the API server as its administrator, without a client-side limit on requests.
func (c *Cluster) Config() *rest.Config { return rest.CopyConfig(c.config) }

// Kubeconfig is the path of a kubeconfig with the same access.
func (c *Cluster) Kubeconfig() string { return c.kubeconfig }

// TempDir returns the directory of the control plane, which removes it when it ends.
func (c *Cluster) TempDir() string { return filepath.Dir(c.kubeconfig) }

// RunsContainers is false: the nodes are simulated.
func (c *Cluster) RunsContainers() bool { return false }

// Persistent returns false: the cluster ends with the run.
func (c *Cluster) Persistent() bool { return false }

// RetainNamespaces returns how many finished namespaces may stay until the cluster ends. It is 0 if the user chose the
// size of the nodes, because their capacity is for what is being tested.
func (c *Cluster) RetainNamespaces() int {
	if c.options.CPU != defaultCPU || c.options.Memory != defaultMemory {
		return 0
	}
	return room
}

// Start builds the control plane where that was not done before, starts it, and returns when the API is ready, the
// default service account is there and every node is Ready. When ctx ends first, or a component fails, nothing is left running; the error names the
// component, how it ended, and its last log lines.
func (c *Cluster) Start(ctx context.Context) error {
	binary, err := build(ctx, c.progress)
	if err != nil {
		return fmt.Errorf("build the embedded control plane: %w", err)
	}
	if err := c.start(ctx, binary); err != nil {
		return fmt.Errorf("start the embedded control plane: %w", err)
	}
	return nil
}

func (c *Cluster) start(ctx context.Context, binary string) error {
	if err := c.launch(binary); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), c.release())
	case first := <-c.events:
		if first.Kubeconfig == "" { // it could not start, or could not even say so
			if err := c.release(); first.Error == "" {
				return err
			}
			return first.err()
		}
		c.kubeconfig = first.Kubeconfig
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig)
	if err != nil {
		return errors.Join(err, c.release())
	}
	config.QPS = -1 // none but this run uses it
	c.config = config
	return nil
}

// launch runs the control plane in a process group of its own, so that a Ctrl-C at the terminal reaches it
// only by the end of this process, in order.
func (c *Cluster) launch(binary string) (err error) {
	c.process = exec.Command(binary, c.options.args()...)
	c.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.process.Stderr = &c.stderr
	if c.alive, err = c.process.StdinPipe(); err != nil {
		return err
	}
	stdout, err := c.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.process.Start(); err != nil {
		return err
	}
	c.events = make(chan event, 2) // all that it ever says
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

// patience with a control plane that was told to end, which takes it well under a second.
const patience = 10 * time.Second

// release tells the control plane to end, waits until it has, and returns the error that it had to tell, if any.
func (c *Cluster) release() error {
	_ = c.alive.Close()
	late := time.AfterFunc(patience, func() { _ = c.process.Process.Kill() })
	defer late.Stop()
	var told error
	for e := range c.events { // to the end: Wait closes the pipe that they come through
		if e.Error != "" {
			told = e.err()
		}
	}
	if err := c.process.Wait(); told == nil && err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(c.stderr.String()))
	}
	return told
}

// Stop ends the control plane and returns when its processes and files are gone. If it had ended before, the error
// says which component failed and where its logs are.
func (c *Cluster) Stop() error {
	if c.process == nil || c.process.ProcessState != nil {
		return nil
	}
	if err := c.release(); err != nil {
		return fmt.Errorf("the embedded control plane did not last until the end of the run: %w", err)
	}
	return nil
}
