package kind

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// LoadImageArchive puts the images of an archive onto every node.
func (c *Cluster) LoadImageArchive(ctx context.Context, path string) error {
	if err := c.cluster.LoadImageArchive(ctx, quote(path)); err != nil {
		return fmt.Errorf("load images onto the nodes of the kind cluster %s: %w", c.name, said(err))
	}
	return nil
}

// Images are those that every node has.
func (c *Cluster) Images(ctx context.Context) (map[string]string, error) {
	nodes, err := c.nodes(ctx)
	if err != nil {
		return nil, err
	}
	var everywhere map[string]string
	for i, node := range nodes {
		listed, err := images(ctx, node, "ls")
		if err != nil {
			return nil, err
		}
		held := imagesIn(listed)
		if i == 0 {
			everywhere = held
		}
		for name, digest := range everywhere {
			if held[name] != digest {
				delete(everywhere, name)
			}
		}
	}
	return everywhere, nil
}

// imagesIn reads what `ctr images ls` prints, a line each after the first: name, type, digest, …
func imagesIn(listed string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(listed) {
		if words := strings.Fields(line); len(words) > 2 && words[0] != "REF" {
			found[words[0]] = words[2]
		}
	}
	return found
}

// RemoveImages takes names of images away from every node.
func (c *Cluster) RemoveImages(ctx context.Context, names ...string) error {
	nodes, err := c.nodes(ctx)
	if err != nil {
		return err
	}
	for _, node := range nodes {
		if _, err := images(ctx, node, append([]string{"rm"}, names...)...); err != nil {
			return err
		}
	}
	return nil
}

// nodes are the containers that have a kubelet; a cluster of several control planes also has one that balances the load between them.
func (c *Cluster) nodes(ctx context.Context) ([]string, error) {
	listed, err := output(ctx, string(c.kind), "get", "nodes", "--name", c.name)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(strings.Fields(listed), func(name string) bool { return strings.HasSuffix(name, "-external-load-balancer") }), nil
}

// images runs `ctr images …` on a node, where Kubernetes keeps its images.
func images(ctx context.Context, node string, args ...string) (string, error) {
	return docker(ctx, append([]string{"exec", node, "ctr", "--namespace=k8s.io", "images"}, args...)...)
}
