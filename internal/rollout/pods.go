package rollout

import (
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PodCount wants a workload to be ready, and to have n pods of its newest revision. The kind is one of Ready's.
func PodCount(kind, name string, n int) Condition {
	goal := fmt.Sprintf("%s with %d pods", kinds[kind].goal, n)
	return about(kind, name, goal, readyWith(func(w *workload, pods []*corev1.Pod) error {
		if len(pods) == n {
			return nil
		}
		err := fmt.Errorf("it is ready with %d pods", len(pods))
		if len(pods) == wanted(w.object, len(pods)) {
			return Permanent(err)
		}
		return err // what is seen of the pods is behind what is seen of the workload
	}))
}

// PodsMatch wants a workload to be ready, and check to find nothing wrong with its pods of the newest revision, of which it wants at least one. The kind is one of Ready's;
// want ends the sentence "waited for deployment/app to …". What check finds wrong ends the wait if Permanent made its error.
func PodsMatch(kind, name, want string, check func([]*corev1.Pod) error) Condition {
	return about(kind, name, want, readyWith(func(w *workload, pods []*corev1.Pod) error {
		if len(pods) == 0 && wanted(w.object, 1) == 0 {
			return Permanent(errors.New("it wants 0 pods, so that there is none to look at"))
		}
		if len(pods) == 0 {
			return errors.New("no pod of it is there")
		}
		return check(pods)
	}))
}

func readyWith(check func(*workload, []*corev1.Pod) error) func(*workload) error {
	return func(w *workload) error {
		if err := w.verdict(); err != nil {
			return err
		}
		var pods []*corev1.Pod
		if len(w.sets) > 0 && w.sets[0].newest {
			pods = w.sets[0].pods
		}
		return check(w, slices.DeleteFunc(slices.Clone(pods), func(pod *corev1.Pod) bool {
			return pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodFailed
		}))
	}
}

// wanted is how many pods a workload asks for; otherwise where it does not say.
func wanted(object metav1.Object, otherwise int) int {
	switch made := object.(type) {
	case *appsv1.Deployment:
		return int(*made.Spec.Replicas)
	case *appsv1.StatefulSet:
		return int(*made.Spec.Replicas)
	case *appsv1.DaemonSet:
		return int(made.Status.DesiredNumberScheduled)
	}
	return otherwise
}
