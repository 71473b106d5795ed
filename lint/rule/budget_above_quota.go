package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/budget"
	"github.com/traderadmin/charts/lint/policy"
)

func init() {
	register(&Rule{
		ID:    "budget-above-quota",
		Title: "The release as a whole stays within its quota",
		Why: "The API server refuses the pods that would exceed a ResourceQuota: a release installs, then stops short while it scales " +
			"up or rolls out. Counted are all replicas, those an autoscaler may add, those a rollout adds, and the largest hook, " +
			"against resources.quota of the policy and the ResourceQuotas of the chart.",
		Bad: `# the quota has requests.cpu: 4
replicas: 6
# each pod
resources:
  requests: {cpu: 1}`,
		Good: `# the quota has requests.cpu: 4
replicas: 3
# each pod
resources:
  requests: {cpu: 1}`,
		Severity: Error,
		Check:    checkBudgetAboveQuota,
	})
}

func checkBudgetAboveQuota(p *Pass) {
	if quota := p.Policy.Resources.Quota; len(quota) > 0 {
		release := newQuotaUse(p, releaseBudget(p))
		for _, name := range slices.Sorted(maps.Keys(quota)) {
			release.check(name, quota[name].Quantity, chart.Node{}, "resources.quota of the policy")
		}
	}
	checkResourceQuotas(p)
}

// checkResourceQuotas holds what shares the namespace of a ResourceQuota against it.
func checkResourceQuotas(p *Pass) {
	uses := map[string]*quotaUse{} // by namespace
	for _, quota := range p.Rendered.Objects {
		if quota.APIVersion != "v1" || quota.Kind != "ResourceQuota" || scopedQuota(quota) {
			continue
		}
		namespace := quota.Namespace()
		if uses[namespace] == nil {
			uses[namespace] = newQuotaUse(p, budget.Of(within(p.Rendered.Objects, namespace), p.Policy.Resources))
		}
		for name, value := range quota.Get("spec", "hard").Entries() {
			if hard, ok := value.Quantity(); ok && policy.CountsQuota(name) {
				uses[namespace].check(name, hard, value, quota.String())
			}
		}
	}
}

// within are the objects of a namespace.
func within(objects []*chart.Object, namespace string) []*chart.Object {
	var found []*chart.Object
	for _, o := range objects {
		if o.Namespace() == namespace {
			found = append(found, o)
		}
	}
	return found
}

// scopedQuota says whether a quota is for some pods only: which ones, a priority class or the cluster decides.
func scopedQuota(quota *chart.Object) bool {
	return quota.Get("spec", "scopes").Exists() || quota.Get("spec", "scopeSelector").Exists()
}

// quotaUse is what some objects use of quotas, each worked out once.
type quotaUse struct {
	pass    *Pass
	release budget.Budget
	peaks   map[string]peakUse // by the name of the quota
}

type peakUse struct {
	phase   budget.Phase
	used    resource.Quantity
	largest []budget.Part
}

func newQuotaUse(p *Pass, release budget.Budget) *quotaUse {
	return &quotaUse{pass: p, release: release, peaks: map[string]peakUse{}}
}

func (u *quotaUse) peak(name string) peakUse {
	peak, known := u.peaks[name]
	if !known {
		phase := u.release.Peak(name)
		peak = peakUse{phase: phase, used: phase.Usage(name), largest: phase.Largest(name)}
		u.peaks[name] = peak
	}
	return peak
}

// check reports a quota that is exceeded. The place is that of the quota in the chart, if it has one there; else that of the
// workload with the largest part.
func (u *quotaUse) check(name string, hard resource.Quantity, at chart.Node, whose string) {
	if strings.HasPrefix(name, "count/") && !countsPods(name) {
		u.checkCount(name, hard, at, whose)
		return
	}
	peak := u.peak(name)
	if peak.used.Cmp(hard) <= 0 {
		return
	}
	largest := peak.largest[0].Workload
	used := fmt.Sprintf("%s of %s", &peak.used, name)
	if countsPods(name) {
		used = peak.used.String() + " pods"
	}
	switch {
	case at.Exists():
	case countsPods(name):
		at = largest.Object.Closest("spec", "replicas")
	default:
		at = largest.Source(budget.SplitQuota(name))
	}
	u.pass.Report(Finding{
		Node:    at,
		Message: fmt.Sprintf("the release uses %s when %s, above the %s of %s: %s", used, peak.phase.Name, &hard, whose, shares(peak.largest, name)),
		Fix:     "Lower the requests, limits, replicas or surge of the largest part, or raise the quota.",
		Object:  largest.Object.String(),
	})
}

// checkCount reports a quota of objects that is exceeded.
func (u *quotaUse) checkCount(name string, hard resource.Quantity, at chart.Node, whose string) {
	objects := u.release.Objects[name]
	if hard.CmpInt64(int64(len(objects))) >= 0 {
		return
	}
	last := objects[len(objects)-1]
	if !at.Exists() {
		at = last.Node
	}
	u.pass.Report(Finding{
		Node:    at,
		Message: fmt.Sprintf("the release has %d for %s, above the %s of %s", len(objects), name, &hard, whose),
		Fix:     "Make fewer of these objects, or raise the quota.",
		Object:  last.String(),
	})
}

func countsPods(quota string) bool { return quota == "pods" || quota == "count/pods" }

// shares says who uses how much, the largest first.
func shares(parts []budget.Part, quota string) string {
	const most = 3
	var texts []string
	for _, part := range parts[:min(most, len(parts))] {
		text := fmt.Sprintf("%s %d", part.Workload.Object, part.Pods)
		if each := part.Workload.Usage(quota); !countsPods(quota) {
			text += " × " + each.String()
		}
		texts = append(texts, text)
	}
	if more := len(parts) - most; more > 0 {
		texts = append(texts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(texts, ", ")
}
