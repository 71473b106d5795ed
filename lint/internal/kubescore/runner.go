package kubescore

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/traderadmin/charts/internal/gobuild"
	"github.com/traderadmin/charts/lint/internal/program"
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
	program *program.Program

	mu sync.Mutex
	// known are the answers so far, by the hash of the release. Renderings for several variants are often equal.
	known map[[sha256.Size]byte][]Finding
}

// checks is what the process does, for errors.
const checks = "the checks of kube-score"

// Build returns the path of the program that runs the checks. It builds the program if it is not in the cache, and
// writes the progress of that to progress.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	binary, err := build(ctx, progress)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", checks, err)
	}
	return binary, nil
}

// Start builds the program like [Build], and starts it. The process ends with ctx or with [Runner.Close].
func Start(ctx context.Context, progress io.Writer) (*Runner, error) {
	binary, err := Build(ctx, progress)
	if err != nil {
		return nil, err
	}
	running, err := program.Start(ctx, checks, binary)
	if err != nil {
		return nil, err
	}
	return &Runner{program: running, known: map[[sha256.Size]byte][]Finding{}}, nil
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
	if found, known := r.known[key]; known {
		return found, nil
	}
	var found []Finding
	if err := r.program.Ask(release, &found); err != nil {
		return nil, err
	}
	r.known[key] = found
	return found, nil
}

// errClosed is the error of a closed runner.
var errClosed = errors.New(checks + " are closed")

// Close ends the process. It returns an error if the process failed, unless Check has returned it.
func (r *Runner) Close() error { return r.program.Close(errClosed) }

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
