package binary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Rendering is what [Template] renders.
type Rendering struct {
	Chart       string // the path of a folder or an archive
	Release     string
	Namespace   string
	KubeVersion string // such as v1.37.2
	Values      []byte // YAML or JSON that overrides the values of the chart; empty overrides none
}

// Template runs `helm template` of the binary at path, and returns the documents that each template printed, by Helm's
// names of the templates, such as shop/templates/web.yaml. The error is what the binary says, without "Error: ". Hooks
// are among the documents, custom resource definitions of the folder crds/ are not.
func Template(ctx context.Context, path string, r Rendering) (map[string]string, error) {
	stdout, err := output(ctx, path, r.Values, "template", r.Release, r.Chart,
		"--namespace="+r.Namespace, "--kube-version="+r.KubeVersion, "--values=-")
	return bySource(stdout), err
}

// output returns what a command of a binary prints. The binary sees no settings, plugins and repositories of the user.
func output(ctx context.Context, path string, stdin []byte, words ...string) (string, error) {
	home, err := os.MkdirTemp("", "helm-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(home) }()
	command := exec.CommandContext(ctx, path, words...)
	command.Stdin = bytes.NewReader(stdin)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "KUBECONFIG=" + os.DevNull}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, &exit):
		said := stderr.String()
		if _, failure, found := strings.Cut("\n"+said, "\nError: "); found {
			said = failure // warnings and log lines are before it
		}
		said, _, _ = strings.Cut(strings.TrimSpace(said), "\n\nUse --debug")
		return "", errors.New(said)
	case err != nil:
		return "", fmt.Errorf("run %s %s: %w", path, words[0], err)
	}
	return stdout.String(), nil
}

// bySource groups the documents that helm template prints by the template in the comment above each.
func bySource(printed string) map[string]string {
	files := map[string]string{}
	for document := range strings.SplitSeq("\n"+printed, "\n---\n# Source: ") {
		if source, text, found := strings.Cut(document, "\n"); found && source != "" {
			files[source] += "---\n" + text + "\n"
		}
	}
	return files
}

// RefusesFlag reports whether a command of the binary at path, such as "upgrade" or "repo add", does not know a flag,
// such as --recreate-pods. It is false for flags that are deprecated, and for commands that the binary does not have.
func RefusesFlag(ctx context.Context, path string, command []string, flag string) (bool, error) {
	words := slices.Concat(command, []string{"--help"})
	if _, err := output(ctx, path, nil, words...); err != nil {
		return false, ctx.Err()
	}
	_, err := output(ctx, path, nil, slices.Insert(words, len(command), flag)...)
	return err != nil && strings.HasPrefix(err.Error(), "unknown flag"), ctx.Err()
}
