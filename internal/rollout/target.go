package rollout

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// target is the workload of a condition, as last seen.
type target struct {
	name      string        // with its kind, such as deployment/app
	object    metav1.Object // nil if it does not exist
	pending   error         // why it is not ready; nil if it is
	failed    error         // why it can never be ready; nil if it can
	tolerated int           // how many of its pods may have problems without ending the wait
	problems  []problem     // of the workload itself
	sets      []podSet      // newest first
}

// podSet is the pods of one template and their owner: a ReplicaSet, or the workload itself if its kind has none.
type podSet struct {
	name      string
	owner     metav1.Object
	newest    bool                    // of the newest template, by a controller that has observed it
	missing   int                     // how many more pods it should have by now
	template  *corev1.PodTemplateSpec // what the missing pods would be created from
	rejection string                  // the controller's words about pods that it could not create; "" if there are none
	pods      []*corev1.Pod           // sorted by name
}

// verdict returns nil if the workload is ready, a permanent error if it can never be, and otherwise what is missing.
func (t *target) verdict() error {
	switch {
	case t.pending == nil:
		return nil
	case t.failed != nil:
		return Permanent(pendingError{t.failed, t.allProblems()})
	default:
		return pendingError{t.pending, t.allProblems()}
	}
}

// allProblems returns the problems of the newest pods, then those of the workload. Within the pods, the problem that
// ends the wait first comes first. If no more pods are affected than tolerated, none of their problems ends the wait.
func (t *target) allProblems() []problem {
	var all []problem
	affected := 0 // pods that do not exist or will not become ready
	for _, set := range t.sets {
		if !set.newest {
			continue
		}
		for _, pod := range set.pods {
			found := podProblems(pod)
			if slices.ContainsFunc(found, func(p problem) bool { return p.grace != ignored }) {
				affected++
			}
			all = append(all, found...)
		}
		if set.missing > 0 {
			affected += set.missing
			all = append(all, set.missingPods())
		}
	}
	if affected <= t.tolerated {
		for i := range all {
			all[i].grace = ignored
		}
	}
	slices.SortStableFunc(all, func(a, b problem) int {
		return int(min(a.grace, time.Hour) - min(b.grace, time.Hour))
	})
	return append(all, t.problems...)
}

// isActive reports whether pod counts for its controller: it has not ended and is not being deleted.
func isActive(pod *corev1.Pod) bool {
	ended := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
	return pod.DeletionTimestamp == nil && !ended
}

func count(pods []*corev1.Pod, matches func(*corev1.Pod) bool) int {
	n := 0
	for _, pod := range pods {
		if matches(pod) {
			n++
		}
	}
	return n
}

// splitByLabel splits the pods of a workload without ReplicaSets into those of the newest template, which have the
// value newest for label, and all others.
func splitByLabel(set podSet, label, newest string) []podSet {
	older := podSet{name: set.name, owner: set.owner}
	pods := set.pods
	set.pods = nil
	for _, pod := range pods {
		if newest != "" && pod.Labels[label] == newest {
			set.pods = append(set.pods, pod)
		} else {
			older.pods = append(older.pods, pod)
		}
	}
	return []podSet{set, older}
}
