package rollout

import (
	"errors"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

func (n Namespace) job(name string) (*workload, error) {
	made, absent, err := find(n, n.Jobs, jobKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	pods, err := n.podsOf(made)
	if err != nil {
		return nil, err
	}
	w := &workload{name: "job/" + name, object: made, missing: jobLacks(made)}
	for _, condition := range made.Status.Conditions {
		if condition.Type == batchv1.JobFailed && condition.Status == corev1.ConditionTrue {
			w.over = fmt.Errorf("it failed: %s: %s", condition.Reason, condition.Message)
		}
	}
	s := set{name: w.name, object: made, newest: true, pods: pods, template: &made.Spec.Template}
	if w.over == nil && len(pods) == 0 && !isSuspended(made) {
		s.lacks = 1
	}
	w.sets = []set{s}
	return w, nil
}

func jobLacks(made *batchv1.Job) error {
	complete := slices.ContainsFunc(made.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue
	})
	wanted := int32(1)
	if made.Spec.Completions != nil {
		wanted = *made.Spec.Completions
	}
	switch {
	case made.DeletionTimestamp != nil:
		return errors.New("it is being deleted")
	case complete:
		return nil
	case isSuspended(made):
		return errors.New("it is suspended")
	}
	return fmt.Errorf("%d of %d pods have succeeded, %d failed", made.Status.Succeeded, wanted, made.Status.Failed)
}

func isSuspended(made *batchv1.Job) bool { return made.Spec.Suspend != nil && *made.Spec.Suspend }
