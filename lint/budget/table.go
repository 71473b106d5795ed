package budget

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
)

// noAmount stands for a request or limit that is not set.
const noAmount = "-"

// Write writes the budget as a table: a row for each container with the requests and limits in one pod, then the sums
// over the release in each phase. A + after a sum of limits means that a container has no limit, so the sum is no upper
// bound. For a release without pods it writes a sentence that says so.
func Write(w io.Writer, b Budget) error {
	if len(b.Workloads) == 0 {
		_, err := fmt.Fprintln(w, "The release has no pods.")
		return err
	}
	var out bytes.Buffer
	t := table{Writer: tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0), resources: b.Resources()}
	t.header()
	for i := range b.Workloads {
		t.workload(&b.Workloads[i])
	}
	for _, phase := range b.Phases() {
		t.sum(phase.Name, func(string) Phase { return phase })
	}
	if len(b.LargestHook("pods").Parts) > 0 {
		t.sum("largest hook", b.LargestHook)
	}
	t.sum("peak", b.Peak)
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(out.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

type table struct {
	*tabwriter.Writer
	resources []corev1.ResourceName
}

// row writes the first cells of a row, then a cell for the request of each resource and one for each limit.
func (t table) row(first []string, cell func(bound string, name corev1.ResourceName) string) {
	cells := first
	for _, bound := range []string{"requests", "limits"} {
		for _, name := range t.resources {
			cells = append(cells, cell(bound, name))
		}
	}
	fmt.Fprintln(t, strings.Join(cells, "\t"))
}

func (t table) header() {
	titles := []string{"WORKLOAD", "CONTAINER", "ROLE", "PODS", "MAX", "SURGE"}
	t.row(titles, func(bound string, name corev1.ResourceName) string {
		return strings.ToUpper(bound + "." + string(name))
	})
}

// workload writes a row for each container. It adds a row for the whole pod unless that equals the only container.
func (t table) workload(w *Workload) {
	object := w.Object.String()
	pods := []string{fmt.Sprint(w.Pods.Initial.Replicas), fmt.Sprint(w.Pods.Peak.Replicas), fmt.Sprint(w.Pods.Peak.Surge)}
	row := func(container, role string, requests, limits corev1.ResourceList) {
		t.row(append([]string{object, container, role}, pods...), func(bound string, name corev1.ResourceName) string {
			return amount(boundOf(bound, requests, limits), name)
		})
		object, pods = "", []string{"", "", ""} // on the first row only
	}
	for i := range w.Containers {
		c := &w.Containers[i]
		row(c.Name, w.Object.ReleaseRole(c.Container), c.Requests, c.Limits)
	}
	if len(w.Containers) != 1 || w.Spec.Get("resources").Exists() || w.Spec.Get("overhead").Exists() {
		row("", "whole pod", w.Requests, w.Limits)
	}
}

func amount(list corev1.ResourceList, name corev1.ResourceName) string {
	q, set := list[name]
	if !set {
		return noAmount
	}
	return q.String()
}

// sum writes a sum over the release. The phase may differ between columns.
func (t table) sum(name string, phaseOf func(quota string) Phase) {
	pods := phaseOf("pods").Usage("pods")
	t.row([]string{name, "", "", pods.String(), "", ""}, func(bound string, name corev1.ResourceName) string {
		quota := bound + "." + string(name)
		phase := phaseOf(quota)
		usage := phase.Usage(quota)
		if bound == "limits" && isUnboundedWithoutLimit(name) && phase.Unlimited(name) {
			return usage.String() + "+"
		}
		return usage.String()
	})
}

// isUnboundedWithoutLimit reports whether a container without a limit may use all that the node has. Of other
// resources, such as GPUs, it gets none.
func isUnboundedWithoutLimit(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage
}
