package rollout

import (
	"errors"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

func (o objects) job(name string) (*target, error) {
	job, absent, err := find(o, o.jobs, jobKind, name)
	if absent != nil || err != nil {
		return absent, err
	}
	pods, err := o.podsOf(job)
	if err != nil {
		return nil, err
	}
	t := &target{name: "job/" + name, object: job, pending: jobPending(job)}
	for _, condition := range job.Status.Conditions {
		if condition.Type == batchv1.JobFailed && condition.Status == corev1.ConditionTrue {
			t.failed = fmt.Errorf("it failed: %s: %s", condition.Reason, condition.Message)
		}
	}
	set := podSet{name: t.name, owner: job, newest: true, pods: pods, template: &job.Spec.Template}
	if t.failed == nil && len(pods) == 0 && !isSuspended(job) {
		set.missing = 1
	}
	t.sets = []podSet{set}
	return t, nil
}

// jobPending returns why the Job is not complete.
func jobPending(job *batchv1.Job) error {
	complete := slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
		return c.Type == batchv1.JobComplete && c.Status == corev1.ConditionTrue
	})
	wanted := int32(1)
	if job.Spec.Completions != nil {
		wanted = *job.Spec.Completions
	}
	switch {
	case job.DeletionTimestamp != nil:
		return errBeingDeleted
	case complete:
		return nil
	case isSuspended(job):
		return errors.New("it is suspended")
	}
	return fmt.Errorf("%d of %d pods have succeeded, %d failed", job.Status.Succeeded, wanted, job.Status.Failed)
}

func isSuspended(job *batchv1.Job) bool { return job.Spec.Suspend != nil && *job.Spec.Suspend }
