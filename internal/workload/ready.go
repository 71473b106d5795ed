package workload

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubectl/pkg/util/podutils"
)

// Ready reports whether a pod serves requests: its Ready condition is True, and it is not being deleted. A terminating
// pod is not a ready endpoint of a Service (podToEndpoint in k8s.io/endpointslice/utils.go).
func Ready(pod *corev1.Pod) bool { return pod.DeletionTimestamp == nil && podutils.IsPodReady(pod) }
