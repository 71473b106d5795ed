package main

import (
	"flag"
	"fmt"
	"runtime"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nodeOptions are the number and the size of the simulated nodes.
type nodeOptions struct {
	count       int
	cpu, memory resource.Quantity
	pods        int64 // maximum number of pods
	kubelet     int32 // port of all kubelets, on localhost
}

// bind defines a flag for each option.
func (o *nodeOptions) bind(flags *flag.FlagSet) {
	o.cpu, o.memory = resource.MustParse("4"), resource.MustParse("16Gi")
	flags.IntVar(&o.count, "nodes", 1, "number of simulated nodes")
	flags.Func("node-cpu", "CPU of each node, a Kubernetes quantity of cores (default 4)", quantity(&o.cpu))
	flags.Func("node-memory", "memory of each node, a Kubernetes quantity of bytes (default 16Gi)", quantity(&o.memory))
	flags.Int64Var(&o.pods, "node-pods", 110, "maximum number of pods of each node")
}

// quantity returns a function that parses a flag into q.
func quantity(q *resource.Quantity) func(string) error {
	return func(s string) (err error) {
		*q, err = resource.ParseQuantity(s)
		return err
	}
}

// args returns the options as flags for bind.
func (o nodeOptions) args() []string {
	return []string{
		fmt.Sprintf("--nodes=%d", o.count),
		"--node-cpu=" + o.cpu.String(),
		"--node-memory=" + o.memory.String(),
		fmt.Sprintf("--node-pods=%d", o.pods),
	}
}

// kubeletAddress is the type of the address at which the API server finds a kubelet. See apiServerArgs.
const kubeletAddress = corev1.NodeInternalDNS

// node returns the i-th node as a kubelet would register it, with its size and the labels that scheduling rules use.
func (o nodeOptions) node(i int) *corev1.Node {
	name := fmt.Sprintf("node-%d", i)
	size := corev1.ResourceList{
		corev1.ResourceCPU:              o.cpu,
		corev1.ResourceMemory:           o.memory,
		corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"),
		corev1.ResourcePods:             *resource.NewQuantity(o.pods, resource.DecimalSI),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:     name,
				corev1.LabelOSStable:     "linux",
				corev1.LabelArchStable:   runtime.GOARCH,
				corev1.LabelTopologyZone: fmt.Sprintf("zone-%d", i),
				"type":                   "kwok",
			},
			Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
		},
		Status: corev1.NodeStatus{
			Capacity:    size,
			Allocatable: size,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.0.%d.%d", i/250, i%250+1)},
				{Type: corev1.NodeHostName, Address: name},
				{Type: kubeletAddress, Address: "localhost"},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: o.kubelet}},
		},
	}
}
