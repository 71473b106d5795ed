package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	deploymentutil "k8s.io/kubectl/pkg/util/deployment"
)

// The kinds of workloads, by the names that kubectl has for them.
const (
	deploymentKind  = "deployment"
	statefulSetKind = "statefulset"
	daemonSetKind   = "daemonset"
	jobKind         = "job"
	podKind         = "pod"
)

// kinds says of each kind what a workload of it is to do, and how it is looked at.
var kinds = map[string]struct {
	goal string
	look func(Namespace, string) (*workload, error)
}{
	deploymentKind:  {"be rolled out", Namespace.deployment},
	statefulSetKind: {"be rolled out", Namespace.statefulSet},
	daemonSetKind:   {"be rolled out", Namespace.daemonSet},
	jobKind:         {"complete", Namespace.job},
	podKind:         {"be ready", Namespace.pod},
}

// Ready wants a workload to exist and to have done its part. The kind is deployment, statefulset, daemonset, job or pod:
//
//   - the first three want their controller to have seen the newest spec, and as many pods as it asks for to be of that spec and available, with none
//     left of an older one. A DaemonSet wants at least one
//   - a Job wants to be complete
//   - a pod wants to be ready, or to have succeeded
//
// Of another kind, it never holds.
func Ready(kind, name string) Condition {
	k, ok := kinds[kind]
	if !ok {
		return Condition{
			Want: fmt.Sprintf("%s/%s", kind, name),
			Check: func(Namespace) error {
				known := slices.Sorted(maps.Keys(kinds))
				return Permanent(fmt.Errorf("%q is no kind that can be waited for: choose one of %s", kind, strings.Join(known, ", ")))
			},
		}
	}
	return about(kind, name, k.goal, (*workload).verdict)
}

// HelmReady is Ready, except that it does not give up as long as no more pods are hindered than the update strategy lets be unavailable: that
// many may be missing for `helm --wait`, which is who decides then. The kind is one of Ready's.
func HelmReady(kind, name string) Condition {
	return about(kind, name, kinds[kind].goal, func(w *workload) error {
		w.spare = spare(w.object)
		return w.verdict()
	})
}

// spare is how many pods may be missing when Helm takes a workload for ready.
func spare(object metav1.Object) int {
	switch made := object.(type) {
	case *appsv1.Deployment:
		if rolling := made.Spec.Strategy.RollingUpdate; rolling != nil {
			_, unavailable, err := deploymentutil.ResolveFenceposts(rolling.MaxSurge, rolling.MaxUnavailable, *made.Spec.Replicas)
			if err == nil {
				return int(unavailable)
			}
		}
	case *appsv1.DaemonSet:
		if rolling := made.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
			wanted := int(made.Status.DesiredNumberScheduled)
			if unavailable, err := intstr.GetScaledValueFromIntOrPercent(rolling.MaxUnavailable, wanted, true); err == nil {
				return unavailable
			}
		}
	}
	return 0
}

// HookSucceeded wants a Job to be complete, or a pod to have succeeded; it never holds once that has failed. One that is not there is done, too:
// who took it away waits for it no more. On these terms Helm waits for hooks. The kind is job or pod.
func HookSucceeded(kind, name string) Condition {
	return about(kind, name, "end well", func(w *workload) error {
		if w.object == nil {
			return nil
		}
		if pod, ok := w.object.(*corev1.Pod); ok {
			w.missing, w.over = notSucceeded(pod)
		}
		return w.verdict()
	})
}

// about is the condition that a workload is as verdict says.
func about(kind, name, goal string, verdict func(*workload) error) Condition {
	return Condition{
		Want: fmt.Sprintf("%s/%s to %s", kind, name, goal),
		Check: func(n Namespace) error {
			w, err := kinds[kind].look(n, name)
			if err != nil {
				return err
			}
			return verdict(w)
		},
		kind: kind, name: name,
	}
}

// workload is what the kinds have in common.
type workload struct {
	name     string        // with its kind, as in deployment/app
	object   metav1.Object // nil when there is none
	missing  error         // what it lacks until it is finished; nil when it is
	over     error         // why it never will be; nil when it may
	spare    int           // how many of its pods may be missing
	troubles []trouble     // its own
	sets     []set         // what makes its pods: the newest first, where there is one
}

