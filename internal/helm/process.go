package helm

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/release"
	"k8s.io/client-go/rest"
)

// Process implements Helm with a helm binary, of Helm 3 or 4. Each command line is a process.
//
// # Design
//
// The binary reaches the cluster through a proxy in this process, which gives it what the SDK gives a Client: it shows
// each object to Scope.Prepare before it is sent, and answers with the version of Kubernetes that the cluster emulates.
// The proxy also sees the objects that a wait or a hook waits for. As soon as one of them cannot become ready, the
// binary is interrupted, as by Ctrl-C.
//
// The flags of the binary are those that its --help lists, and its arguments those of Helm 3's commands. The releases
// of a result are those whose records the binary writes.
//
// The binary has a home folder of its own. It does not see the plugins, repositories and settings of the user.
//
// # Differences from Client
//
//   - Prepare is called with each object alone. Helm 3 updates an object with a patch: Prepare sees the result of the
//     patch, and what it changes there is not sent.
//   - A wait that cannot succeed interrupts the binary, which then marks the release as failed.
//   - Output and errors are those of the binary. An error of a wait starts with its cause.
type Process struct {
	*Client
	binary string
	flags  *flagSets
	proxy  *proxy
}

var _ Helm = (*Process)(nil)

// NewProcess returns a Helm that runs a binary against the cluster that config points at. Close releases what it holds.
func NewProcess(binary string, config *rest.Config, options Options) (*Process, error) {
	client, err := New(config, options)
	if err != nil {
		return nil, err
	}
	listening, err := newProxy(config, client)
	if err != nil {
		return nil, fmt.Errorf("give %s access to %s: %w", binary, config.Host, err)
	}
	return &Process{Client: client, binary: binary, flags: newFlagSets(binary), proxy: listening}, nil
}

// Close ends the access of the binary to the cluster.
func (p *Process) Close() error { return p.proxy.close() }

// Parse implements Helm with the flags of the binary.
func (p *Process) Parse(args []string) (*Invocation, error) {
	line, err := p.flags.parse(context.Background(), args)
	if err != nil {
		return nil, err
	}
	return line.invocation(), nil
}

// Run implements Helm. When ctx ends, the binary is interrupted, and killed if it has not ended half a minute later.
func (p *Process) Run(ctx context.Context, scope Scope, args ...string) (*Result, error) {
	result := &Result{Command: join(append([]string{"helm"}, args...))}
	if err := p.run(ctx, scope, args, result); err != nil {
		return result, fmt.Errorf("%w\nwhile running: %s", err, result.Command)
	}
	return result, nil
}

func (p *Process) run(ctx context.Context, scope Scope, args []string, result *Result) error {
	line, err := p.flags.parse(ctx, args)
	if err != nil {
		return err
	}
	e := newExecution(p.Client, scope)
	if line.isHelp() {
		return p.execute(ctx, e, line, result)
	}
	invocation := line.invocation()
	e.namespace = cmp.Or(invocation.Namespace, p.namespace)
	if scope.Namespace != nil {
		e.namespace = scope.Namespace(e.namespace)
	}
	if err := p.configure(ctx, e); err != nil {
		return err
	}
	if charts := invocation.Charts; len(charts) > 0 {
		result.Chart = charts[len(charts)-1]
	}
	failure := p.execute(ctx, e, line, result)
	read, err := e.readBy(line)
	if err != nil {
		return errors.Join(failure, err)
	}
	e.releases = append(e.releases, read...)
	if failure == nil && invocation.Command == "uninstall" {
		for _, gone := range e.releases { // whose records were deleted after their last change
			gone.Info.Status = release.StatusUninstalled
		}
	}
	result.Releases = newReleases(e.releases)
	if last := len(result.Releases) - 1; last >= 0 {
		result.Release = result.Releases[last]
	}
	return failure
}

// cleanUpTime is how long the binary may take after an interrupt, for instance to roll back.
const cleanUpTime = 30 * time.Second

// execute runs the binary, and puts what it prints into result.
func (p *Process) execute(ctx context.Context, e *execution, line *commandLine, result *Result) error {
	home, err := os.MkdirTemp(p.scratch, "helm-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(home) }()
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	access := p.proxy.grant(ctx, e, line, interrupt)
	defer access.revoke()

	defer func() { e.releases = access.releases() }()
	words, typed := line.words(e)
	command := exec.CommandContext(ctx, p.binary, words...)
	command.Dir = p.dir
	command.Env = environment(home, access.url(), e.namespace)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = cleanUpTime
	failure := command.Run()
	result.Output, result.Warnings = typed.Replace(stdout.String()), typed.Replace(stderr.String())
	if failure == nil {
		return nil
	}
	warnings, said, found := strings.Cut("\n"+result.Warnings, "\nError: ")
	if found {
		failure = errors.New(strings.TrimSuffix(said, "\n"))
		result.Warnings = strings.TrimPrefix(warnings+"\n", "\n")
	}
	return explain(failure, access.waitError())
}

// environment returns the environment of the binary. It has nothing of the user's, except the path of programs.
func environment(home, server, namespace string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home, "KUBECONFIG=" + filepath.Join(home, "none"),
		"HELM_CACHE_HOME=" + filepath.Join(home, "cache"), "HELM_CONFIG_HOME=" + filepath.Join(home, "config"),
		"HELM_DATA_HOME=" + filepath.Join(home, "data"),
		"HELM_KUBEAPISERVER=" + server, "HELM_NAMESPACE=" + namespace, "HELM_BURST_LIMIT=1000", "HELM_QPS=1000",
	}
}

// explain returns the error of a binary that failed: why a wait failed, if one did, and what the binary says.
func explain(failure, waited error) error {
	switch {
	case waited != nil:
		return fmt.Errorf("%w\n%w", waited, failure)
	case strings.Contains(failure.Error(), "release: not found"):
		return identified{failure, ErrReleaseNotFound}
	}
	return failure
}
