package rule

import (
	"fmt"
	"maps"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/budget"
)

func init() {
	register(&Rule{
		ID:    "pod-above-node",
		Title: "Every pod fits on an empty node",
		Why: "A pod that requests more than any node has stays Pending forever. resources.nodes.allocatable in the " +
			"configuration sets the size of a node. Without it, this rule reports nothing.",
		Bad: `# the nodes have cpu: 4
resources:
  requests: {cpu: 6}`,
		Good: `# the nodes have cpu: 4
resources:
  requests: {cpu: 3}`,
		Severity: Error,
		Check:    checkPodAboveNode,
	})
}

func checkPodAboveNode(p *Pass) {
	allocatable := p.Policy.Resources.Nodes.Allocatable
	if len(allocatable) == 0 {
		return
	}
	release := releaseBudget(p)
	for i := range release.Workloads {
		pod := &release.Workloads[i].Pod
		for _, name := range slices.Sorted(maps.Keys(allocatable)) {
			has := allocatable[name]
			needs := pod.Usage(name)
			if needs.Cmp(has.Quantity) <= 0 {
				continue
			}
			p.reportPod(pod.Object, pod.Source("requests", name),
				fmt.Sprintf("requests %s %s%s, but a node has only %s", &needs, name, containerCount(pod), &has),
				fmt.Sprintf("Lower the %s request, or use larger nodes and set resources.nodes.allocatable to their size.", name))
		}
	}
}

// containerCount explains the request of a pod that has several containers.
func containerCount(pod *budget.Pod) string {
	if len(pod.Containers) < 2 {
		return ""
	}
	for _, c := range pod.Containers {
		if c.Role == chart.Init {
			return fmt.Sprintf(" for its %d containers, of which init containers run first", len(pod.Containers))
		}
	}
	return fmt.Sprintf(" for its %d containers", len(pod.Containers))
}
