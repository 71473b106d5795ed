package rule

import "github.com/traderadmin/charts/lint/budget"

func init() {
	register(&Rule{
		ID:    "limitrange-violated",
		Title: "Every pod satisfies the LimitRanges of the release",
		Why: "The API server rejects a pod that violates a LimitRange of its namespace: the workload is created, but gets " +
			"no pods. Requests and limits that a LimitRange sets by default are checked too.",
		Bad: `# LimitRange: {type: Container, max: {memory: 1Gi}}
resources:
  limits: {memory: 2Gi}`,
		Good: `# LimitRange: {type: Container, max: {memory: 1Gi}}
resources:
  limits: {memory: 1Gi}`,
		Severity: Error,
		Check:    checkLimitRangeViolated,
	})
}

func checkLimitRangeViolated(p *Pass) {
	ranges := budget.ReadLimitRanges(p.Rendered.Objects)
	if len(ranges) == 0 {
		return
	}
	const fix = "Set requests and limits that the LimitRange allows, or change the LimitRange."
	release := releaseBudget(p)
	for i := range release.Workloads {
		pod := &release.Workloads[i].Pod
		for _, v := range ranges.Violations(pod) {
			if v.Container != nil {
				p.reportContainer(pod.Object, v.Container.Container, v.Node, v.Problem, fix)
			} else {
				p.reportPod(pod.Object, v.Node, v.Problem, fix)
			}
		}
	}
}
