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

// Finding is a problem that a check found in a manifest.
type Finding struct {
	// Manifest is the index of the manifest in the release.
	Manifest int `json:"manifest"`
	// Check is the ID of the check.
	Check string `json:"check"`
	// Grade is the severity.
	Grade Grade `json:"grade"`
	// Path is the place in the manifest in terms of the check, such as the name of a container or the key of a label. It
	// is often empty.
	Path string `json:"path"`
	// Summary says what is wrong.
	Summary string `json:"summary"`
	// Description says why, and what to do about it. It may be empty.
	Description string `json:"description"`
	// URL is the address of the documentation. It may be empty.
	URL string `json:"url"`
}

// Grade is the severity of a finding.
type Grade string

// The grades. The first two are those of kube-score; a check that returns an error or panics has the grade Failed.
const (
	Critical Grade = "CRITICAL"
	Warning  Grade = "WARNING"
	Failed   Grade = "FAILED"
)

// Runner runs the checks in a process. It is safe for concurrent use.
type Runner struct {
	mu      sync.Mutex
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.Reader
	answers *json.Decoder // of stdout, one for each release
	stderr  bytes.Buffer
	// known are the answers so far, by the hash of the release. Renderings for several variants are often equal.
	known map[[sha256.Size]byte][]Finding
	err   error // why the process ended
}

// Build returns the path of the program that runs the checks. It builds the program if it is not in the cache, and
// writes the progress of that to progress.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	binary, err := build(ctx, progress)
	if err != nil {
		return "", fmt.Errorf("build the checks of kube-score: %w", err)
	}
	return binary, nil
}

// Start builds the program like [Build], and starts it. The process ends with ctx or with [Runner.Close].
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

// Check runs all checks, including the optional ones, over a release: manifests in YAML, which may refer to each other.
// A manifest that does not match its kind is skipped.
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
			err = ended // the reason why there was no answer
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

// errClosed is the error of a closed runner.
var errClosed = errors.New("the checks of kube-score are closed")

// Close ends the process. It returns an error if the process failed, unless Check has returned it.
func (r *Runner) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil
	}
	r.err = errClosed
	return r.end()
}

// end ends the process by closing its input. The error of a process that failed has its stderr.
func (r *Runner) end() error {
	_ = r.stdin.Close()
	_, _ = io.Copy(io.Discard, r.stdout) // the process blocks until its output is read
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
		Dir:   folder,
		Name:  "practices",
		Title: "kube-score",
		Announcement: "building the checks of kube-score from their Go modules, on the first run of this version;\n" +
			"this takes about a minute, and later runs start them at once",
		Retry: "run it again",
		Flags: []string{"-ldflags=-s -w"}, // no debugging information
	}.Build(ctx, progress)
}
