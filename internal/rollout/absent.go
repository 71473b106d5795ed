package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/agext/levenshtein"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// absentGrace is how long a workload may be absent. What creates it has finished before the wait begins, so only the
// caches of the API server and of controllers may lag behind.
const absentGrace = 3 * time.Second

// absence is the id of the problem that a workload does not exist.
const absence = "absence"

// missingWorkload returns the problem of a workload that does not exist in a namespace that does.
func (o objects) missingWorkload(name string) problem {
	return problem{
		id: absence, grace: absentGrace,
		confirm: func(ctx context.Context, client kubernetes.Interface, _ time.Duration) error {
			others := workloads(ctx, client, o.namespace)
			if slices.Contains(others, name) {
				return nil // the watch will see it
			}
			if len(others) == 0 {
				return fmt.Errorf("there is no %s; the namespace has no workloads", name)
			}
			return fmt.Errorf("there is no %s; the namespace has %s", name, listNearest(name, others))
		},
	}
}

// workloads returns the workloads of a namespace, such as deployment/app, as far as they may be listed.
func workloads(ctx context.Context, client kubernetes.Interface, namespace string) []string {
	var all []string
	options := metav1.ListOptions{}
	if list, err := client.AppsV1().Deployments(namespace).List(ctx, options); err == nil {
		for _, found := range list.Items {
			all = append(all, deploymentKind+"/"+found.Name)
		}
	}
	if list, err := client.AppsV1().StatefulSets(namespace).List(ctx, options); err == nil {
		for _, found := range list.Items {
			all = append(all, statefulSetKind+"/"+found.Name)
		}
	}
	if list, err := client.AppsV1().DaemonSets(namespace).List(ctx, options); err == nil {
		for _, found := range list.Items {
			all = append(all, daemonSetKind+"/"+found.Name)
		}
	}
	if list, err := client.BatchV1().Jobs(namespace).List(ctx, options); err == nil {
		for _, found := range list.Items {
			all = append(all, jobKind+"/"+found.Name)
		}
	}
	return all
}

// listNearest lists names, those most like the given one first, and at most five.
func listNearest(name string, others []string) string {
	const most = 5
	distance := func(other string) int { return levenshtein.Distance(name, other, nil) }
	sorted := slices.Sorted(slices.Values(others))
	slices.SortStableFunc(sorted, func(a, b string) int { return distance(a) - distance(b) })
	if more := len(sorted) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(sorted[:most], ", "), more)
	}
	return strings.Join(sorted, ", ")
}
