package steps

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/steps/internal/standin"
)

// Nodes can be given images. A cluster.ImageLoader is one.
type Nodes = standin.Nodes

// Image is an image that containers of a run named, and what they ran.
type Image = standin.Usage

// What Options mean where they say nothing.
var (
	DefaultRealImages  = standin.DefaultRealImages
	DefaultHealthPaths = standin.DefaultHealthPaths
)

// newImages are the images of the cluster, or nil where its nodes can be given none.
func newImages(cluster kubernetes.Interface, options Options) *standin.Images {
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
		Arch:       func(ctx context.Context) (string, error) { return architecture(ctx, cluster) },
		RealImages: options.RealImages, HealthPaths: options.HealthPaths, Progress: options.Progress,
	})
}

// architecture is that of all nodes.
func architecture(ctx context.Context, cluster kubernetes.Interface) (string, error) {
	nodes, err := cluster.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("ask for the nodes' architecture: %w", err)
	}
	found := ""
	for _, node := range nodes.Items {
		its := node.Status.NodeInfo.Architecture
		if found != "" && its != found {
			return "", fmt.Errorf("the nodes are %s and %s: a stand-in is for one architecture", found, its)
		}
		found = its
	}
	if found == "" {
		return "", errors.New("there are no nodes")
	}
	return found, nil
}

// prepare sees to it that the nodes have the images of objects that are about to be sent.
func (s *Suite) prepare(ctx context.Context, objects []*unstructured.Unstructured) error {
	if s.images == nil {
		return nil
	}
	return s.images.Prepare(ctx, objects)
}

// Images are those that containers of the run named, by name; none where Options.Nodes is nil.
func (s *Suite) Images() []Image {
	if s.images == nil {
		return nil
	}
	return s.images.Used()
}
