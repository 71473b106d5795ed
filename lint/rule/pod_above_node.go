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
		Title: "Every pod fits an empty node",
		Why: "A pod that requests more than any node has stays Pending for ever. The policy says how large nodes are: " +
			"resources.nodes.allocatable; without that, nothing is reported.",
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
				fmt.Sprintf("requests %s of %s%s, more than the %s of a node", &needs, name, together(pod), &has),
				fmt.Sprintf("Request less of %s, or give the release larger nodes and say so in resources.nodes.allocatable.", name))
		}
	}
}

// together says how the request of a pod comes about, if that is not plain.
func together(pod *budget.Pod) string {
	if len(pod.Containers) < 2 {
		return ""
	}
	for _, c := range pod.Containers {
		if c.Role == chart.Init {
			return fmt.Sprintf(" for its %d containers, init containers before the others", len(pod.Containers))
		}
	}
	return fmt.Sprintf(" for its %d containers", len(pod.Containers))
}
