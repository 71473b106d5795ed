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

// version is that of the kind command that is installed where the PATH has none: the one in go.mod, whose default node image it is known to start.
const version = "v0.33.0"

// command is the kind command: a path, or a name to look up on the PATH.
type command string

// findKind returns the kind on the PATH, or else one that is built from its Go module when it is first needed, into the user's cache folder.
func findKind(ctx context.Context, progress io.Writer) (command, error) {
	if _, err := exec.LookPath("kind"); err == nil {
		return "kind", nil
	}
	cache, err := cacheFolder(version)
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "kind")
	if strings.ContainsRune(path, ' ') {
		return "", fmt.Errorf("there is no kind command on the PATH, and none can be installed to %s, which has a space: install kind %s yourself", path, version)
	}
	if _, err := os.Stat(path); err == nil {
		return command(path), nil
	}
	fmt.Fprintf(progress, "there is no kind command on the PATH: building %s, once, to %s\n", version, path)
	install := exec.CommandContext(ctx, "go", "install", "sigs.k8s.io/kind@"+version)
	install.Env = append(os.Environ(), "GOBIN="+cache, "GOFLAGS=")
	if printed, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("there is no kind command on the PATH, and it cannot be installed: %s: %w\n%s", install, err, printed)
	}
	return command(path), nil
}

// cacheFolder is a folder of this package in the user's cache folder, made where it is not there.
func cacheFolder(name string) (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for what the kind backend keeps: %w", err)
	}
	folder := filepath.Join(user, "traderadmin-charts", "kind", name)
	return folder, os.MkdirAll(folder, 0o700)
}

// clusters are the names of those that there are.
func (k command) clusters(ctx context.Context) ([]string, error) {
	names, err := output(ctx, string(k), "get", "clusters")
	return strings.Fields(names), err
}

// deleteCluster deletes the cluster name, if there is one, and what kubeconfig has of it.
func (k command) deleteCluster(ctx context.Context, name, kubeconfig string) error {
	_, err := output(ctx, string(k), "delete", "cluster", "--name", name, "--kubeconfig", kubeconfig)
	return err
}
