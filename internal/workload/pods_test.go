package workload_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/internal/workload"
)

func manifest(t *testing.T, text string) workload.Manifest {
	t.Helper()
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(text), &object.Object))
	return workload.FromUnstructured(object)
}

// steady returns a number of pods that does not change, except for the surge of a rolling update.
func steady(replicas, surge int64) workload.Pods {
	scale := workload.Scale{Replicas: replicas, Surge: surge}
	return workload.Pods{Initial: scale, Peak: scale}
}

// growing returns a number of pods that grows, without a surge.
func growing(initial, peak int64) workload.Pods {
	return workload.Pods{Initial: workload.Scale{Replicas: initial}, Peak: workload.Scale{Replicas: peak}}
}

// The sources of the rules are in the comments of the functions that state them.
func TestPodsOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind, spec string
		want       workload.Pods
	}{
		"Pod":         {"Pod", "", steady(1, 0)},
		"PodTemplate": {"PodTemplate", "", workload.Pods{}},

		"Deployment":                        {"Deployment", "", steady(1, 1)},
		"Deployment with 9 replicas":        {"Deployment", "replicas: 9", steady(9, 3)},
		"Deployment with null replicas":     {"Deployment", "replicas: null", steady(1, 1)},
		"Deployment with negative replicas": {"Deployment", "replicas: -3", workload.Pods{}},
		"Deployment beyond the range":       {"Deployment", "replicas: 1e+300", steady(math.MaxInt32, 1<<29)},
		"ReplicaSet with a float":           {"ReplicaSet", "replicas: 2e+01", steady(20, 0)},
		"ReplicationController":             {"ReplicationController", "replicas: 2", steady(2, 0)},
		"StatefulSet":                       {"StatefulSet", "replicas: 3", steady(3, 0)},
		"custom resource":                   {"Cluster", "replicas: 3", steady(3, 0)},
		"custom resource without replicas":  {"Cluster", "", steady(1, 0)},

		"DaemonSet":               {"DaemonSet", "", steady(4, 0)},
		"DaemonSet with replicas": {"DaemonSet", "replicas: 9", steady(4, 0)},

		"Job":                          {"Job", "", steady(1, 0)},
		"Job with parallelism":         {"Job", "parallelism: 4", steady(4, 0)},
		"Job with parallelism 0":       {"Job", "parallelism: 0", steady(0, 0)},
		"Job with more completions":    {"Job", "parallelism: 2, completions: 8", steady(2, 0)},
		"Job with fewer completions":   {"Job", "parallelism: 4, completions: 2", steady(2, 0)},
		"Job with completions only":    {"Job", "completions: 8", steady(1, 0)},
		"Job with nothing to complete": {"Job", "completions: 0", steady(0, 0)},
		"suspended Job":                {"Job", "parallelism: 4, suspend: true", growing(0, 4)},
		"resumed Job":                  {"Job", "parallelism: 4, suspend: false", steady(4, 0)},

		"CronJob with overlapping runs": {"CronJob", "jobTemplate: {spec: {parallelism: 2}}", growing(2, 4)},
		"CronJob with a deadline":       {"CronJob", "jobTemplate: {spec: {activeDeadlineSeconds: 60}}", steady(1, 0)},
		"CronJob that skips runs":       {"CronJob", "concurrencyPolicy: Forbid", steady(1, 0)},
		"CronJob that replaces runs":    {"CronJob", "concurrencyPolicy: Replace", steady(1, 0)},
		"suspended CronJob":             {"CronJob", "suspend: true", growing(0, 2)},
		"CronJob of suspended Jobs":     {"CronJob", "jobTemplate: {spec: {suspend: true}}", growing(0, 2)},
		"CronJob with completions": {
			"CronJob", "concurrencyPolicy: Forbid, jobTemplate: {spec: {parallelism: 4, completions: 3}}", steady(3, 0),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := manifest(t, "{kind: "+test.kind+", spec: {"+test.spec+"}}")
			assert.Equal(t, test.want, workload.PodsOf(object, nil, 4))
		})
	}
}

