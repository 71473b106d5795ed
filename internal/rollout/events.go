package rollout

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/client-go/kubernetes"
)

const maxEvents = 20

// eventLine is all events with the same text.
type eventLine struct {
	text  string
	last  time.Time
	count int32
}

// events returns the last events of the workload and of everything that belongs to it, newest last. Equal events are
// one line. It returns "" if there are none.
func events(ctx context.Context, client kubernetes.Interface, namespace string, t *target) string {
	list, err := client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Sprintf("Events: %v\n", err)
	}
	uids := t.uids()
	byText := map[string]*eventLine{}
	for _, event := range list.Items {
		object := event.InvolvedObject
		if !uids[object.UID] {
			continue
		}
		text := fmt.Sprintf("%s/%s %s %s: %s",
			strings.ToLower(object.Kind), object.Name, event.Type, event.Reason, oneLine(event.Message))
		line := byText[text]
		if line == nil {
			line = &eventLine{text: text}
			byText[text] = line
		}
		last, count := lastSeen(event)
		line.count += count
		if last.After(line.last) {
			line.last = last
		}
	}
	if len(byText) == 0 {
		return ""
	}
	lines := slices.SortedFunc(maps.Values(byText), func(a, b *eventLine) int {
		if c := a.last.Compare(b.last); c != 0 {
			return c
		}
		return strings.Compare(a.text, b.text)
	})
	return formatEvents(lines[max(0, len(lines)-maxEvents):])
}

// uids returns the UIDs of the workload, its ReplicaSets and its pods.
func (t *target) uids() map[types.UID]bool {
	uids := map[types.UID]bool{}
	if t.object != nil {
		uids[t.object.GetUID()] = true
	}
	for _, set := range t.sets {
		uids[set.owner.GetUID()] = true
		for _, pod := range set.pods {
			uids[pod.UID] = true
		}
	}
	delete(uids, "")
	return uids
}

func formatEvents(lines []*eventLine) string {
	var text outline
	text.add(0, "Events, newest last:")
	for _, line := range lines {
		count := ""
		if line.count > 1 {
			count = fmt.Sprintf(" (%d times)", line.count)
		}
		text.add(1, "%s ago %s%s", duration.HumanDuration(time.Since(line.last)), line.text, count)
	}
	return text.String()
}

// lastSeen returns when an event happened last, and how often it happened.
func lastSeen(event corev1.Event) (time.Time, int32) {
	count := max(1, event.Count)
	last := event.LastTimestamp.Time
	if event.Series != nil {
		count, last = event.Series.Count, event.Series.LastObservedTime.Time
	}
	if last.IsZero() {
		last = event.EventTime.Time
	}
	return last, count
}
