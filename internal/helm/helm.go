package helm

import (
	"context"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// ErrReleaseNotFound is wrapped by the error of a command whose release does not exist.
var ErrReleaseNotFound = errors.New("release not found")

// Helm runs Helm command lines against one cluster. It is safe for concurrent use.
type Helm interface {
	// Run runs one command line. The arguments are its words without the leading "helm", as Split returns them.
	//
	// The result is never nil: if a command fails, the result has the output so far. The first line of the error is the
	// cause, the last line is the command line. Errors wrap ErrReleaseNotFound, and the *rollout.Error of a wait.
	Run(ctx context.Context, scope Scope, args ...string) (*Result, error)

	// Parse parses a command line without running it, and returns the same error as Run for an unknown command, an unknown
	// flag or a wrong number of arguments.
	Parse(args []string) (*Invocation, error)

	// Discovery returns a discovery client. It caches each answer until it is invalidated.
	Discovery() discovery.CachedDiscoveryInterface
}

// Connect returns the Helm that a binary implements, or with an empty path the SDK of Helm 3, on the cluster that
// config points at. It does not contact the cluster. closeAll releases what the Helm holds.
func Connect(binary string, config *rest.Config, options Options) (connected Helm, closeAll func() error, err error) {
	if binary == "" {
		client, err := New(config, options)
		return client, func() error { return nil }, err
	}
	process, err := NewProcess(binary, config, options)
	if err != nil {
		return nil, nil, err
	}
	return process, process.Close, nil
}

// Scope maps names and paths of a command line for one caller. The zero value leaves them unchanged.
type Scope struct {
	// Namespace returns the real name of the namespace that a command line names, or of its default namespace. It is
	// called once for each command line, before the command begins. nil means that the names are the same.
	Namespace func(called string) string

	// Folder is a private folder of the caller. Relative paths are looked up there first, and then in the folder of the
	// Helm; `helm package` writes archives there. "" means that only the folder of the Helm is used.
	Folder string

	// Prepare is called with the objects that a command is about to create or update. nil means that all are sent
	// unchanged.
	Prepare Prepare

	// Recording, if set, receives the command line. Only a Client records.
	Recording *Recording
}

// Prepare receives objects that are about to be created or updated: those of the chart, its CRDs, its hooks, and the
// namespace of --create-namespace. Namespaced objects have their namespace set. Prepare may modify the objects; the
// release still records them as rendered. It is not called for objects that are only rendered, compared or deleted. If
// it returns an error, none of the objects is sent, and the command fails. Several commands may call it at the same
// time.
type Prepare func(ctx context.Context, objects []*unstructured.Unstructured) error

// Result is the outcome of one command line.
type Result struct {
	// Command is the command line, quoted for a shell.
	Command string

	// Output is Helm's standard output.
	Output string

	// Warnings is Helm's standard error: deprecations, warnings of the API server (for instance about an unknown field),
	// the output of hooks, and with --debug Helm's log.
	Warnings string

	// Chart is the chart to install, render or show, as given on the command line; "" if the command takes none.
	Chart string

	// Release is the last of Releases, or nil if there is none. A failed install or upgrade has a release, too, once Helm
	// has recorded it.
	Release *Release

	// Releases are all releases that the command changed or read, in order. For `helm history` they are the revisions of
	// one release, oldest first.
	Releases []*Release
}
