package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// Event is a line of JSON on the standard output of serve. The first event says that the cluster is ready, or why it
// failed to start. A second one follows only if a component ends before the cluster is released.
type Event struct {
	// Kubeconfig is the path of the administrator's kubeconfig, if the cluster is ready.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// Error says why the cluster failed.
	Error string `json:"error,omitempty"`
	// Logs is the directory with the logs of the components, which is kept after a failure.
	Logs string `json:"logs,omitempty"`
}

// serve runs a control plane until stdin is closed. It returns the exit code: 0, or 1 if a component failed, or 2 if
// the arguments are invalid.
func serve(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var options nodeOptions
	flags := flag.NewFlagSet("controlplane serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	timeout := flags.Duration("start-timeout", 3*time.Minute, "time limit for the cluster to become ready")
	version := flags.String("emulated-version", "", "minor version of Kubernetes to emulate, such as 1.35")
	options.bind(flags)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	events := json.NewEncoder(stdout)

	path, err := os.MkdirTemp("", "controlplane-") // with mode 0700
	if err != nil {
		_ = events.Encode(Event{Error: fmt.Sprintf("create a private directory: %v", err)})
		return 1
	}
	p := newControlPlane(dir(path), stdin)
	err = p.run(options, *version, *timeout, func() {
		_ = events.Encode(Event{Kubeconfig: p.dir.kubeconfig(admin)})
	})
	p.kill()
	if err == nil {
		_ = os.RemoveAll(path)
		return 0
	}
	_ = events.Encode(Event{Error: err.Error(), Logs: p.keepLogs()})
	return 1
}

// controlPlane is the running components and their directory.
type controlPlane struct {
	dir        dir
	components []*component
	ctx        context.Context // its cause is errReleased, or the endedError of a component
	end        context.CancelCauseFunc
}

// errReleased is the cause if the parent program closed standard input or has ended.
var errReleased = errors.New("released")

// newControlPlane returns a control plane without components. It is released when stdin is closed, or by a signal.
func newControlPlane(d dir, stdin io.Reader) *controlPlane {
	p := &controlPlane{dir: d}
	p.ctx, p.end = context.WithCancelCause(context.Background())
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupt
		p.end(errReleased)
	}()
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		p.end(errReleased)
	}()
	return p
}

// run starts the components and calls ready once the cluster is ready. It returns nil when the cluster is released, or
// an error that names the component that failed.
func (p *controlPlane) run(options nodeOptions, version string, timeout time.Duration, ready func()) error {
	err := p.start(options, version, timeout)
	if err == nil {
		ready()
		<-p.ctx.Done()
	}
	if cause := context.Cause(p.ctx); cause != nil {
		err = cause
	}
	if errors.Is(err, errReleased) {
		return nil
	}
	return err
}

func (p *controlPlane) start(options nodeOptions, version string, timeout time.Duration) error {
	port, release, err := reservePort()
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	defer release() // by then the API server listens on the port
	if err := writeCredentials(p.dir, fmt.Sprintf("https://127.0.0.1:%d", port)); err != nil {
		return err
	}
	if err := os.WriteFile(p.dir.schedulerConfig(), []byte(schedulerConfig(p.dir)), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(p.dir.logs(), 0o700); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{etcd, etcdArgs(p.dir)},
		{kubeAPIServer, append(apiServerArgs(p.dir, port), emulation(version)...)},
		{kubeControllerManager, append(controllerManagerArgs(p.dir), emulation(version)...)},
		{kubeScheduler, append(schedulerArgs(p.dir), emulation(version)...)},
		{kwok, append(options.args(), "--kubeconfig="+p.dir.kubeconfig(kwok))},
	} {
		onEnd := func(ended *component) { p.end(endedError{ended}) }
		started, err := startComponent(c.name, c.args, p.dir.logs(), onEnd)
		if err != nil {
			return err
		}
		p.components = append(p.components, started)
	}
	return p.awaitReady(options.count, timeout)
}

func (p *controlPlane) awaitReady(nodes int, timeout time.Duration) error {
	config, err := clientcmd.BuildConfigFromFlags("", p.dir.kubeconfig(admin))
	if err != nil {
		return err
	}
	config.QPS = -1 // no limit: the requests end with the first answer
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(p.ctx, timeout)
	defer cancel()
	if err := awaitReady(ctx, clientset, nodes); err != nil {
		return fmt.Errorf("not ready after %s: %w", timeout, err)
	}
	return nil
}

// kill kills the components, the last one first.
func (p *controlPlane) kill() {
	p.end(errReleased) // components that end from now on have not failed
	for i := len(p.components) - 1; i >= 0; i-- {
		p.components[i].kill()
	}
}

// keepLogs removes everything in the directory except for the logs, and returns their directory.
func (p *controlPlane) keepLogs() string {
	entries, _ := os.ReadDir(string(p.dir))
	for _, entry := range entries {
		if path := p.dir.path(entry.Name()); path != p.dir.logs() {
			_ = os.RemoveAll(path)
		}
	}
	return p.dir.logs()
}
