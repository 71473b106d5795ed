package helm

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ErrReleaseNotFound is wrapped by the error of a command that needs a release which does not exist.
var ErrReleaseNotFound = errors.New("release not found")

// Helm runs Helm command lines against one cluster. It is safe for concurrent use.
type Helm interface {
	// Run runs one command line. The arguments are its words without the leading "helm", as Split returns them.
	//
	// The result is never nil: if a command fails, it has what was printed until then. The first line of the error is
	// the cause, the last one is the command line. Errors wrap ErrReleaseNotFound, and the *rollout.Error of a wait.
	Run(ctx context.Context, scope Scope, args ...string) (*Result, error)
}

// Scope says what a command line means to its caller. The zero value takes it literally.
type Scope struct {
	// Namespace returns the cluster's name of a namespace that a command line names, or that it means by naming none.
	// It is called once for each command line, before the command begins. nil means that the names are the same.
	Namespace func(called string) string

	// Folder is a folder of the caller's own. Relative paths are looked up there first, and then in the folder that
	// Helm was made for; archives of `helm package` are written there. "" means that there is only the latter.
	Folder string

	// Prepare is called with the objects that a command is about to create or update. nil means that all are sent as
	// they were rendered.
	Prepare Prepare
}

// Prepare is given objects that are about to be created or updated: those of the chart, its CRDs, its hooks, and the
// namespace of --create-namespace. It may change them: they are sent as it leaves them, but the release records them as
// rendered. Namespaced objects have their namespace set. Prepare is not called for objects that are only rendered,
// compared or deleted. If it returns an error, none of them is sent, and the command fails. Several commands may call
// it at once.
type Prepare func(ctx context.Context, objects []*unstructured.Unstructured) error

// Result is the outcome of one command line.
type Result struct {
	// Command is the command line, quoted as a shell needs it: ready to paste.
	Command string

	// Output is what Helm printed to standard output.
	Output string

	// Warnings is what Helm printed to standard error: deprecations, warnings of the API server (for instance about an
	// unknown field), the output of hooks, and with --debug Helm's log.
	Warnings string

	// Chart is the chart to install, render or show, as the command line names it; "" if the command takes none.
	Chart string

	// Release is the release that the command changed or read, the last of Releases; nil if there is none. A failed
	// install or upgrade has one too, once it is recorded.
	Release *Release

	// Releases are all releases that the command changed or read, in order. Those of `helm history` are revisions of
	// one release, oldest first.
	Releases []*Release
}
