package helm

import (
	"context"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
)

// kubeClient is Helm's client of the Kubernetes API, with what differs here. All that a command sends passes through it.
type kubeClient struct {
	*kube.Client
	mapper  meta.ResettableRESTMapper
	cluster kubernetes.Interface
	run     *invocation
	ctx     context.Context // of run: the methods of Helm's interface take none
}

// Create waits for CRDs that exist already. Helm takes them for ready; but when several commands install charts with the same CRD, the
// one that did not create it may come before the API server serves its kind.
func (c *kubeClient) Create(resources kube.ResourceList) (*kube.Result, error) {
	if err := c.prepared(resources); err != nil {
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
	if err := c.prepared(target); err != nil {
		return &kube.Result{}, err // Helm reads the result of a failed update, too
	}
	return c.Client.Update(original, target, force)
}

func (c *kubeClient) UpdateThreeWayMerge(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	if err := c.prepared(target); err != nil {
		return &kube.Result{}, err
	}
	return c.Client.UpdateThreeWayMerge(original, target, force)
}

// prepared has the objects of resources prepared.
func (c *kubeClient) prepared(resources kube.ResourceList) error {
	prepare := c.run.client.prepare
	if prepare == nil || len(resources) == 0 {
		return nil
	}
	objects := make([]*unstructured.Unstructured, 0, len(resources))
	for _, resource := range resources {
		objects = append(objects, resource.Object.(*unstructured.Unstructured)) // what Build makes
	}
	return prepare(c.ctx, objects)
}
