package rule

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "release-name-length",
		Title: "Names and labels fit every release name that Helm accepts",
		Why: "The name of a release may have 53 characters. A name that a template makes longer than its kind allows, " +
			"or a label value of more than 63 characters, is refused, and the installation fails. It works for those " +
			"who try the chart with a short name.",
		Bad: `kind: Service
metadata:
  name: {{ .Release.Name }}-controller-manager-metrics`,
		Good: `kind: Service
metadata:
  name: {{ .Release.Name | trunc 36 | trimSuffix "-" }}-controller-manager-metrics`,
		Severity:         Warning,
		ComparesReleases: true,
		Check:            checkReleaseNameLength,
	})
}

// nameLimits are the limits for names that are shorter than that of most kinds, in characters, and the reason.
var nameLimits = map[string]struct {
	length int
	reason string
}{
	"Service":     {validation.DNS1035LabelMaxLength, "a Service's name is a DNS label"},
	"Namespace":   {validation.DNS1123LabelMaxLength, "a Namespace's name is a DNS label"},
	"Job":         {validation.LabelValueMaxLength, "a Job's name is a label of its pods"},
	"CronJob":     {52, "Kubernetes appends 11 characters to name the Jobs"},
	"StatefulSet": {52, "Kubernetes appends 11 characters for a label of the pods"},
}

func checkReleaseNameLength(p *Pass) {
	labels := labelFindings{}
	for _, pair := range chart.PairObjects(p.Rendered, p.Other) {
		base, other := pair.Base, pair.Other
		limit, limited := nameLimits[other.Kind]
		if limited && !isCustom(other) && len(other.Name) > limit.length && len(base.Name) <= limit.length {
			severity := Warning
			if other.Kind == "StatefulSet" { // only its pods are refused, and hardly any chart minds
				severity = Info
			}
			p.Report(Finding{
				Severity: severity,
				Node:     base.Get("metadata", "name"),
				Message: fmt.Sprintf("the name of %s has %d characters if the release's name has %d, and may have %d: %s",
					base, len(other.Name), len(chart.OtherRelease.Name), limit.length, limit.reason),
				Fix:    shortenFix(other.Name, limit.length),
				Object: base.String(),
			})
		}
		eachLabel(base, other, func(key string, was, is chart.Node) {
			if len(is.Text()) > validation.LabelValueMaxLength && len(was.Text()) <= validation.LabelValueMaxLength {
				labels.add(key, base, was, is.Text())
			}
		})
	}
	labels.report(p, Warning, func(l *labelFinding) (string, string) {
		return fmt.Sprintf("the label %s of %s has %d characters if the release's name has %d, and may have %d",
				l.key, l.object, len(l.value), len(chart.OtherRelease.Name), validation.LabelValueMaxLength),
			shortenFix(l.value, validation.LabelValueMaxLength)
	})
}

// shortenFix returns the fix for a text with the name of the release that is too long.
func shortenFix(text string, limit int) string {
	name := chart.OtherRelease.Name
	if left := limit - (len(text) - len(name)); strings.Count(text, name) == 1 && left > 0 {
		return fmt.Sprintf("Shorten the release's name in it to %d characters: trunc %[1]d | trimSuffix \"-\".", left)
	}
	return fmt.Sprintf("Shorten the whole text to %d characters with trunc and trimSuffix \"-\".", limit)
}
