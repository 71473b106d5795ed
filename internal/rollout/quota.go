package rollout

import (
	"context"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	podresource "k8s.io/component-helpers/resource"
)

// quotaMessage matches the message of the API server about a pod that exceeds a quota.
var quotaMessage = regexp.MustCompile(`exceeded quota: (\S+), requested: (\S+), used: \S+, limited: (\S+)`)

// quotaRejection is a pod that a quota rejected.
type quotaRejection struct {
	requested corev1.ResourceList // by the pod
	hard      corev1.ResourceList // limits of the quota
	scoped    bool                // the quota does not count every pod
}

// parseQuotaRejection reads the message of a rejection. It takes the limits from the spec of the quota if it can,
// because admission knows them from the status, which lags behind. A rejection for another reason is the zero
// quotaRejection.
func parseQuotaRejection(
	ctx context.Context, client kubernetes.Interface, namespace, message string,
) quotaRejection {
	match := quotaMessage.FindStringSubmatch(message)
	if match == nil {
		return quotaRejection{}
	}
	r := quotaRejection{requested: parseResources(match[2]), hard: parseResources(match[3]), scoped: true}
	quota, err := client.CoreV1().ResourceQuotas(namespace).Get(ctx, match[1], metav1.GetOptions{})
	if err == nil {
		r.hard = quota.Spec.Hard
		r.scoped = len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil
	}
	return r
}

// isFull reports whether the quota has no room for the pod beside the existing ones. If existing is nil, it reports
// whether the pod alone exceeds the quota.
func (r quotaRejection) isFull(existing []corev1.Pod) bool {
	used := corev1.ResourceList{}
	if !r.scoped {
		used = quotaUsage(existing)
	}
	for name, requested := range r.requested {
		sum := used[name].DeepCopy()
		sum.Add(requested)
		if limit, ok := r.hard[name]; ok && sum.Cmp(limit) > 0 {
			return true
		}
	}
	return false
}

// quotaUsage returns what quotas count of pods, by the resource names of quotas. Resources that it does not contain may
// also be in use.
func quotaUsage(pods []corev1.Pod) corev1.ResourceList {
	used := corev1.ResourceList{}
	add := func(name corev1.ResourceName, quantity resource.Quantity) {
		sum := used[name]
		sum.Add(quantity)
		used[name] = sum
	}
	for i := range pods {
		if phase := pods[i].Status.Phase; phase == corev1.PodSucceeded || phase == corev1.PodFailed {
			continue
		}
		requests := podresource.PodRequests(&pods[i], podresource.PodResourcesOptions{})
		limits := podresource.PodLimits(&pods[i], podresource.PodResourcesOptions{})
		add(corev1.ResourcePods, *resource.NewQuantity(1, resource.DecimalSI))
		add(corev1.ResourceCPU, *requests.Cpu())
		add(corev1.ResourceRequestsCPU, *requests.Cpu())
		add(corev1.ResourceMemory, *requests.Memory())
		add(corev1.ResourceRequestsMemory, *requests.Memory())
		add(corev1.ResourceLimitsCPU, *limits.Cpu())
		add(corev1.ResourceLimitsMemory, *limits.Memory())
	}
	return used
}

// parseResources parses a list in the format of quota messages, such as cpu=2,memory=1Gi.
func parseResources(list string) corev1.ResourceList {
	resources := corev1.ResourceList{}
	for pair := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if quantity, err := resource.ParseQuantity(value); err == nil {
			resources[corev1.ResourceName(name)] = quantity
		}
	}
	return resources
}
