// Package binary finds helm binaries, builds that of Helm 4, and asks a binary what it does without a cluster.
package binary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"

	"github.com/traderadmin/charts/internal/gobuild"
)

// SDK is the name of Helm 3's SDK, which needs no binary, for [Find].
const SDK = "3"

// Find returns the path of the helm binary that a name stands for, and what people call that Helm, such as "Helm 4".
// The name is "3" for the SDK, which has no path; "4" for Helm 4, which is built if the cache does not have it; or the
// path of a helm binary. Progress of a build is written to progress.
func Find(ctx context.Context, name string, progress io.Writer) (path, version string, err error) {
	switch name {
	case SDK:
		return "", "Helm 3", nil
	case "4":
		path, err = build(ctx, progress)
		return path, "Helm 4", err
	}
	path, err = exec.LookPath(name)
	if err != nil {
		if isVersion.MatchString(name) {
			err = errors.New("the versions are 3 and 4; for another one, give the path of its helm binary")
		}
		return "", "", fmt.Errorf("helm %q: %w", name, err)
	}
	output, err := exec.CommandContext(ctx, path, "version", "--template", "{{.Version}}").Output()
	version = strings.TrimSpace(string(output))
	if err == nil && !isVersion.MatchString(version) {
		err = errors.New("that is no version")
	}
	if err != nil {
		return "", "", fmt.Errorf("%s is no helm binary: `helm version` prints %q: %w", path, version, err)
	}
	return path, "Helm " + version, nil
}

var isVersion = regexp.MustCompile(`^v?\d+(\.\d+)*`)

// build returns the path of Helm 4's binary.
func build(ctx context.Context, progress io.Writer) (string, error) {
	folder, err := gobuild.Sources(ctx, "internal/helm/helm4")
	if err != nil {
		return "", fmt.Errorf("build Helm 4: %w", err)
	}
	module := gobuild.Module{
		Dir:   folder,
		Name:  "helm4",
		Title: "helm 4",
		Announcement: "building helm from the Go modules of Helm 4, on the first run of this version;\n" +
			"this takes about two minutes, and later runs start it at once",
		Retry: "run it again",
	}
	version, err := module.Requires("helm.sh/helm/v4")
	if err != nil {
		return "", fmt.Errorf("build Helm 4: %w", err)
	}
	module.Flags = []string{"-ldflags=-s -w -X helm.sh/helm/v4/internal/version.version=" + version}
	return module.Build(ctx, progress)
}
