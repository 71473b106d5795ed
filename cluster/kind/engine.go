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

// checkEngine returns an error with advice if there is no Docker engine.
func checkEngine(ctx context.Context) error {
	const timeout = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if _, err := docker(ctx, "version", "--format", "{{.Server.Version}}"); err != nil {
		return fmt.Errorf("no Docker engine answers: %w\n"+
			"Start one (the nodes of kind are containers), or use -cluster=embedded, which needs none", err)
	}
	return nil
}

// images returns the node images that the options name, or kind's default.
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
		var config struct{ Nodes []struct{ Image string } } // kind validates the rest
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

// ensureImage pulls the image if the engine does not have it. It tries once, whereas kind would try five times before
// it reports the error.
func ensureImage(ctx context.Context, image string, progress io.Writer) error {
	if _, err := docker(ctx, "image", "inspect", image); err == nil {
		return nil
	}
	fmt.Fprintf(progress, "pulling %s\n", image)
	if _, err := docker(ctx, "pull", "--quiet", image); err != nil {
		return fmt.Errorf("the node image %s does not exist locally and cannot be pulled: %w\n"+
			"Name another with -kind-image (docker image ls kindest/node lists local ones), "+
			"or build one with `kind build node-image`", image, err)
	}
	return nil
}

// checkName returns an error if a container that does not belong to kind has the name that the first node would get.
func checkName(ctx context.Context, cluster string) error {
	node := cluster + "-control-plane"
	found, err := docker(ctx, "ps", "--all", "--filter", "name=^/"+node+"$", "--format", "{{.Image}}, {{.Status}}")
	if err != nil {
		return err
	}
	if found != "" {
		return fmt.Errorf("the name %s is in use: the container %s (%s) does not belong to a kind cluster\n"+
			"Choose another name with -kind-cluster, or remove the container: docker rm -f %s", cluster, node, found, node)
	}
	return nil
}

// docker runs a docker command and returns its output.
func docker(ctx context.Context, args ...string) (string, error) {
	return output(ctx, "docker", args...)
}

// output runs a command and returns its output. If the command fails, the error contains the command line and the
// standard error. When ctx ends, output returns within seconds, even if children of the command keep its output open.
func output(ctx context.Context, name string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.WaitDelay = 2 * time.Second
	printed, err := command.Output()
	switch exit := (*exec.ExitError)(nil); {
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), context.Cause(ctx))
	case errors.As(err, &exit):
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(exit.Stderr)))
	case err != nil:
		return "", err // the command does not exist
	}
	return strings.TrimSpace(string(printed)), nil
}
