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

// readyTimeout bounds the time from the creation of a cluster until it is ready. On 2 busy cores it takes a minute.
const readyTimeout = 5 * time.Minute

// awaitReady returns once pods can be created and scheduled, and CoreDNS is available.
func awaitReady(ctx context.Context, config *rest.Config) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list the nodes: %w\n"+
			"If the containers of the cluster are stopped, start them with docker start", err)
	}
	core := client.CoreV1().RESTClient()
	for _, node := range nodes.Items {
		if err := awaitObject(ctx, core, "nodes", "", node.Name, &corev1.Node{}, nodePending); err != nil {
			return err
		}
	}
	exists := func(runtime.Object) string { return "" }
	err = awaitObject(ctx, core, "serviceaccounts", "default", "default", &corev1.ServiceAccount{}, exists)
	if err != nil {
		return err
	}
	apps := client.AppsV1().RESTClient()
	return awaitObject(ctx, apps, "deployments", "kube-system", "coredns", &appsv1.Deployment{}, deploymentPending)
}

// awaitObject waits until an object exists and pending, which says why it is not ready, returns "".
func awaitObject(
	ctx context.Context, client cache.Getter, resource, namespace, name string, kind runtime.Object,
	pending func(runtime.Object) string,
) error {
	reason := "it does not exist"
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, name)
	list := cache.NewListWatchFromClient(client, resource, namespace, selector)
	_, err := watchtools.UntilWithSync(ctx, list, kind, nil, func(event watch.Event) (bool, error) {
		if event.Type == watch.Deleted {
			reason = "it was deleted"
		} else {
			reason = pending(event.Object)
		}
		return reason == "", nil
	})
	if err != nil {
		return fmt.Errorf("wait for %s/%s of the kind cluster: %s", resource, name, reason)
	}
	return nil
}

func nodePending(object runtime.Object) string {
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

func deploymentPending(object runtime.Object) string {
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
