package kubescore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"

	"github.com/traderadmin/charts/internal/gobuild"
)

// Finding is what a check has to say about a manifest.
type Finding struct {
	// Manifest is the manifest's place in the release, from 0.
	Manifest int `json:"manifest"`
	// Check is the check's ID.
	Check string `json:"check"`
	// Grade says how bad it is.
	Grade Grade `json:"grade"`
	// Path is where in the manifest, in the check's own terms: the name of a container, a label's key; often empty.
	Path string `json:"path"`
	// Summary says what is wrong, and Description, which may be empty, why and what to do.
	Summary     string `json:"summary"`
	Description string `json:"description"`
	// URL is of what there is to read about it, if there is anything.
	URL string `json:"url"`
}

// Grade says how bad a finding is.
type Grade string

// The grades of findings, in kube-score's words, and one for checks that could not tell.
const (
	Critical Grade = "CRITICAL"
	Warning  Grade = "WARNING"
	Failed   Grade = "FAILED"
)

// Runner is a process that runs the checks. It is safe for concurrent use.
type Runner struct {
	mu      sync.Mutex
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.Reader
	answers *json.Decoder // of stdout: a line for each release
	stderr  bytes.Buffer
	known   map[[sha256.Size]byte][]Finding // the answers so far: Kubernetes versions and values sets often make no difference
	err     error                           // that ended the process
}

// Build returns the path of the program with the checks, and makes it first where the cache does not hold it. How that goes is
// written to progress.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	binary, err := build(ctx, progress)
	if err != nil {
		return "", fmt.Errorf("build the checks of kube-score: %w", err)
	}
	return binary, nil
}

// Start starts a process that ends with ctx, if it is not closed before. The program is built as [Build] does.
func Start(ctx context.Context, progress io.Writer) (*Runner, error) {
	binary, err := Build(ctx, progress)
	if err != nil {
		return nil, err
	}
	r := &Runner{command: exec.CommandContext(ctx, binary), known: map[[sha256.Size]byte][]Finding{}}
	r.command.Stderr = &r.stderr
	if r.stdout, err = r.command.StdoutPipe(); err != nil {
		return nil, err
	}
	if r.stdin, err = r.command.StdinPipe(); err != nil {
		return nil, err
	}
	r.answers = json.NewDecoder(r.stdout)
	if err := r.command.Start(); err != nil {
		return nil, fmt.Errorf("start the checks of kube-score: %w", err)
	}
	return r, nil
}

// Check returns what the checks, the optional ones too, find in a release: manifests in YAML, which refer to one another. A
// manifest that is not what its kind asks for is left out.
func (r *Runner) Check(manifests []string) ([]Finding, error) {
	release, err := json.Marshal(manifests)
	if err != nil {
		return nil, fmt.Errorf("write the manifests for kube-score: %w", err)
	}
	key := sha256.Sum256(release)
	r.mu.Lock()
	defer r.mu.Unlock()
	found, known := r.known[key]
	if known || r.err != nil {
		return found, r.err
	}
	if found, err = r.ask(release); err != nil {
		if ended := r.end(); ended != nil {
			err = ended // which is why there was no answer
		}
		r.err = fmt.Errorf("run the checks of kube-score: %w", err)
		return nil, r.err
	}
	r.known[key] = found
	return found, nil
}

func (r *Runner) ask(release []byte) (found []Finding, err error) {
	if _, err := r.stdin.Write(append(release, '\n')); err != nil {
		return nil, err
	}
	return found, r.answers.Decode(&found)
}

// errClosed is the error of a runner that is asked after its end.
var errClosed = errors.New("the checks of kube-score have been closed")

// Close ends the process. The error says that it did not end well, unless Check has said so.
func (r *Runner) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil
	}
	r.err = errClosed
	return r.end()
}

// end ends the process by ending its input. The error is how it ended, if not well, with what it said.
func (r *Runner) end() error {
	_ = r.stdin.Close()
	_, _ = io.Copy(io.Discard, r.stdout) // it cannot end before its output is read
	if err := r.command.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", r.command, err, strings.TrimSpace(r.stderr.String()))
	}
	return nil
}

func build(ctx context.Context, progress io.Writer) (string, error) {
	folder, err := gobuild.Sources(ctx, "lint/practices")
	if err != nil {
		return "", err
	}
	return gobuild.Module{
		Folder: folder,
		Name:   "practices",
		Title:  "kube-score",
		Announcement: "the checks of kube-score are built from their Go modules on the first run of this version,\n" +
			"which takes about a minute; later runs start them at once",
		Again: "run it again",
		Flags: []string{"-ldflags=-s -w"}, // without what only a debugger needs
	}.Build(ctx, progress)
}
