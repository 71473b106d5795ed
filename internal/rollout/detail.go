package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/kubernetes"
)

const (
	gatheringTakes = 5 * time.Second // at most
	eventsShown    = 20
	logLinesShown  = 20
	logBytesShown  = 8 << 10
)

// detail is what Error.Detail returns. It outlives the wait's timeout, but not its context: nobody reads what an interrupted run has to say.
func detail(ctx context.Context, client kubernetes.Interface, seen Namespace, condition Condition) string {
	k, ok := kinds[condition.kind]
	if !ok || ctx.Err() != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, gatheringTakes)
	defer cancel()
	w, err := k.look(seen, condition.name)
	if err != nil {
		return ""
	}
	parts := []string{w.tree(time.Now()), events(ctx, client, seen.Name, w), logs(ctx, client, w)}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), "\n")
}

// tree is the workload and what belongs to it, a line each, below its owner.
func (w *workload) tree(now time.Time) string {
	var lines []string
	add := func(depth int, what string, object metav1.Object, says string) {
		age := ""
		if object != nil {
			age = " (" + duration.HumanDuration(now.Sub(object.GetCreationTimestamp().Time)) + ")"
		}
		lines = append(lines, strings.Repeat("  ", depth)+what+age+": "+says)
	}
	state := "as wanted"
	switch {
	case w.over != nil:
		state = w.over.Error()
	case w.missing != nil:
		state = w.missing.Error()
	}
	add(0, w.name, w.object, state)
	for _, t := range w.troubles {
		if t.says != "" {
			lines = append(lines, "  "+t.says)
		}
	}
	for _, s := range w.sets {
		depth := 1
		if made, ok := s.object.(*appsv1.ReplicaSet); ok {
			if !s.newest && len(s.pods) == 0 {
				continue // a former one
			}
			add(1, s.name, made, replicaSetState(made, s))
			depth = 2
		}
		if s.refusal != "" {
			lines = append(lines, strings.Repeat("  ", depth)+s.refusal)
		}
		for _, pod := range s.pods {
			if s.object != metav1.Object(pod) {
				add(depth, "pod/"+pod.Name, pod, podState(pod))
			}
			for _, line := range containers(pod) {
				lines = append(lines, strings.Repeat("  ", depth+1)+line)
			}
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func replicaSetState(made *appsv1.ReplicaSet, s set) string {
	which := "an older one"
	if s.newest {
		which = "the newest"
	}
	wanted := int32(1)
	if made.Spec.Replicas != nil {
		wanted = *made.Spec.Replicas
	}
	return fmt.Sprintf("revision %s, %s; %d of %d pods are there, %d ready",
		made.Annotations[revision], which, len(s.pods), wanted, count(s.pods, isReady))
}

func podState(pod *corev1.Pod) string {
	state := string(pod.Status.Phase)
	switch {
	case pod.DeletionTimestamp != nil:
		state += ", being deleted"
	case isReady(pod):
		state += ", ready"
	}
	if pod.Spec.NodeName != "" {
		state += ", on " + pod.Spec.NodeName
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			state += with(condition.Reason, condition.Message)
		}
	}
	return state + with(pod.Status.Reason, pod.Status.Message)
}

// containers says of each container of pod how it is.
func containers(pod *corev1.Pod) []string {
	var lines []string
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		state := "unknown"
		switch s := status.State; {
		case s.Waiting != nil && s.Waiting.Reason == "CrashLoopBackOff":
			state = s.Waiting.Reason + ": " + crashLoop(status)
		case s.Waiting != nil:
			state = "waiting" + with(s.Waiting.Reason, s.Waiting.Message)
		case s.Terminated != nil:
			state = howEnded(s.Terminated)
		case s.Running != nil && status.Ready:
			state = "running, ready"
		case s.Running != nil:
			state = "running, not ready"
		}
		lines = append(lines, fmt.Sprintf("container %s, image %s: %s", status.Name, status.Image, oneLine(state)))
	}
	return lines
}

// events are the last ones of the workload and what belongs to it, the newest last, each once.
func events(ctx context.Context, client kubernetes.Interface, namespace string, w *workload) string {
	about := map[types.UID]bool{}
	note := func(object metav1.Object) {
		if object != nil {
			about[object.GetUID()] = true
		}
	}
	note(w.object)
	for _, s := range w.sets {
		note(s.object)
		for _, pod := range s.pods {
			note(pod)
		}
	}
	delete(about, "")
	list, err := client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Sprintf("Events: %v\n", err)
	}
	type told struct {
		text  string
		last  time.Time
		times int32
	}
	byText := map[string]*told{}
	for _, event := range list.Items {
		if !about[event.InvolvedObject.UID] {
			continue
		}
		object := event.InvolvedObject
		text := fmt.Sprintf("%s/%s %s %s: %s", strings.ToLower(object.Kind), object.Name, event.Type, event.Reason, oneLine(event.Message))
		last, times := when(event)
		known, ok := byText[text]
		if !ok {
			byText[text] = &told{text, last, times}
			continue
		}
		known.times += times
		if last.After(known.last) {
			known.last = last
		}
	}
	var all []*told
	for _, t := range byText {
		all = append(all, t)
	}
	if len(all) == 0 {
		return ""
	}
	slices.SortFunc(all, func(a, b *told) int {
		if c := a.last.Compare(b.last); c != 0 {
			return c
		}
		return strings.Compare(a.text, b.text)
	})
	all = all[max(0, len(all)-eventsShown):]
	var lines strings.Builder
	lines.WriteString("Events, the newest last:\n")
	for _, t := range all {
		times := ""
		if t.times > 1 {
			times = fmt.Sprintf(" (%d times)", t.times)
		}
		fmt.Fprintf(&lines, "  %s ago %s%s\n", duration.HumanDuration(time.Since(t.last)), t.text, times)
	}
	return lines.String()
}

