package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// silentGrace is how long a controller may take to create pods before a dry run checks whether it can.
	silentGrace = 2 * time.Second
	// fullQuotaGrace is how long a rejection by a quota must last if the existing pods fill the quota. A controller may be
	// about to delete one of them.
	fullQuotaGrace = 3 * time.Second
	// rejectionGrace is how long any other rejection must last that may go away.
	rejectionGrace = 10 * time.Second
)

var (
	// dryRunForbidden matches the answer to a user who may not create pods.
	dryRunForbidden = regexp.MustCompile(`cannot create resource "pods"`)
	// rejectionByPolicy matches rejections that depend on the pod alone: by LimitRanges, by quotas that require fields, by
	// Pod Security and by admission policies.
	rejectionByPolicy = regexp.MustCompile(`(?:maximum|minimum) \S+ usage per|max limit to request ratio per|` +
		`must specify |violates PodSecurity|ValidatingAdmissionPolicy '.*denied request`)
)

// missingPods returns the problem of a set with too few pods.
func (s podSet) missingPods() problem {
	p := problem{id: string(s.owner.GetUID()) + " pods", grace: silentGrace, confirm: s.confirmRejection}
	if s.rejection != "" {
		p.text = fmt.Sprintf("%s: %s", s.name, oneLine(s.rejection))
		p.cause = p.text
		p.grace = 0
	}
	return p
}

// confirmRejection asks the API server whether it accepts a pod of the set now. It returns why not, if it will not
// accept one later either.
func (s podSet) confirmRejection(ctx context.Context, client kubernetes.Interface, lasted time.Duration) error {
	err := s.dryRun(ctx, client)
	rejection := ""
	switch {
	case err == nil:
		return nil
	case apierrors.IsForbidden(err) && dryRunForbidden.MatchString(err.Error()),
		apierrors.IsBadRequest(err): // a webhook does not support dry runs
		rejection = s.rejection
	case errors.As(err, new(apierrors.APIStatus)):
		rejection = err.Error()
	}
	if rejection == "" {
		return nil
	}
	cause := fmt.Errorf("%s cannot create its pods: %s", s.name, oneLine(rejection))
	quota := parseQuotaRejection(ctx, client, s.owner.GetNamespace(), rejection)
	if apierrors.IsInvalid(err) || rejectionByPolicy.MatchString(rejection) || quota.isFull(nil) {
		return cause
	}
	if lasted < fullQuotaGrace {
		return nil
	}
	existing, err := client.CoreV1().Pods(s.owner.GetNamespace()).List(ctx, metav1.ListOptions{})
	if err != nil || slices.ContainsFunc(existing.Items, isBeingDeleted) { // a deleted pod frees quota
		return nil
	}
	if lasted < rejectionGrace && !quota.isFull(existing.Items) {
		return nil
	}
	return cause
}

// dryRun creates a pod of the set as a dry run.
func (s podSet) dryRun(ctx context.Context, client kubernetes.Interface) error {
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: s.owner.GetName() + "-",
			Labels:       maps.Clone(s.template.Labels),
			Annotations:  maps.Clone(s.template.Annotations),
		},
		Spec: *s.template.Spec.DeepCopy(),
	}
	options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	_, err := client.CoreV1().Pods(s.owner.GetNamespace()).Create(ctx, pod, options)
	return err
}

func isBeingDeleted(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil }
