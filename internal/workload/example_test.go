package workload_test

import (
	"fmt"
	"log"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/internal/workload"
)

func ExamplePodsOf() {
	const deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: 4}}"
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(deployment), &object.Object); err != nil {
		log.Fatal(err)
	}
	pods := workload.PodsOf(workload.FromUnstructured(object), nil, 1)
	fmt.Printf("%d pods, and %d more during a rolling update\n", pods.Initial.Replicas, pods.Initial.Surge)
	// Output: 4 pods, and 1 more during a rolling update
}
