package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
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
	if apierrors.IsInvalid(err) || policy.MatchString(said) || neverFits(ctx, client, s.object.GetNamespace(), said) {
		return cause
	}
	if lasted < refusalLasts {
		return nil
	}
	if going, err := anyGoing(ctx, client, s.object.GetNamespace()); going || err != nil {
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

// neverFits says whether a pod was refused that requests more than all of a quota. The quota is asked for what it allows: admission knows that from its status, which is brought up to
// date a moment after somebody raised it.
func neverFits(ctx context.Context, client kubernetes.Interface, namespace, said string) bool {
	refusal := full.FindStringSubmatch(said)
	if refusal == nil {
		return false
	}
	requested, limited := quantities(refusal[2]), quantities(refusal[3])
	if quota, err := client.CoreV1().ResourceQuotas(namespace).Get(ctx, refusal[1], metav1.GetOptions{}); err == nil {
		limited = quota.Spec.Hard
	}
	for name, wanted := range requested {
		if limit, ok := limited[name]; ok && wanted.Cmp(limit) > 0 {
			return true
		}
	}
	return false
}

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

// anyGoing says whether a pod of the namespace is being deleted, which makes room in its quotas.
func anyGoing(ctx context.Context, client kubernetes.Interface, namespace string) (bool, error) {
	pods, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return false, err
	}
	for _, pod := range pods.Items {
		if pod.DeletionTimestamp != nil {
			return true, nil
		}
	}
	return false, nil
}