// set is pods that are made from one template, and the ReplicaSet that makes them, or the workload itself.
type set struct {
	name     string
	object   metav1.Object
	newest   bool                    // made from the workload's newest template, by a controller that has seen it
	lacks    int                     // how many more pods it should have by now
	template *corev1.PodTemplateSpec // what they would be made from
	refusal  string                  // what its controller says about pods that it could not make
	pods     []*corev1.Pod           // all, by name
}

// verdict is what Condition.Check returns.
func (w *workload) verdict() error {
	switch {
	case w.missing == nil:
		return nil
	case w.over != nil:
		return Permanent(unfinished{w.over, w.allTroubles()})
	default:
		return unfinished{w.missing, w.allTroubles()}
	}
}

// allTroubles are those of the newest pods, of those who make them, and of the workload, the nearest to the cause first.
func (w *workload) allTroubles() []trouble {
	var all []trouble
	hindered := 0 // pods that are not there, or will not become ready
	for _, s := range w.sets {
		if !s.newest {
			continue
		}
		for _, pod := range s.pods {
			its := troubles(pod)
			if slices.ContainsFunc(its, func(t trouble) bool { return t.patience != mayPass }) {
				hindered++
			}
			all = append(all, its...)
		}
		if s.lacks > 0 {
			hindered += s.lacks
			all = append(all, s.notMade())
		}
	}
	if hindered <= w.spare {
		for i := range all {
			all[i].patience = mayPass
		}
	}
	slices.SortStableFunc(all, func(a, b trouble) int { // the certain ones first
		return int(min(a.patience, time.Hour) - min(b.patience, time.Hour))
	})
	return append(all, w.troubles...)
}

// lister is what a namespace's listers of all kinds have in common.
type lister[T metav1.Object] interface {
	List(labels.Selector) ([]T, error)
	Get(name string) (T, error)
}

// find returns the object of this name. Where there is none, it returns the workload that says so.
func find[T metav1.Object](n Namespace, from lister[T], kind, name string) (found T, absent *workload, err error) {
	found, err = from.Get(name)
	if apierrors.IsNotFound(err) {
		others, err := from.List(labels.Everything())
		return found, n.absent(kind, name, names(others)), err
	}
	return found, nil, err
}

// absent is a workload that is not there. It says what there is of its kind instead.
func (n Namespace) absent(kind, name string, others []string) *workload {
	w := &workload{name: kind + "/" + name, troubles: []trouble{n.gone()}}
	if len(others) == 0 {
		w.missing = fmt.Errorf("there is no %s, nor any other of its kind", w.name)
		return w
	}
	slices.Sort(others)
	w.missing = fmt.Errorf("there is no %s, only %s", w.name, strings.Join(others, ", "))
	return w
}

// names lists the names of objects.
func names[T metav1.Object](objects []T) []string {
	all := make([]string, len(objects))
	for i, object := range objects {
		all[i] = object.GetName()
	}
	return all
}

// podsOf returns the pods that owner made, by name.
func (n Namespace) podsOf(owner metav1.Object) ([]*corev1.Pod, error) {
	all, err := n.Pods.List(labels.Everything())
	if err != nil {
		return nil, err
	}
	var pods []*corev1.Pod
	for _, pod := range all {
		if metav1.IsControlledBy(pod, owner) {
			pods = append(pods, pod)
		}
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods, nil
}

// stays says whether pod counts for who made it: it neither ended nor is about to.
func stays(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded
}

func count(pods []*corev1.Pod, which func(*corev1.Pod) bool) int {
	n := 0
	for _, pod := range pods {
		if which(pod) {
			n++
		}
	}
	return n
}

// byLabel parts the pods of a workload that makes them itself into those of the newest template, by the value that their label has, and all others.
func byLabel(s set, label, newest string) []set {
	older := set{name: s.name, object: s.object}
	pods := s.pods
	s.pods = nil
	for _, pod := range pods {
		if newest != "" && pod.Labels[label] == newest {
			s.pods = append(s.pods, pod)
		} else {
			older.pods = append(older.pods, pod)
		}
	}
	return []set{s, older}
}
