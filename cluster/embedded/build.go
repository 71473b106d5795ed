package embedded

import (
	"context"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/traderadmin/charts/internal/gobuild"
)

// build returns the path of the control plane's binary. It builds the binary first if the cache does not have it.
func build(ctx context.Context, output io.Writer) (string, error) {
	module, err := controlPlane(ctx)
	if err != nil {
		return "", err
	}
	return module.Build(ctx, output)
}

// controlPlane returns the module of the control plane. It sets linker flags only: flags that change how packages are
// compiled would keep Go from reusing the packages that it compiled for the test.
func controlPlane(ctx context.Context) (gobuild.Module, error) {
	dir, err := gobuild.Sources(ctx, "cluster/embedded/controlplane")
	if err != nil {
		return gobuild.Module{}, err
	}
	module := gobuild.Module{
		Dir:   dir,
		Name:  "controlplane",
		Title: "control plane",
		Announcement: "building the embedded control plane (etcd, API server, controllers, KWOK) from its Go modules;\n" +
			"this takes some minutes on the first run of this version, and later runs start it in seconds",
		Retry: "give it more time:\n    go test -run TestFeatures -timeout 60m",
	}
	version, err := module.Requires("k8s.io/kubernetes")
	module.Flags = []string{"-ldflags=" + linkerFlags(version)}
	return module, err
}

// linkerFlags omits debug information and sets the version of Kubernetes, as its releases do. Charts render for that
// version.
func linkerFlags(version string) string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(semver.MajorMinor(version), "v"), ".")
	const variables = "k8s.io/component-base/version."
	return fmt.Sprintf("-s -w -X %[1]sgitVersion=%[2]s -X %[1]sgitMajor=%[3]s -X %[1]sgitMinor=%[4]s",
		variables, version, major, minor)
}
