package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	podresource "k8s.io/component-helpers/resource"
)

// gone is the trouble of a workload that is not there. It ends the wait when the namespace is not there either.
func (n Namespace) gone() trouble {
	return trouble{
		about: "namespace", patience: time.Second,
		proof: func(ctx context.Context, client kubernetes.Interface, _ time.Duration) error {
			namespace, err := client.CoreV1().Namespaces().Get(ctx, n.Name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err):
				return fmt.Errorf("there is no namespace %s", n.Name)
			case err == nil && namespace.DeletionTimestamp != nil:
				return fmt.Errorf("the namespace %s is being deleted", n.Name)
			}
			return nil
		},
	}
}

const (
	refusalLasts = 10 * time.Second // what a refusal that may pass has to last
	fullLasts    = 3 * time.Second  // what it has to last where it is seen that a quota is used up; a controller may be about to take a pod away
	makingTakes  = 2 * time.Second  // after which a controller that says nothing is asked for
)

// notMade is the trouble of a set that has too few pods.
func (s set) notMade() trouble {
	t := trouble{about: string(s.object.GetUID()) + " pods", patience: makingTakes, proof: s.refused}
	if s.refusal != "" {
		t.says = fmt.Sprintf("%s: %s", s.name, oneLine(s.refusal))
		t.like = t.says
		t.patience = 0
	}
	return t
}

// refused asks the API server whether it takes a pod of the set now, and returns why not, if it will not do so later either.
func (s set) refused(ctx context.Context, client kubernetes.Interface, lasted time.Duration) error {
	pods := client.CoreV1().Pods(s.object.GetNamespace())
	meta := metav1.ObjectMeta{
		GenerateName: s.object.GetName() + "-",
		Labels:       maps.Clone(s.template.Labels),
		Annotations:  maps.Clone(s.template.Annotations),
	}
	_, err := pods.Create(ctx, &corev1.Pod{ObjectMeta: meta, Spec: *s.template.Spec.DeepCopy()},
		metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	said := ""
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err) && mayNotAsk.MatchString(err.Error()),
		apierrors.IsBadRequest(err): // a webhook that knows no dry run
		said = s.refusal
	case errors.As(err, new(apierrors.APIStatus)):
		said = err.Error()
	}
	if said == "" {
		return nil
	}
	cause := fmt.Errorf("%s cannot make its pods: %s", s.name, oneLine(said))
	quota := quotaExceeded(ctx, client, s.object.GetNamespace(), said)
	if apierrors.IsInvalid(err) || policy.MatchString(said) || quota.by(nil) {
		return cause
	}
	if lasted < fullLasts {
		return nil
	}
	there, err := pods.List(ctx, metav1.ListOptions{})
	if err != nil || slices.ContainsFunc(there.Items, isGoing) { // which makes room in quotas
		return nil
	}
	if lasted < refusalLasts && !quota.by(there.Items) {
		return nil
	}
	return cause
}

var (
	mayNotAsk = regexp.MustCompile(`cannot create resource "pods"`)
	// policy matches refusals by rules about the pod alone: LimitRanges, quotas on what a pod must say, Pod Security, admission policies.
	policy = regexp.MustCompile(`(?:maximum|minimum) \S+ usage per|max limit to request ratio per|must specify |` +
		`violates PodSecurity|ValidatingAdmissionPolicy '.*denied request`)
	full = regexp.MustCompile(`exceeded quota: (\S+), requested: (\S+), used: \S+, limited: (\S+)`)
)

// exceeded is a quota that refused a pod.
type exceeded struct {
	requested, hard corev1.ResourceList // by the pod; of the quota
	scoped          bool                // it does not count every pod
}

// quotaExceeded reads a refusal. The quota is asked for what it allows: admission knows that from its status, which is brought up to date a moment after somebody raised it. What is
// no refusal by a quota is exceeded by nothing.
func quotaExceeded(ctx context.Context, client kubernetes.Interface, namespace, said string) exceeded {
	refusal := full.FindStringSubmatch(said)
	if refusal == nil {
		return exceeded{}
	}
	e := exceeded{requested: quantities(refusal[2]), hard: quantities(refusal[3]), scoped: true}
	if quota, err := client.CoreV1().ResourceQuotas(namespace).Get(ctx, refusal[1], metav1.GetOptions{}); err == nil {
		e.hard = quota.Spec.Hard
		e.scoped = len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil
	}
	return e
}

// by says whether the quota has no room for the pod beside others; with none, it would never have.
func (e exceeded) by(others []corev1.Pod) bool {
	used := corev1.ResourceList{}
	if !e.scoped {
		used = usage(others)
	}
	for name, wanted := range e.requested {
		sum := used[name].DeepCopy()
		sum.Add(wanted)
		if limit, ok := e.hard[name]; ok && sum.Cmp(limit) > 0 {
			return true
		}
	}
	return false
}

// usage is what quotas count of pods, by the names that they have for it. What it leaves out is not known to be used.
func usage(pods []corev1.Pod) corev1.ResourceList {
	used := corev1.ResourceList{}
	add := func(name corev1.ResourceName, more resource.Quantity) {
		sum := used[name]
		sum.Add(more)
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

func isGoing(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil }

// quantities reads a list as quotas print it: cpu=2,memory=1Gi.
func quantities(list string) corev1.ResourceList {
	all := corev1.ResourceList{}
	for pair := range strings.SplitSeq(list, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if quantity, err := resource.ParseQuantity(value); err == nil {
			all[corev1.ResourceName(name)] = quantity
		}
	}
	return all
}
