package budget

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
)

// noAmount stands in the table where nothing is asked for.
const noAmount = "-"

// Write writes the budget as a table: a row for each container and what it asks for in one pod, then the sums for the whole
// release at each time of its life. Requests come first, then limits; a sum of limits with a + behind it is no bound, for
// some container has none. Nothing is written for a release without pods but that it has none.
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

// halves are those of the table.
var halves = []string{"requests", "limits"}

func (t table) row(first, container, role, pods, most, surge string, amount func(bound string, name corev1.ResourceName) string) {
	cells := []string{first, container, role, pods, most, surge}
	for _, bound := range halves {
		for _, name := range t.resources {
			cells = append(cells, amount(bound, name))
		}
	}
	fmt.Fprintln(t, strings.Join(cells, "\t"))
}

func (t table) header() {
	t.row("WORKLOAD", "CONTAINER", "ROLE", "PODS", "MOST", "SURGE", func(bound string, name corev1.ResourceName) string {
		return strings.ToUpper(bound + "." + string(name))
	})
}

// workload writes the containers, and the pod where it is not simply its only container.
func (t table) workload(w *Workload) {
	pods, most, surge := fmt.Sprint(w.Pods.Initial.Replicas), fmt.Sprint(w.Pods.Peak.Replicas), fmt.Sprint(w.Pods.Peak.Surge)
	first := w.Object.String()
	for i := range w.Containers {
		c := &w.Containers[i]
		t.row(first, c.Name, w.Object.ReleaseRole(c.Container), pods, most, surge, func(bound string, name corev1.ResourceName) string {
			return amount(boundOf(bound, c.Requests, c.Limits), name)
		})
		first, pods, most, surge = "", "", "", ""
	}
	if len(w.Containers) != 1 || w.Spec.Get("resources").Exists() || w.Spec.Get("overhead").Exists() {
		t.row(first, "", "whole pod", pods, most, surge, func(bound string, name corev1.ResourceName) string {
			return amount(boundOf(bound, w.Requests, w.Limits), name)
		})
	}
}

func boundOf(bound string, requests, limits corev1.ResourceList) corev1.ResourceList {
	if bound == "limits" {
		return limits
	}
	return requests
}

func amount(list corev1.ResourceList, name corev1.ResourceName) string {
	q, set := list[name]
	if !set {
		return noAmount
	}
	return q.String()
}

// sum writes a sum over the release. at says which pods there are; that may differ from column to column.
func (t table) sum(name string, at func(quota string) Phase) {
	pods := at("pods").Uses("pods")
	t.row(name, "", "", pods.String(), "", "", func(bound string, name corev1.ResourceName) string {
		quota := bound + "." + string(name)
		phase := at(quota)
		used := phase.Uses(quota)
		if bound == "limits" && bounded(name) && phase.Unlimited(name) {
			return used.String() + "+"
		}
		return used.String()
	})
}

// bounded says whether a container without a limit of the resource takes what there is. Of other resources it gets nothing.
func bounded(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory || name == corev1.ResourceEphemeralStorage
}
