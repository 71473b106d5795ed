package rule

import "github.com/traderadmin/charts/lint/budget"

func init() {
	register(&Rule{
		ID:    "limitrange-violated",
		Title: "Every pod keeps to the LimitRanges of the release",
		Why: "The API server refuses a pod that breaks a LimitRange of its namespace: the workload is created and never gets one. " +
			"What the LimitRange fills in counts as if it stood there.",
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
	const fix = "Ask for what the LimitRange allows, or change the LimitRange."
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
