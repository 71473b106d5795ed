package kind

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// LoadImageArchive loads the images of an archive onto every node.
func (c *Cluster) LoadImageArchive(ctx context.Context, path string) error {
	if err := c.cluster.LoadImageArchive(ctx, quote(path)); err != nil {
		return fmt.Errorf("load images onto the nodes of the kind cluster %s: %w", c.name, kindError(err))
	}
	return nil
}

// Images returns the images that every node has: the digest by the full name.
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
		present := parseImages(listed)
		if i == 0 {
			everywhere = present
		}
		for name, digest := range everywhere {
			if present[name] != digest {
				delete(everywhere, name)
			}
		}
	}
	return everywhere, nil
}

// parseImages parses the output of `ctr images ls`: after the header, one line for each image with its name, type,
// digest and more.
func parseImages(listed string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(listed) {
		if words := strings.Fields(line); len(words) > 2 && words[0] != "REF" {
			found[words[0]] = words[2]
		}
	}
	return found
}

// RemoveImages removes image names from every node.
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

// nodes returns the containers that have a kubelet. A cluster with several control planes also has a load balancer,
// which has none.
func (c *Cluster) nodes(ctx context.Context) ([]string, error) {
	listed, err := output(ctx, string(c.kind), "get", "nodes", "--name", c.name)
	if err != nil {
		return nil, err
	}
	isLoadBalancer := func(name string) bool { return strings.HasSuffix(name, "-external-load-balancer") }
	return slices.DeleteFunc(strings.Fields(listed), isLoadBalancer), nil
}

// images runs `ctr images …` on a node, in the containerd namespace of Kubernetes.
func images(ctx context.Context, node string, args ...string) (string, error) {
	return docker(ctx, append([]string{"exec", node, "ctr", "--namespace=k8s.io", "images"}, args...)...)
}
