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

// nameLimits are the limits for names that are shorter than that of most kinds, in characters. A Job's name is a label
// of its pods. Kubernetes appends 11 characters to the name of a CronJob, for its Jobs, and to that of a StatefulSet,
// for a label of its pods.
var nameLimits = map[string]int{
	"Service":     validation.DNS1035LabelMaxLength,
	"Namespace":   validation.DNS1123LabelMaxLength,
	"Job":         validation.LabelValueMaxLength,
	"CronJob":     52,
	"StatefulSet": 52,
}

func checkReleaseNameLength(p *Pass) {
	names, labels := map[Severity]*longNames{Warning: {}, Info: {}}, labelFindings{}
	for _, pair := range p.Pairs {
		base, other := pair.Base, pair.Other
		limit, limited := nameLimits[other.Kind]
		isSuffixed := other.Name != chart.OtherRelease.Name // a chart cannot do better than the name of the release
		if limited && isSuffixed && !isCustom(other) && len(other.Name) > limit && len(base.Name) <= limit {
			severity := Warning
			if other.Kind == "StatefulSet" { // only its pods are refused, and hardly any chart minds
				severity = Info
			}
			names[severity].add(pair, limit)
		}
		eachLabel(base, other, func(key string, was, is chart.Node) {
			if len(is.Text()) > validation.LabelValueMaxLength && len(was.Text()) <= validation.LabelValueMaxLength {
				labels.add(key, base, was, is.Text())
			}
		})
	}
	names[Warning].report(p, Warning)
	names[Info].report(p, Info)
	labels.report(p, Warning, func(l *labelFinding) (string, string) {
		return fmt.Sprintf("the label %s of %s has %d characters if the release's name has %d, and may have %d",
				l.key, l.object, len(l.value), len(chart.OtherRelease.Name), validation.LabelValueMaxLength),
			shortenFix(l.value, validation.LabelValueMaxLength)
	})
}

// longNames are the names that are too long. They have one cause in most charts, and so one finding, at the name that
// exceeds its limit most.
type longNames struct {
	count, limit int
	worst        chart.Pair
}

func (l *longNames) add(pair chart.Pair, limit int) {
	if l.count++; l.count == 1 || len(pair.Other.Name)-limit > len(l.worst.Other.Name)-l.limit {
		l.worst, l.limit = pair, limit
	}
}

func (l *longNames) report(p *Pass, severity Severity) {
	if l.count == 0 {
		return
	}
	o, name := l.worst.Base, l.worst.Other.Name
	message := fmt.Sprintf("the name of %s has %d characters if the release's name has %d, and may have %d",
		o, len(name), len(chart.OtherRelease.Name), l.limit)
	p.Report(Finding{
		Severity: severity,
		Node:     o.Get("metadata", "name"),
		Message:  message + asIn(l.count-1, "name"),
		Fix:      shortenFix(name, l.limit),
		Object:   o.String(),
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
