package rule

import (
	"cmp"
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
	"k8s.io/pod-security-admission/api"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/podsecurity"
)

func init() {
	register(&Rule{
		ID:    "pod-security",
		Title: "Every pod meets the level of the Pod Security Standards that its namespace demands",
		Why: "A namespace with the label pod-security.kubernetes.io/enforce rejects pods that do not meet the level: the " +
			"workload is created, but gets no pods. podSecurity in the configuration sets the level, for all values sets or " +
			"for each of them; without it, only the pods of namespaces that the chart itself labels are checked. The checks " +
			"are those of the admission plugin in the Kubernetes version that is linted for.",
		Bad: `# .chartlint.yaml: {podSecurity: restricted}
containers:
  - name: app
    image: registry.example/app:1.0`,
		Good: `# .chartlint.yaml: {podSecurity: restricted}
containers:
  - name: app
    image: registry.example/app:1.0
    securityContext:
      runAsNonRoot: true
      allowPrivilegeEscalation: false
      capabilities: {drop: [ALL]}
      seccompProfile: {type: RuntimeDefault}`,
		Severity:         Error,
		VersionDependent: true,
		Check:            checkPodSecurity,
	})
}

func checkPodSecurity(p *Pass) {
	latest, err := api.ParseVersion(semver.MajorMinor(p.KubeVersion))
	if err != nil {
		return // the linter has checked it
	}
	own := api.LevelVersion{Level: cmp.Or(p.Policy.PodSecurity.For(p.ValuesSet), podsecurity.Privileged), Version: latest}
	labeled := enforcedLevels(p, latest)
	if own.Level == podsecurity.Privileged && len(labeled) == 0 {
		return
	}
	for o, spec := range podSpecs(p) {
		demanded := own
		if enforced, ok := labeled[o.Namespace()]; ok && api.CompareLevels(enforced.Level, own.Level) > 0 {
			demanded = enforced
		}
		if demanded.Level == podsecurity.Privileged || o.Kind == "PodTemplate" {
			continue
		}
		pod, err := podsecurity.Read(o, spec)
		if err != nil {
			continue // manifest-type-wrong reports it
		}
		p.reportPodSecurity(o, pod, demanded)
	}
}

// reportPodSecurity reports the controls of a level that a pod violates, with the level that it does meet.
func (p *Pass) reportPodSecurity(o *chart.Object, pod *podsecurity.Pod, demanded api.LevelVersion) {
	violations := pod.Violations(demanded.Level, demanded.Version)
	if len(violations) == 0 {
		return
	}
	meets := pod.Level(demanded.Version)
	for _, v := range violations {
		message := fmt.Sprintf("violates the Pod Security level %s: %s; the pod meets %s", demanded.Level, v.Problem, meets)
		if v.Container != nil {
			p.reportContainer(o, *v.Container, v.Node, message, v.Fix)
		} else {
			p.reportPod(o, v.Node, strings.ReplaceAll(message, "the pod meets", "it meets"), v.Fix)
		}
	}
}

// enforcedLevels returns the levels that the namespaces in the release enforce, by the name of the namespace. A
// namespace without a version enforces that of the cluster.
func enforcedLevels(p *Pass, latest api.Version) map[string]api.LevelVersion {
	levels := map[string]api.LevelVersion{}
	for _, o := range p.Rendered.Objects {
		if o.Kind != "Namespace" || o.Group() != "" {
			continue
		}
		labels := o.Get("metadata", "labels")
		level, err := api.ParseLevel(labels.Get(api.EnforceLevelLabel).Text())
		if err != nil {
			continue
		}
		version, err := api.ParseVersion(labels.Get(api.EnforceVersionLabel).Text())
		if err != nil || version.Latest() {
			version = latest
		}
		levels[o.Name] = api.LevelVersion{Level: level, Version: version}
	}
	return levels
}
