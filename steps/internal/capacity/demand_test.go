package capacity

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestDemandOfObjects(t *testing.T) {
	t.Parallel()
	const mebi = 1 << 20
	const requests = "{requests: {cpu: 100m, memory: 1Mi}}"
	const template = "template: {spec: {containers: [{name: web, resources: " + requests + "}]}}"
	const autoscaler = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: web}, " +
		"spec: {minReplicas: 2, maxReplicas: 6, scaleTargetRef: {kind: Deployment, name: web}}}"
	for name, test := range map[string]struct {
		apiVersion, kind, spec string
		others                 string
		want                   Amount
	}{
		"pod": {
			apiVersion: "v1", kind: "Pod", spec: "containers: [{name: web, resources: " + requests + "}]",
			want: Amount{100, mebi, 1},
		},
		"pod without requests": {
			apiVersion: "v1", kind: "Pod", spec: "containers: [{name: web}]",
			want: Amount{100, 0, 1},
		},
		"limit is the default of a request": {
			apiVersion: "v1", kind: "Pod",
			spec: "containers: [{name: web, resources: {limits: {cpu: 2}, requests: {memory: 1Mi}}}]",
			want: Amount{2000, mebi, 1},
		},
		"larger init container": {
			apiVersion: "v1", kind: "Pod",
			spec: "initContainers: [{name: init, resources: {requests: {cpu: 300m}}}], " +
				"containers: [{name: web, resources: " + requests + "}]",
			want: Amount{300, mebi, 1},
		},
		"Deployment": {
			apiVersion: "apps/v1", kind: "Deployment", spec: "replicas: 3, " + template,
			want: Amount{300, 3 * mebi, 3},
		},
		"Deployment without replicas": {
			apiVersion: "apps/v1", kind: "Deployment", spec: template,
			want: Amount{100, mebi, 1},
		},
		"Deployment with 0 replicas": {
			apiVersion: "apps/v1", kind: "Deployment", spec: "replicas: 0, " + template,
		},
		"Deployment with autoscaler": {
			apiVersion: "apps/v1", kind: "Deployment", spec: template, others: autoscaler,
			want: Amount{200, 2 * mebi, 2},
		},
		"Deployment with 0 replicas and autoscaler": {
			apiVersion: "apps/v1", kind: "Deployment", spec: "replicas: 0, " + template, others: autoscaler,
		},
		"StatefulSet": {
			apiVersion: "apps/v1", kind: "StatefulSet", spec: "replicas: 2, " + template,
			want: Amount{200, 2 * mebi, 2},
		},
		"Job with parallelism": {
			apiVersion: "batch/v1", kind: "Job", spec: "parallelism: 2, " + template,
			want: Amount{200, 2 * mebi, 2},
		},
		"Job with fewer completions": {
			apiVersion: "batch/v1", kind: "Job", spec: "parallelism: 3, completions: 1, " + template,
			want: Amount{100, mebi, 1},
		},
		"CronJob": {
			apiVersion: "batch/v1", kind: "CronJob", spec: "jobTemplate: {spec: {" + template + "}}",
		},
		"invalid Deployment": {
			apiVersion: "apps/v1", kind: "Deployment", spec: "replicas: many, " + template,
		},
		"custom resource": {
			apiVersion: "shop.example/v1", kind: "Order", spec: "replicas: 3",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			manifest := fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: web}, spec: {%s}}",
				test.apiVersion, test.kind, test.spec)
			objects := []*unstructured.Unstructured{parse(manifest)}
			if test.others != "" {
				objects = append(objects, parse(test.others))
			}
			var sum Amount
			for _, d := range demandsOf(objects) {
				sum = sum.plus(d.after(demand{}, false).peak)
			}
			assert.Equal(t, test.want, sum)
		})
	}
}

func TestDemandOfUpdates(t *testing.T) {
	t.Parallel()
	const template = "template: {spec: {containers: [{name: web, image: 'web:1', resources: {requests: {cpu: 100m}}}]}}"
	for name, test := range map[string]struct {
		strategy, replace, by string
		want                  int64 // in units of the first pods' requests
	}{
		"no change":                {"{}", "", "", 4},
		"new template":             {"{}", "web:1", "web:2", 5},
		"new template, with surge": {"{rollingUpdate: {maxSurge: 2}}", "web:1", "web:2", 6},
		"new template, recreated":  {"{type: Recreate}", "web:1", "web:2", 4},
		"fewer pods":               {"{}", "replicas: 4", "replicas: 1", 4},
		"more pods":                {"{}", "replicas: 4", "replicas: 9", 9},
		"larger pods":              {"{}", "100m", "200m", 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, " +
				"spec: {replicas: 4, strategy: " + test.strategy + ", " + template + "}}"
			second := first
			if test.replace != "" {
				second = strings.ReplaceAll(first, test.replace, test.by)
				require.NotEqual(t, first, second)
			}
			demandOf := func(manifest string) demand {
				return demandsOf([]*unstructured.Unstructured{parse(manifest)})[objectKey{kind: "Deployment", name: "web"}]
			}
			installed := demandOf(first).after(demand{}, false)
			assert.EqualValues(t, 400, installed.peak.CPU)

			assert.Equal(t, test.want*100, demandOf(second).after(installed, false).peak.CPU)
		})
	}
}
