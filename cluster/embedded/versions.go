package embedded

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// emulated is how many minor versions before its own a control plane can emulate. See KEP-4330, compatibility versions.
const emulated = 3

// versions returns the minor versions of Kubernetes that a control plane of a version such as v1.37.2 can emulate, the
// oldest first. The last one is its own.
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

// checkVersion returns an error if the control plane cannot emulate the version of the options.
func (o Options) checkVersion(ctx context.Context) error {
	if o.Kubernetes == "" {
		return nil
	}
	all, err := clusterVersions(ctx)
	if err == nil && !slices.Contains(all, o.Kubernetes) {
		err = fmt.Errorf("-kubernetes=%s: the embedded cluster cannot emulate this version; choose one of %s",
			o.Kubernetes, strings.Join(all, ", "))
	}
	return err
}

// clusterVersions returns the versions that the control plane of this repository can emulate, as versions does.
func clusterVersions(ctx context.Context) ([]string, error) {
	module, err := controlPlane(ctx)
	if err != nil {
		return nil, err
	}
	own, err := kubernetesVersion(filepath.Join(module.Dir, "go.mod"))
	if err != nil {
		return nil, err
	}
	return versions(own)
}
