// Package apicheck asks the API server's own code whether it would take the objects of a release. The code runs in a
// process of its own, the role validate of the embedded control plane, without a cluster; the package
// cluster/embedded/controlplane/verdict is the other side, and documents what is checked.
package apicheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/traderadmin/charts/internal/controlplane"
	"github.com/traderadmin/charts/lint/internal/program"
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
	program *program.Program

	versions []string // minor versions that it can emulate, the oldest first
}

// validation is what the process does, for errors.
const validation = "the API server's validation"

// Build returns the path of the program. It builds the program if it is not in the cache, which takes some minutes, and
// writes the progress of that to progress.
func Build(ctx context.Context, progress io.Writer) (string, error) {
	binary, err := controlplane.Build(ctx, progress, "run it again")
	if err != nil {
		return "", fmt.Errorf("build %s: %w", validation, err)
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
	r := &Runner{}
	if r.versions, err = controlplane.Versions(ctx); err != nil {
		return nil, err
	}
	if r.program, err = program.Start(ctx, validation, binary, "validate"); err != nil {
		return nil, err
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
		if err := r.program.Send(asked); err != nil {
			return err
		}
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
		return nil, fmt.Errorf("write the objects for %s: %w", validation, err)
	}
	var answered answer
	if err := r.program.Ask(asked, &answered); err != nil {
		return nil, err
	}
	switch {
	case answered.Error != "":
		return nil, fmt.Errorf("run %s: %s", validation, answered.Error)
	case len(answered.Objects) != len(release.Objects):
		return nil, fmt.Errorf("run %s: %d verdicts on %d objects", validation, len(answered.Objects), len(release.Objects))
	}
	return answered.Objects, nil
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
var errClosed = errors.New(validation + " is closed")

// Close ends the process. It returns an error if the process failed, unless Check has returned it.
func (r *Runner) Close() error { return r.program.Close(errClosed) }
