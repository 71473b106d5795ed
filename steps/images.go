package steps

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/steps/internal/standin"
)

// Nodes are the nodes of a cluster, which can be given images. A cluster.ImageLoader is one.
type Nodes = standin.Nodes

// Image is an image that containers of a run named, and the image that they ran.
type Image = standin.Usage

// The defaults of Options.RealImages and Options.HealthPaths.
var (
	DefaultRealImages  = standin.DefaultRealImages
	DefaultHealthPaths = standin.DefaultHealthPaths
)

// newImages returns the images of the cluster, or nil if its nodes cannot be given any.
func newImages(client kubernetes.Interface, options Options) *standin.Images {
	if options.Nodes == nil {
		return nil
	}
	if options.RealImages == nil {
		options.RealImages = DefaultRealImages
	}
	if options.HealthPaths == nil {
		options.HealthPaths = DefaultHealthPaths
	}
	return standin.New(options.Nodes, standin.Options{
		Arch:       func(ctx context.Context) (string, error) { return architecture(ctx, client) },
		RealImages: options.RealImages, HealthPaths: options.HealthPaths, Progress: options.Progress,
	})
}

// architecture returns the architecture of the nodes. It fails if they differ.
func architecture(ctx context.Context, client kubernetes.Interface) (string, error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, everything)
	if err != nil {
		return "", fmt.Errorf("list the nodes for their architecture: %w", err)
	}
	found := ""
	for _, node := range nodes.Items {
		arch := node.Status.NodeInfo.Architecture
		if found != "" && arch != found {
			return "", fmt.Errorf("the nodes have different architectures, %s and %s: a stand-in is built for one", found, arch)
		}
		found = arch
	}
	if found == "" {
		return "", errors.New("the cluster has no nodes")
	}
	return found, nil
}
