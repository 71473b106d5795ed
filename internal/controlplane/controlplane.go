// Package controlplane builds the binary of the embedded control plane: etcd, the API server, the controllers, KWOK,
// and the API server's validation alone. Its sources are the nested module cluster/embedded/controlplane.
package controlplane

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/traderadmin/charts/internal/gobuild"
)

// Build returns the path of the binary. It builds the binary first if the cache does not have it, which takes some
// minutes, and writes the progress to output. retry tells what to do after an interrupted build; it completes the
// sentence "To continue, …".
func Build(ctx context.Context, output io.Writer, retry string) (string, error) {
	m, err := module(ctx)
	if err != nil {
		return "", err
	}
	m.Retry = retry
	return m.Build(ctx, output)
}

// Versions returns the minor versions of Kubernetes that the control plane can emulate, such as 1.36, the oldest first.
// The last one is its own.
func Versions(ctx context.Context) ([]string, error) {
	m, err := module(ctx)
	if err != nil {
		return nil, err
	}
	own, err := m.Requires(kubernetes)
	if err != nil {
		return nil, err
	}
	return versions(own)
}

// kubernetes is the module whose version is that of the control plane.
const kubernetes = "k8s.io/kubernetes"

// module returns the module of the control plane. It sets linker flags only: flags that change how packages are
// compiled would keep Go from reusing the packages that it compiled for the test.
func module(ctx context.Context) (gobuild.Module, error) {
	dir, err := gobuild.Sources(ctx, "cluster/embedded/controlplane")
	if err != nil {
		return gobuild.Module{}, err
	}
	m := gobuild.Module{
		Dir:   dir,
		Name:  "controlplane",
		Title: "control plane",
		Announcement: "building the embedded control plane (etcd, API server, controllers, KWOK) from its Go modules;\n" +
			"this takes some minutes on the first run of this version, and later runs start it in seconds",
	}
	version, err := m.Requires(kubernetes)
	m.Flags = []string{"-ldflags=" + linkerFlags(version)}
	return m, err
}

// linkerFlags omits debug information and sets the version of Kubernetes, as its releases do. Charts render for that
// version.
func linkerFlags(version string) string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(semver.MajorMinor(version), "v"), ".")
	const variables = "k8s.io/component-base/version."
	return fmt.Sprintf("-s -w -X %[1]sgitVersion=%[2]s -X %[1]sgitMajor=%[3]s -X %[1]sgitMinor=%[4]s",
		variables, version, major, minor)
}

// emulated is how many minor versions before its own a control plane can emulate. See KEP-4330, compatibility versions.
const emulated = 3

// versions returns the minor versions that a control plane of a version such as v1.37.2 can emulate.
func versions(own string) ([]string, error) {
	major, minor, _ := strings.Cut(strings.TrimPrefix(semver.MajorMinor(own), "v"), ".")
	newest, err := strconv.Atoi(minor)
	if err != nil {
		return nil, fmt.Errorf("version of the control plane: %w", err)
	}
	var all []string
	for older := emulated; older >= 0; older-- {
		all = append(all, fmt.Sprintf("%s.%d", major, newest-older))
	}
	return all, nil
}
