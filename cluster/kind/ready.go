package kind

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// readyPatience is how long a cluster that kind has made may take until it can serve. 2 busy cores take a minute.
const readyPatience = 5 * time.Minute

// awaitReady returns when pods can be made and scheduled, and resolve names.
func awaitReady(ctx context.Context, config *rest.Config) error {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the nodes: %w\nIf the cluster's containers are stopped, docker start starts them", err)
	}
	for _, node := range nodes.Items {
		if err := awaitObject(ctx, client.CoreV1().RESTClient(), "nodes", "", node.Name, &corev1.Node{}, nodeIsReady); err != nil {
			return err
		}
	}
	there := func(runtime.Object) string { return "" }
	if err := awaitObject(ctx, client.CoreV1().RESTClient(), "serviceaccounts", "default", "default", &corev1.ServiceAccount{}, there); err != nil {
		return err
	}
	return awaitObject(ctx, client.AppsV1().RESTClient(), "deployments", "kube-system", "coredns", &appsv1.Deployment{}, deploymentIsAvailable)
}

// awaitObject waits until the object is there and missing, which says what it lacks, returns "".
func awaitObject(ctx context.Context, client cache.Getter, resource, namespace, name string, kind runtime.Object, missing func(runtime.Object) string) error {
	lacks := "it is not there"
	list := cache.NewListWatchFromClient(client, resource, namespace, fields.OneTermEqualSelector(metav1.ObjectNameField, name))
	_, err := watchtools.UntilWithSync(ctx, list, kind, nil, func(event watch.Event) (bool, error) {
		if event.Type == watch.Deleted {
			lacks = "it was deleted"
		} else {
			lacks = missing(event.Object)
		}
		return lacks == "", nil
	})
	if err != nil {
		return fmt.Errorf("waited for %s/%s of the new cluster: %s", resource, name, lacks)
	}
	return nil
}

func nodeIsReady(object runtime.Object) string {
	for _, condition := range object.(*corev1.Node).Status.Conditions {
		if condition.Type == corev1.NodeReady {
			if condition.Status == corev1.ConditionTrue {
				return ""
			}
			return fmt.Sprintf("it is not ready: %s: %s", condition.Reason, condition.Message)
		}
	}
	return "its kubelet has not reported yet"
}

func deploymentIsAvailable(object runtime.Object) string {
	for _, condition := range object.(*appsv1.Deployment).Status.Conditions {
		if condition.Type == appsv1.DeploymentAvailable {
			if condition.Status == corev1.ConditionTrue {
				return ""
			}
			return fmt.Sprintf("it is not available: %s", condition.Message)
		}
	}
	return "it has no pods yet"
}