// when is when event happened last, and how often it did.
func when(event corev1.Event) (time.Time, int32) {
	times := max(1, event.Count)
	last := event.LastTimestamp.Time
	if event.Series != nil {
		times, last = event.Series.Count, event.Series.LastObservedTime.Time
	}
	if last.IsZero() {
		last = event.EventTime.Time
	}
	return last, times
}

// logs are the last lines of the newest pods' containers that failed; "" where none did, or no container runs.
func logs(ctx context.Context, client kubernetes.Interface, w *workload) string {
	var parts []string
	seen := map[string]bool{} // one container of many equal pods is enough
	for _, s := range w.sets {
		for _, pod := range s.pods {
			if !s.newest || pod.Spec.NodeName == "" {
				continue
			}
			for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
				previous, failed := failing(pod, status)
				if !failed || seen[status.Name] || isSimulated(ctx, client, pod.Spec.NodeName) {
					continue
				}
				seen[status.Name] = true
				parts = append(parts, lastLines(ctx, client, pod, status.Name, previous))
			}
		}
	}
	return strings.Join(parts, "\n")
}

// failing says whether a container has something to say about why it is not as it should be, and whether it said so before its last restart.
func failing(pod *corev1.Pod, status corev1.ContainerStatus) (previous, failed bool) {
	switch s := status.State; {
	case s.Waiting != nil:
		return true, status.LastTerminationState.Terminated != nil
	case s.Terminated != nil:
		return false, s.Terminated.ExitCode != 0
	default:
		return false, s.Running != nil && !status.Ready && isRegular(pod, status.Name)
	}
}

// simulated is the annotation of nodes that KWOK plays: no container runs there.
const simulated = "kwok.x-k8s.io/node"

func isSimulated(ctx context.Context, client kubernetes.Interface, name string) bool {
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return false
	}
	_, ok := node.Annotations[simulated]
	return ok
}

func lastLines(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, container string, previous bool) string {
	lines, bytes := int64(logLinesShown), int64(logBytesShown)
	title := fmt.Sprintf("Last log lines of pod/%s, container %s", pod.Name, container)
	if previous {
		title += ", before its last restart"
	}
	log, err := client.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name, &corev1.PodLogOptions{
		Container: container, Previous: previous, TailLines: &lines, LimitBytes: &bytes,
	}).DoRaw(ctx)
	text := strings.TrimRight(string(log), "\n")
	switch {
	case err != nil:
		text = err.Error()
	case text == "":
		text = "(none)"
	}
	return fmt.Sprintf("%s:\n  %s\n", title, strings.ReplaceAll(text, "\n", "\n  "))
}