func TestSurge(t *testing.T) {
	t.Parallel()
	const deployment = "{kind: Deployment, spec: {replicas: 9, strategy: {"
	const scaledToZero = "{kind: Deployment, spec: {replicas: 0, strategy: {"
	const statefulSet = "{kind: StatefulSet, spec: {updateStrategy: {"
	const daemonSet = "{kind: DaemonSet, spec: {updateStrategy: {"
	for name, test := range map[string]struct {
		workload, strategy string
		want               workload.Pods
	}{
		"a number":                       {deployment, "rollingUpdate: {maxSurge: 2}", steady(9, 2)},
		"a number as text":               {deployment, "rollingUpdate: {maxSurge: '2'}", steady(9, 2)},
		"a percentage is rounded up":     {deployment, "rollingUpdate: {maxSurge: 50%}", steady(9, 5)},
		"no more new pods than replicas": {deployment, "rollingUpdate: {maxSurge: 10}", steady(9, 9)},
		"zero":                           {deployment, "rollingUpdate: {maxSurge: 0}", steady(9, 0)},
		"negative":                       {deployment, "rollingUpdate: {maxSurge: -2}", steady(9, 0)},
		"invalid":                        {deployment, "rollingUpdate: {maxSurge: many}", steady(9, 0)},
		"maxUnavailable adds no pods":    {deployment, "rollingUpdate: {maxSurge: 0, maxUnavailable: 50%}", steady(9, 0)},
		"type RollingUpdate":             {deployment, "type: RollingUpdate", steady(9, 3)},
		"Recreate":                       {deployment, "type: Recreate", steady(9, 0)},
		"0 replicas":                     {scaledToZero, "rollingUpdate: {maxSurge: 2}", steady(0, 0)},
		"a percentage of nodes":          {daemonSet, "rollingUpdate: {maxSurge: 30%}", steady(4, 2)},
		"no more new pods than nodes":    {daemonSet, "rollingUpdate: {maxSurge: 200%}", steady(4, 4)},
		"OnDelete":                       {daemonSet, "type: OnDelete, rollingUpdate: {maxSurge: 1}", steady(4, 0)},
		"a StatefulSet has no maxSurge":  {statefulSet, "rollingUpdate: {maxSurge: 1}", steady(1, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := manifest(t, test.workload+test.strategy+"}}}")
			assert.Equal(t, test.want, workload.PodsOf(object, nil, 4))
		})
	}
}

func TestPodsOfAutoscaledWorkload(t *testing.T) {
	t.Parallel()
	scale := func(replicas, surge int64) workload.Scale { return workload.Scale{Replicas: replicas, Surge: surge} }
	for name, test := range map[string]struct {
		deployment, autoscaler string
		initial, peak          workload.Scale
	}{
		"minReplicas raises replicas":  {"replicas: 1", "minReplicas: 2, maxReplicas: 6", scale(2, 1), scale(6, 3)},
		"the defaults are 1":           {"", "maxReplicas: 6", scale(1, 1), scale(6, 3)},
		"replicas between min and max": {"replicas: 4", "minReplicas: 2, maxReplicas: 6", scale(4, 2), scale(6, 3)},
		"replicas above max":           {"replicas: 8", "minReplicas: 2, maxReplicas: 6", scale(8, 4), scale(8, 4)},
		"0 replicas":                   {"replicas: 0", "minReplicas: 2, maxReplicas: 6", scale(0, 0), scale(0, 0)},
		"minReplicas 0":                {"", "minReplicas: 0, maxReplicas: 6", scale(1, 1), scale(6, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deployment := manifest(t, `
kind: Deployment
metadata: {namespace: shop, name: web}
spec: {strategy: {rollingUpdate: {maxSurge: 50%}}, `+test.deployment+`}`)
			autoscalers := workload.Autoscalers{}
			autoscalers.Add(deployment)
			autoscalers.Add(manifest(t, `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {namespace: shop, name: web}
spec: {scaleTargetRef: {kind: Deployment, name: web}, `+test.autoscaler+`}`))

			want := workload.Pods{Initial: test.initial, Peak: test.peak}
			assert.Equal(t, want, workload.PodsOf(deployment, autoscalers, 1))
		})
	}
}

func TestOtherAutoscalers(t *testing.T) {
	t.Parallel()
	const autoscaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {namespace: shop}
spec: {maxReplicas: 9, scaleTargetRef: {kind: Deployment, name: web}}`
	for name, test := range map[string]struct{ replace, by string }{
		"another namespace":   {"namespace: shop", "namespace: other"},
		"another API group":   {"autoscaling/v2", "shop.example/v1"},
		"another target kind": {"{kind: Deployment", "{kind: StatefulSet"},
		"another target name": {"name: web", "name: api"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, autoscaler, test.replace)
			autoscalers := workload.Autoscalers{}
			autoscalers.Add(manifest(t, strings.ReplaceAll(autoscaler, test.replace, test.by)))
			web := manifest(t, "{kind: Deployment, metadata: {namespace: shop, name: web}, spec: {replicas: 3}}")
			assert.Equal(t, steady(3, 1), workload.PodsOf(web, autoscalers, 1))
		})
	}
}
