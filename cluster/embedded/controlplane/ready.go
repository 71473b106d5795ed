package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// interval is the time between two requests to a server that cannot be watched yet.
const interval = 20 * time.Millisecond

// awaitAPI returns once the API server is ready, including its default roles and namespaces.
func awaitAPI(ctx context.Context, clientset kubernetes.Interface) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, interval, true, func(ctx context.Context) (bool, error) {
		_, last = clientset.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for /readyz of the API server: %w (last answer: %w)", err, last)
	}
	return nil
}

// awaitReady returns once pods can be created and scheduled: the API server is ready, the default namespace has its
// service account, without which it admits no pod, and count nodes are Ready.
func awaitReady(ctx context.Context, clientset kubernetes.Interface, count int) error {
	if err := awaitAPI(ctx, clientset); err != nil {
		return err
	}
	missing := ""
	err := wait.PollUntilContextCancel(ctx, interval, true, func(ctx context.Context) (done bool, err error) {
		missing, err = findMissing(ctx, clientset, count)
		return missing == "", err
	})
	if err != nil && missing != "" {
		return fmt.Errorf("wait for %s: %w", missing, err)
	}
	return err
}

// findMissing returns what the cluster still lacks, or "" if it is ready.
func findMissing(ctx context.Context, clientset kubernetes.Interface, count int) (string, error) {
	_, err := clientset.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "the default service account", nil
	}
	if err != nil {
		return "", err
	}
	nodes, err := clientset.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return "", err
	}
	ready := 0
	for _, node := range nodes.Items {
		if isReady(node) {
			ready++
		}
	}
	if ready < count {
		return fmt.Sprintf("%d Ready nodes (so far %d)", count, ready), nil
	}
	return "", nil
}

// isReady reports whether the scheduler can use the node: it is Ready and the not-ready taint has been removed.
func isReady(node corev1.Node) bool {
	for _, taint := range node.Spec.Taints {
		if taint.Key == corev1.TaintNodeNotReady {
			return false
		}
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// awaitAPIServer delays a command until the API server of its --kubeconfig is ready. The controller manager itself
// would give up after 10 seconds, but an API server on a busy machine may take longer.
func awaitAPIServer(command *cobra.Command, _ []string) error {
	config, err := clientcmd.BuildConfigFromFlags("", command.Flag("kubeconfig").Value.String())
	if err != nil {
		return err
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return awaitAPI(command.Context(), clientset)
}
