package helm

import (
	"context"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
)

// kubeClient is Helm's client of the Kubernetes API with the waits and the preparation of this package. Helm sends all
// objects through it.
type kubeClient struct {
	*kube.Client
	mapper    meta.ResettableRESTMapper
	cluster   kubernetes.Interface
	execution *execution
	ctx       context.Context // of the command line: the methods of Helm's interface take none
}

// Create waits for CRDs that already exist. Helm assumes that they are ready. But if several commands install the same
// CRD, those that did not create it could continue before the API server serves its kind.
func (c *kubeClient) Create(resources kube.ResourceList) (*kube.Result, error) {
	if err := c.prepare(resources); err != nil {
		return nil, err
	}
	result, err := c.Client.Create(resources)
	if apierrors.IsAlreadyExists(err) && resources[0].Mapping.GroupVersionKind.Kind == "CustomResourceDefinition" {
		if err := c.Wait(resources, crdTimeout); err != nil {
			return nil, err
		}
		c.mapper.Reset()
	}
	return result, err
}

func (c *kubeClient) Update(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	if err := c.prepare(target); err != nil {
		return &kube.Result{}, err // Helm reads the result of a failed update
	}
	return c.Client.Update(original, target, force)
}

func (c *kubeClient) UpdateThreeWayMerge(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	if err := c.prepare(target); err != nil {
		return &kube.Result{}, err
	}
	return c.Client.UpdateThreeWayMerge(original, target, force)
}

// prepare calls Scope.Prepare with the objects of resources.
func (c *kubeClient) prepare(resources kube.ResourceList) error {
	prepare := c.execution.scope.Prepare
	if prepare == nil || len(resources) == 0 {
		return nil
	}
	objects := make([]*unstructured.Unstructured, 0, len(resources))
	for _, resource := range resources {
		objects = append(objects, resource.Object.(*unstructured.Unstructured)) // created by Build
	}
	return prepare(c.ctx, objects)
}
