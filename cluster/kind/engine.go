package kind

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/apis/config/defaults"
	"sigs.k8s.io/yaml"
)

// engineAnswers returns an error that says what to do where there is no Docker engine to make nodes in.
func engineAnswers(ctx context.Context) error {
	const answer = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	if _, err := docker(ctx, "version", "--format", "{{.Server.Version}}"); err != nil {
		return fmt.Errorf("no Docker engine answers: %w\nStart one (kind's nodes are its containers), or use -cluster=embedded, which needs none", err)
	}
	return nil
}

// images are those of the nodes that the options ask for by name, or kind's default.
func (o Options) images() ([]string, error) {
	if o.Image != "" {
		return []string{o.Image}, nil
	}
	var images []string
	if o.Config != "" {
		content, err := os.ReadFile(o.Config)
		if err != nil {
			return nil, fmt.Errorf("read the kind configuration (-kind-config): %w", err)
		}
		var config struct{ Nodes []struct{ Image string } } // what else it says is kind's to judge
		if err := yaml.Unmarshal(content, &config); err != nil {
			return nil, fmt.Errorf("read the kind configuration %s (-kind-config): %w", o.Config, err)
		}
		for _, node := range config.Nodes {
			if node.Image != "" && !slices.Contains(images, node.Image) {
				images = append(images, node.Image)
			}
		}
	}
	if len(images) == 0 {
		images = []string{defaults.Image}
	}
	return images, nil
}

// ensureImage pulls image where the engine does not have it. It tries once: kind would try five times before it says why.
func ensureImage(ctx context.Context, image string, progress io.Writer) error {
	if _, err := docker(ctx, "image", "inspect", image); err == nil {
		return nil
	}
	fmt.Fprintf(progress, "pulling %s\n", image)
	if _, err := docker(ctx, "pull", "--quiet", image); err != nil {
		return fmt.Errorf("the node image %s is not here and cannot be pulled: %w\n"+
			"Name one that can be had with -kind-image (docker image ls kindest/node lists those that are here), or build one with `kind build node-image`", image, err)
	}
	return nil
}

// nameIsFree returns an error where a container that is not kind's has the name that the first node would get.
func nameIsFree(ctx context.Context, cluster string) error {
	node := cluster + "-control-plane"
	found, err := docker(ctx, "ps", "--all", "--filter", "name=^/"+node+"$", "--format", "{{.Image}}, {{.Status}}")
	if err != nil {
		return err
	}
	if found != "" {
		return fmt.Errorf("the name %s is in use: there is a container %s (%s) that is not a kind cluster's\n"+
			"Choose another name with -kind-cluster, or remove it: docker rm -f %s", cluster, node, found, node)
	}
	return nil
}

// docker runs one docker command and returns what it printed.
func docker(ctx context.Context, args ...string) (string, error) {
	return output(ctx, "docker", args...)
}

// output runs a command and returns what it printed. The error of one that fails has its command line and what it said.
func output(ctx context.Context, name string, args ...string) (string, error) {
	printed, err := exec.CommandContext(ctx, name, args...).Output()
	switch exit := (*exec.ExitError)(nil); {
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), context.Cause(ctx))
	case errors.As(err, &exit):
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(exit.Stderr)))
	case err != nil:
		return "", err // there is no such command
	}
	return strings.TrimSpace(string(printed)), nil
}
