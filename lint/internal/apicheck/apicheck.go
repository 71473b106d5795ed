// Package apicheck asks the API server's own code whether it would take the objects of a release. The code runs in a
// process of its own, the role validate of the embedded control plane, without a cluster; the package
// cluster/embedded/controlplane/verdict is the other side, and documents what is checked.
package apicheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/semver"

	"github.com/traderadmin/charts/internal/controlplane"
)

// Release is what the API server would be given.
type Release struct {
	// KubernetesVersion is a version of Kubernetes, such as v1.36.4. The API server emulates its minor version, or else
	// the nearest one that it can.
	KubernetesVersion string
	// Namespace is the namespace of objects that name none.
	Namespace string
	// Objects are the objects to create or to update.
	Objects []Item
}

// Item is an object of a release. Both manifests have the types of JSON.
type Item struct {
	Object any `json:"object"`
	// Previous is the manifest that was installed before; nil if the object is new.
	Previous any `json:"previous,omitempty"`
}

// Verdict is the verdict on an object.
type Verdict struct {
	// Unknown means that the API server serves no such kind, so that there is no verdict.
	Unknown bool
	// NotInstalled are the reasons why the API server refuses the previous manifest, so that there is nothing to update.
	NotInstalled []Refusal
	// Refusals are the reasons why the API server refuses the object; none if it takes it.
	Refusals []Refusal
}

// Refusal is one reason why the API server refuses an object.
type Refusal struct {
	// Field is the path of the field, such as spec.ports[0].name. It is empty if the reason names no field.
	Field string
	// Type is that of the field error, such as FieldValueInvalid, or else the reason of the status, such as BadRequest.
	Type string
	// Message is the API server's, without the field.
	Message string
}

// Runner is a process that gives verdicts. It is safe for concurrent use.
type Runner struct {
	versions []string // minor versions that it can emulate, the oldest first

	mu      sync.Mutex
	command *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.Reader
	answers *json.Decoder // of stdout, one for each release
	unread  int           // answers that nobody waits for
	stderr  bytes.Buffer
	err     error // why the process ended
}

// Build returns the path of the program. It builds the program if it is not in the cache, which takes some minutes, and
// writes the progress of that to progress.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	binary, err := controlplane.Build(ctx, progress, "run it again")
	if err != nil {
		return "", fmt.Errorf("build the API server's validation: %w", err)
	}
	return binary, nil
}

// Start builds the program like [Build], and starts it. The process prepares for some versions of Kubernetes before it
// is asked, which takes it 20 ms for each. It ends with ctx or with [Runner.Close].
func Start(ctx context.Context, progress io.Writer, versions ...string) (*Runner, error) {
	binary, err := Build(ctx, progress)
	if err != nil {
		return nil, err
	}
	r := &Runner{command: exec.CommandContext(ctx, binary, "validate")}
	if r.versions, err = controlplane.Versions(ctx); err != nil {
		return nil, err
	}
	r.command.Stderr = &r.stderr
	if r.stdout, err = r.command.StdoutPipe(); err != nil {
		return nil, err
	}
	if r.stdin, err = r.command.StdinPipe(); err != nil {
		return nil, err
	}
	r.answers = json.NewDecoder(r.stdout)
	if err := r.command.Start(); err != nil {
		return nil, fmt.Errorf("start the API server's validation: %w", err)
	}
	return r, r.prepare(versions)
}

// prepare sends an empty release for each version, so that the process prepares for it.
func (r *Runner) prepare(versions []string) error {
	for _, version := range versions {
		asked, err := json.Marshal(request{KubernetesVersion: r.emulated(version)})
		if err != nil {
			return err
		}
		if _, err := r.stdin.Write(append(asked, '\n')); err != nil {
			return fmt.Errorf("run the API server's validation: %w", errors.Join(err, r.end()))
		}
		r.unread++
	}
	return nil
}

// request and answer are the types Request and Answer of the package verdict.
type (
	request struct {
		KubernetesVersion string `json:"kubernetesVersion"`
		Namespace         string `json:"namespace"`
		Objects           []Item `json:"objects"`
	}
	answer struct {
		Objects []Verdict
		Error   string
	}
)

// Check returns the verdict on each object of a release. The objects are created or updated together: two Services
// cannot have the same node port.
func (r *Runner) Check(release Release) ([]Verdict, error) {
	asked, err := json.Marshal(request{r.emulated(release.KubernetesVersion), release.Namespace, release.Objects})
	if err != nil {
		return nil, fmt.Errorf("write the objects for the API server's validation: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return nil, r.err
	}
	answered, err := r.ask(asked)
	if err != nil {
		if ended := r.end(); ended != nil {
			err = ended // the reason why there was no answer
		}
		r.err = fmt.Errorf("run the API server's validation: %w", err)
		return nil, r.err
	}
	switch {
	case answered.Error != "":
		return nil, fmt.Errorf("run the API server's validation: %s", answered.Error)
	case len(answered.Objects) != len(release.Objects):
		return nil, fmt.Errorf("run the API server's validation: %d verdicts on %d objects",
			len(answered.Objects), len(release.Objects))
	}
	return answered.Objects, nil
}

func (r *Runner) ask(asked []byte) (answered answer, err error) {
	if _, err := r.stdin.Write(append(asked, '\n')); err != nil {
		return answer{}, err
	}
	for ; r.unread > 0; r.unread-- {
		var empty answer
		if err := r.answers.Decode(&empty); err != nil {
			return answer{}, err
		}
	}
	return answered, r.answers.Decode(&answered)
}

// emulated returns the minor version that stands for a version.
func (r *Runner) emulated(version string) string {
	minor := func(v string) string { return semver.MajorMinor("v" + strings.TrimPrefix(v, "v")) }
	older := func(v string) bool { return semver.Compare(minor(v), minor(version)) >= 0 }
	if i := slices.IndexFunc(r.versions, older); i >= 0 {
		return r.versions[i]
	}
	return r.versions[len(r.versions)-1]
}

// errClosed is the error of a closed runner.
var errClosed = errors.New("the API server's validation is closed")

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
