package capacity

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/stretchr/testify/require"
)

func TestWhatObjectsTake(t *testing.T) {
	t.Parallel()
	const pod = `{spec: {containers: [{name: web, resources: {requests: {cpu: 100m, memory: 1Mi}}}]}}`
	const mebi = 1 << 20
	for name, test := range map[string]struct {
		manifests string
		want      Amount
	}{
		"a pod":                             {"{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, resources: {requests: {cpu: 100m, memory: 1Mi}}}]}}", Amount{100, mebi, 1}},
		"a pod that requests nothing":       {"{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web}]}}", Amount{100, 0, 1}},
		"a limit is a request, too":         {"{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, resources: {limits: {cpu: 2}, requests: {memory: 1Mi}}}]}}", Amount{2000, mebi, 1}},
		"an init container beside no other": {"{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {initContainers: [{name: init, resources: {requests: {cpu: 300m}}}], containers: [{name: web, resources: {requests: {cpu: 100m, memory: 1Mi}}}]}}", Amount{300, mebi, 1}},
		"a Deployment":                      {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 3, template: " + pod + "}}", Amount{300, 3 * mebi, 3}},
		"a Deployment without a number":     {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: " + pod + "}}", Amount{100, mebi, 1}},
		"a Deployment of none":              {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 0, template: " + pod + "}}", Amount{}},
		"a StatefulSet":                     {"{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: {replicas: 2, template: " + pod + "}}", Amount{200, 2 * mebi, 2}},
		"a Job":                             {"{apiVersion: batch/v1, kind: Job, metadata: {name: web}, spec: {parallelism: 2, template: " + pod + "}}", Amount{200, 2 * mebi, 2}},
		"a Deployment that is scaled": {`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: ` + pod + `}}
---
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, spec: {minReplicas: 2, maxReplicas: 6, scaleTargetRef: {kind: Deployment, name: web}}}`, Amount{200, 2 * mebi, 2}},
		"what is later":   {"{apiVersion: batch/v1, kind: CronJob, metadata: {name: web}, spec: {jobTemplate: {spec: {template: " + pod + "}}}}", Amount{}},
		"what is refused": {"{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: many}}", Amount{}},
		"what is unknown": {"{apiVersion: shop.example/v1, kind: Order, metadata: {name: web}}", Amount{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sum Amount
			for _, w := range workloads(parseAll(test.manifests)) {
				sum = sum.plus(w.after(workload{}, false).most)
			}
			assert.Equal(t, test.want, sum)
		})
	}
}

func parseAll(manifests string) []*unstructured.Unstructured {
	var objects []*unstructured.Unstructured
	for _, manifest := range strings.Split(manifests, "\n---\n") {
		objects = append(objects, parse(manifest))
	}
	return objects
}

func TestWhatAnUpdateTakes(t *testing.T) {
	t.Parallel()
	const template = "\n  template: {spec: {containers: [{name: web, image: 'web:1', resources: {requests: {cpu: 100m}}}]}}"
	const before = "{replicas: 4, strategy: STRATEGY, " + template + "}"
	for name, test := range map[string]struct {
		strategy, replace, by string
		want                  int64
	}{
		"the same":                       {"{}", "", "", 4},
		"another template":               {"{}", "web:1", "web:2", 5},
		"another template, with a surge": {"{rollingUpdate: {maxSurge: 2}}", "web:1", "web:2", 6},
		"another template, recreated":    {"{type: Recreate}", "web:1", "web:2", 4},
		"fewer pods":                     {"{}", "replicas: 4", "replicas: 1", 4},
		"more pods":                      {"{}", "replicas: 4", "replicas: 9", 9},
		"larger pods":                    {"{}", "100m", "200m", 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: " + strings.ReplaceAll(before, "STRATEGY", test.strategy) + "}"
			second := first
			if test.replace != "" {
				second = strings.ReplaceAll(first, test.replace, test.by)
			}
			at := id{kind: "Deployment", name: "web"}
			installed := workloads(parseAll(first))[at].after(workload{}, false)
			assert.EqualValues(t, 400, installed.most.CPU)

			assert.Equal(t, test.want*100, workloads(parseAll(second))[at].after(installed, false).most.CPU)
		})
	}
}

func TestTheCapacityOfNodes(t *testing.T) {
	t.Parallel()
	list := func(cpu, memory, pods string) corev1.ResourceList {
		l := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
		if pods != "" {
			l[corev1.ResourcePods] = resource.MustParse(pods)
		}
		return l
	}
	node := func(name string) *corev1.Node {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Allocatable: list("2", "1Gi", "110")}}
	}
	pod := func(namespace, name, node string, phase corev1.PodPhase) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       corev1.PodSpec{NodeName: node, Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: list("250m", "64Mi", "")}}}},
			Status:     corev1.PodStatus{Phase: phase},
		}
	}
	tainted, cordoned := node("tainted"), node("cordoned")
	tainted.Spec.Taints = []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}}
	cordoned.Spec.Unschedulable = true
	cluster := fake.NewClientset(
		node("a"), node("b"), tainted, cordoned,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "ours", Labels: map[string]string{"run": "this"}}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "theirs"}},
		pod("theirs", "runs", "a", corev1.PodRunning),
		pod("theirs", "starts", "b", corev1.PodPending),
		pod("theirs", "ended", "a", corev1.PodSucceeded),
		pod("theirs", "waits", "", corev1.PodPending),
		pod("theirs", "elsewhere", "tainted", corev1.PodRunning),
		pod("ours", "runs", "a", corev1.PodRunning),
	)

	size, err := measure(t.Context(), cluster, labels.SelectorFromSet(labels.Set{"run": "this"}))

	require.NoError(t, err)
	assert.Equal(t, Amount{CPU: 3500, Memory: 2<<30 - 128<<20, Pods: 218}, size)
}
