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
		Title: "The whole release fits its quota",
		Why: "The API server rejects pods that exceed a ResourceQuota: the release installs, but cannot scale up or roll " +
			"out. The sum covers all replicas, the maximum of each autoscaler, the surge of rollouts and the largest " +
			"hook. It is compared with resources.quota in the configuration and with the ResourceQuotas of the chart.",
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
		release := newQuotaUsage(p, releaseBudget(p))
		for _, name := range slices.Sorted(maps.Keys(quota)) {
			release.check(name, quota[name].Quantity, chart.Node{}, "resources.quota in the configuration")
		}
	}
	checkResourceQuotas(p)
}

// checkResourceQuotas compares each ResourceQuota of the release with the objects in its namespace.
func checkResourceQuotas(p *Pass) {
	uses := map[string]*quotaUsage{} // by namespace
	for _, quota := range p.Rendered.Objects {
		if quota.APIVersion != "v1" || quota.Kind != "ResourceQuota" || isScoped(quota) {
			continue
		}
		namespace := quota.Namespace()
		if uses[namespace] == nil {
			uses[namespace] = newQuotaUsage(p, budget.Of(inNamespace(p.Rendered.Objects, namespace), p.Policy.Resources))
		}
		for name, value := range quota.Get("spec", "hard").Entries() {
			if hard, ok := value.Quantity(); ok && policy.CountsQuota(name) {
				uses[namespace].check(name, hard, value, quota.String())
			}
		}
	}
}

func inNamespace(objects []*chart.Object, namespace string) []*chart.Object {
	var found []*chart.Object
	for _, o := range objects {
		if o.Namespace() == namespace {
			found = append(found, o)
		}
	}
	return found
}

// isScoped reports whether a quota applies to some pods only, such as those of a priority class.
func isScoped(quota *chart.Object) bool {
	return quota.Get("spec", "scopes").Exists() || quota.Get("spec", "scopeSelector").Exists()
}

// quotaUsage computes how much of each quota some objects use.
type quotaUsage struct {
	pass    *Pass
	release budget.Budget
	peaks   map[string]peakUsage // by the name of the quota
}

type peakUsage struct {
	phase   budget.Phase
	used    resource.Quantity
	largest []budget.Part
}

func newQuotaUsage(p *Pass, release budget.Budget) *quotaUsage {
	return &quotaUsage{pass: p, release: release, peaks: map[string]peakUsage{}}
}

func (u *quotaUsage) peak(name string) peakUsage {
	peak, known := u.peaks[name]
	if !known {
		phase := u.release.Peak(name)
		peak = peakUsage{phase: phase, used: phase.Usage(name), largest: phase.Largest(name)}
		u.peaks[name] = peak
	}
	return peak
}

// check reports a quota that the release exceeds, at its value in the chart if it has one, or else at the largest
// workload. from names the origin of the quota.
func (u *quotaUsage) check(name string, hard resource.Quantity, at chart.Node, from string) {
	if strings.HasPrefix(name, "count/") && !countsPods(name) {
		u.checkCount(name, hard, at, from)
		return
	}
	peak := u.peak(name)
	if peak.used.Cmp(hard) <= 0 {
		return
	}
	largest := peak.largest[0].Workload
	needed := fmt.Sprintf("%s of %s", &peak.used, name)
	if countsPods(name) {
		needed = peak.used.String() + " pods"
	}
	switch {
	case at.Exists():
	case countsPods(name):
		at = largest.Object.Closest("spec", "replicas")
	default:
		at = largest.Source(budget.SplitQuota(name))
	}
	u.pass.Report(Finding{
		Node: at,
		Message: fmt.Sprintf("the release needs %s when %s, but %s allows %s: %s",
			needed, peak.phase.Name, from, &hard, largestParts(peak.largest, name)),
		Fix:    "Lower the requests, limits, replicas or surge of the largest workload, or raise the quota.",
		Object: largest.Object.String(),
	})
}

// checkCount reports a quota for the number of objects that the release exceeds.
func (u *quotaUsage) checkCount(name string, hard resource.Quantity, at chart.Node, from string) {
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
		Message: fmt.Sprintf("the release needs %d of %s, but %s allows %s", len(objects), name, from, &hard),
		Fix:     "Render fewer of these objects, or raise the quota.",
		Object:  last.String(),
	})
}

func countsPods(quota string) bool { return quota == "pods" || quota == "count/pods" }

// largestParts lists the first few parts and the usage of their pods, such as "Deployment/web 8 × 1Gi".
func largestParts(parts []budget.Part, quota string) string {
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
