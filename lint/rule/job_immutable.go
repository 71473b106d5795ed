package rule

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesuse"
)

func init() {
	register(&Rule{
		ID:    "job-immutable",
		Title: "Jobs that change with the values are hooks, or change their names too",
		Why: "Kubernetes refuses to change the pods of a Job. An upgrade with another image fails with \"field is " +
			"immutable\" as long as the old Job exists. As a hook the Job is deleted and made again.",
		Bad: `kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
spec:
  template:
    spec:
      containers:
        - image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"`,
		Good: `kind: Job
metadata:
  name: {{ .Release.Name }}-migrate
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation`,
		Severity:         Warning,
		ComparesReleases: true,
		Check:            checkJobImmutable,
	})
}

func checkJobImmutable(p *Pass) {
	for _, pair := range p.Pairs {
		job := pair.Base
		if job.Kind != "Job" || isCustom(job) || job.Hook() != chart.NoHook || changesName(pair.Other) || job.IsDrawn() ||
			hasHash(job.Name) || job.Get("spec", "ttlSecondsAfterFinished").Exists() || isArgoHook(job) {
			continue
		}
		if node, cause := changingPart(p, job, pair.Other); cause != "" {
			p.Report(Finding{
				Node: node,
				Message: fmt.Sprintf("the pod of %s contains %s, but the pod of a Job cannot change: an upgrade that changes "+
					"it is refused", job, cause),
				Fix: "Make the Job a hook (helm.sh/hook: pre-install,pre-upgrade), set ttlSecondsAfterFinished, or put " +
					"{{ .Release.Revision }} into its name.",
				Object: job.String(),
			})
		}
	}
}

// changingPart returns the first part of a Job's pod that changes with the version of the chart, or else with the
// image in the values, and what it contains.
func changingPart(p *Pass, job, other *chart.Object) (chart.Node, string) {
	for was, is := range scalars(job.Get("spec", "template"), other.Get("spec", "template")) {
		if version := versionIn(p.Chart, was.Text(), is.Text()); version != "" {
			return was, version
		}
	}
	for _, c := range job.Containers() {
		image := c.Get("image")
		if key := valuesuse.Origin(image); key != nil {
			return image, key.Key + " of the values"
		}
		if valuesuse.Reads(image) {
			return image, "an image of the values"
		}
	}
	return chart.Node{}, ""
}

// hasHash reports whether a part of a name looks like a hash: a hexadecimal number that has digits and letters.
func hasHash(name string) bool {
	const shortest = 5
	for part := range strings.SplitSeq(name, "-") {
		if len(part) >= shortest && strings.Trim(part, "0123456789abcdef") == "" && strings.ContainsAny(part, "0123456789") {
			return true
		}
	}
	return false
}

// isArgoHook reports whether an object is a hook of Argo CD, which replaces it.
func isArgoHook(o *chart.Object) bool {
	return o.Get("metadata", "annotations", "argocd.argoproj.io/hook").Exists()
}
