package kind

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// version is the version of kind to install if PATH has no kind command. It equals the version in go.mod, whose default
// node image it can start.
const version = "v0.33.0"

// command is the kind command: a path, or a name to look up in PATH.
type command string

// findKind returns the kind command in PATH. If there is none, it builds kind from its Go module into the user's cache
// directory, once.
func findKind(ctx context.Context, progress io.Writer) (command, error) {
	if _, err := exec.LookPath("kind"); err == nil {
		return "kind", nil
	}
	cache, err := cacheDir(version)
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "kind")
	if strings.ContainsRune(path, ' ') {
		return "", fmt.Errorf("there is no kind command in PATH, and the e2e-framework cannot run one in %s, "+
			"because the path contains a space: install kind %s yourself", path, version)
	}
	if _, err := os.Stat(path); err == nil {
		return command(path), nil
	}
	fmt.Fprintf(progress, "there is no kind command in PATH: building kind %s into %s, once\n", version, path)
	install := exec.CommandContext(ctx, "go", "install", "sigs.k8s.io/kind@"+version)
	install.Env = append(os.Environ(), "GOBIN="+cache, "GOFLAGS=")
	if printed, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("there is no kind command in PATH, and installing it failed: %s: %w\n%s", install, err, printed)
	}
	return command(path), nil
}

// cacheDir returns a directory in the user's cache directory, and creates it if it does not exist.
func cacheDir(name string) (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache directory: %w", err)
	}
	dir := filepath.Join(user, "traderadmin-charts", "kind", name)
	return dir, os.MkdirAll(dir, 0o700)
}

// clusters returns the names of all kind clusters.
func (k command) clusters(ctx context.Context) ([]string, error) {
	names, err := output(ctx, string(k), "get", "clusters")
	return strings.Fields(names), err
}

// deleteCluster deletes a cluster, if it exists, and removes it from kubeconfig.
func (k command) deleteCluster(ctx context.Context, name, kubeconfig string) error {
	_, err := output(ctx, string(k), "delete", "cluster", "--name", name, "--kubeconfig", kubeconfig)
	return err
}
