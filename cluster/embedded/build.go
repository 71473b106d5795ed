package embedded

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"

	"github.com/traderadmin/charts/internal/gobuild"
)

// build returns the path of the control plane's binary, and makes it first where the cache does not hold it.
func build(ctx context.Context, output io.Writer) (string, error) {
	module, err := controlPlane(ctx)
	if err != nil {
		return "", err
	}
	return module.Build(ctx, output)
}

// controlPlane is the control plane's module. The flags that decide how a package is compiled are
// those of the `go test` that runs this, so that what the two have in common is compiled once.
func controlPlane(ctx context.Context) (gobuild.Module, error) {
	folder, err := gobuild.Sources(ctx, "cluster/embedded/controlplane")
	if err != nil {
		return gobuild.Module{}, err
	}
	module := gobuild.Module{
		Folder: folder,
		Name:   "controlplane",
		Title:  "control plane",
		Announcement: "the embedded control plane (etcd, the API server, its controllers, KWOK) is built from its Go modules\n" +
			"on the first run of this version, which takes some minutes; later runs start it in seconds",
		Again: "give it more time:\n    go test -run TestFeatures -timeout 60m",
	}
	version, err := kubernetesVersion(filepath.Join(module.Folder, "go.mod"))
	module.Flags = []string{"-ldflags=" + linkerFlags(version)}
	return module, err
}

// kubernetesVersion is the version of Kubernetes that a go.mod file asks for.
func kubernetesVersion(gomod string) (string, error) {
	content, err := os.ReadFile(gomod)
	if err != nil {
		return "", err
	}
	module, err := modfile.ParseLax(gomod, content, nil)
	if err != nil {
		return "", err
	}
	for _, required := range module.Require {
		if required.Mod.Path == "k8s.io/kubernetes" {
			return required.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require k8s.io/kubernetes", gomod)
}

// linkerFlags leave out what only a debugger needs, and tell Kubernetes its version, which charts ask for. Its own
// releases are told so too.
func linkerFlags(version string) string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(semver.MajorMinor(version), "v"), ".")
	const variables = "k8s.io/component-base/version."
	return fmt.Sprintf("-s -w -X %[1]sgitVersion=%[2]s -X %[1]sgitMajor=%[3]s -X %[1]sgitMinor=%[4]s",
		variables, version, major, minor)
}
