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

// Event is what serve writes to its standard output, as one line of JSON: first that the cluster is ready or why it
// is not, and later, at most once, that it has ended before it was told to.
type Event struct {
	// Kubeconfig is the path of the administrator's kubeconfig; the cluster is ready.
	Kubeconfig string `json:"kubeconfig,omitempty"`
	// Error says why the cluster is not, or is no longer, there.
	Error string `json:"error,omitempty"`
	// Logs is the folder in which the components' logs are kept after an error.
	Logs string `json:"logs,omitempty"`
}

// serve runs a control plane until stdin is closed (0), or it cannot start or loses a component (1).
func serve(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var options nodeOptions
	flags := flag.NewFlagSet("controlplane serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	timeout := flags.Duration("start-timeout", 3*time.Minute, "how long the cluster may take until it is ready")
	options.bind(flags)
	if err := flags.Parse(args); err != nil {
		return 2
	}
	events := json.NewEncoder(stdout)

	dir, err := os.MkdirTemp("", "controlplane-") // 0700
	if err != nil {
		_ = events.Encode(Event{Error: fmt.Sprintf("make a private folder: %v", err)})
		return 1
	}
	p := newControlPlane(folder(dir), stdin)
	err = p.run(options, *timeout, func() {
		_ = events.Encode(Event{Kubeconfig: p.folder.kubeconfig(admin)})
	})
	p.kill()
	if err == nil {
		_ = os.RemoveAll(dir)
		return 0
	}
	_ = events.Encode(Event{Error: err.Error(), Logs: p.keepLogs()})
	return 1
}

// controlPlane is the components that run, in a folder of their own.
type controlPlane struct {
	folder     folder
	components []*component
	ctx        context.Context // ends with cause: errReleased, or the endedError of a component
	end        context.CancelCauseFunc
}

// errReleased says that the program which wanted the control plane is done with it, or gone.
var errReleased = errors.New("released")

func newControlPlane(f folder, stdin io.Reader) *controlPlane {
	p := &controlPlane{folder: f}
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

// run starts the components, calls ready when the cluster is, and returns nil when it is released, or an error that
// says which component failed it.
func (p *controlPlane) run(options nodeOptions, timeout time.Duration, ready func()) error {
	err := p.start(options, timeout)
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

func (p *controlPlane) start(options nodeOptions, timeout time.Duration) error {
	port, release, err := reservePort()
	if err != nil {
		return fmt.Errorf("find a free port: %w", err)
	}
	defer release() // the API server shares it by then
	if err := writeCredentials(p.folder, fmt.Sprintf("https://127.0.0.1:%d", port)); err != nil {
		return err
	}
	if err := os.WriteFile(p.folder.schedulerConfig(), []byte(schedulerConfig(p.folder)), 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(p.folder.logs(), 0o700); err != nil {
		return err
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{etcd, etcdArgs(p.folder)},
		{kubeAPIServer, apiServerArgs(p.folder, port)},
		{kubeControllerManager, controllerManagerArgs(p.folder)},
		{kubeScheduler, schedulerArgs(p.folder)},
		{nodes, append(options.args(), "--kubeconfig="+p.folder.kubeconfig(nodes))},
	} {
		started, err := startComponent(c.name, c.args, p.folder.logs(), func(ended *component) { p.end(endedError{ended}) })
		if err != nil {
			return err
		}
		p.components = append(p.components, started)
	}
	return p.awaitReady(options.count, timeout)
}

func (p *controlPlane) awaitReady(nodes int, timeout time.Duration) error {
	config, err := clientcmd.BuildConfigFromFlags("", p.folder.kubeconfig(admin))
	if err != nil {
		return err
	}
	config.QPS = -1 // no limit: it only asks until there is an answer
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

// kill ends what runs, the last started first.
func (p *controlPlane) kill() {
	p.end(errReleased) // what ends from here on was meant to
	for i := len(p.components) - 1; i >= 0; i-- {
		p.components[i].kill()
	}
}

// keepLogs removes everything in the folder but the logs, and returns where they are.
func (p *controlPlane) keepLogs() string {
	entries, _ := os.ReadDir(string(p.folder))
	for _, entry := range entries {
		if path := p.folder.path(entry.Name()); path != p.folder.logs() {
			_ = os.RemoveAll(path)
		}
	}
	return p.folder.logs()
}
