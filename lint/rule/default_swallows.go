package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/internal/valuesuse"
)

func init() {
	register(&Rule{
		ID:    "default-swallows",
		Title: "No fallback replaces a false or a 0 that a user may want",
		Why: "The function default takes false and 0 for empty. A switch whose fallback is true cannot be switched off, " +
			"and a number of replicas whose fallback is 1 cannot be 0. Only switches are reported, and numbers in fields " +
			"where 0 has a meaning of its own.",
		Bad: `# values.yaml: replicaCount: 2
replicas: {{ .Values.replicaCount | default 1 }}`,
		Good: `# values.yaml: replicaCount: 2
replicas: {{ .Values.replicaCount }}`,
		Severity: Error,
		Check:    checkDefaultSwallows,
	})
}

// meansZero are fields in which 0 differs from a field that is not set.
var meansZero = []string{
	"replicas", "minReplicas", "backoffLimit", "initialDelaySeconds", "terminationGracePeriodSeconds",
	"revisionHistoryLimit", "minReadySeconds", "ttlSecondsAfterFinished", "successfulJobsHistoryLimit",
	"failedJobsHistoryLimit", "startingDeadlineSeconds", "partition", "maxUnavailable", "maxSurge",
}

func checkDefaultSwallows(p *Pass) {
	for _, f := range valuesuse.Fallbacks(p.Chart) {
		switch {
		case f.Text == "true" && f.Tag == "!!bool" && isFalse(f.Declared):
			reportSwallowed(p, f, Error, "values.yaml sets %s to false, but the fallback makes it true", f.Key)
		case f.Text == "true" && (f.Tag == "!!bool" || f.Tag == "" || f.Tag == "!!null"):
			reportSwallowed(p, f, Warning, "%s cannot be false: the fallback makes it true", f.Key)
		case isNumericTag(f.Tag) && isPositive(f.Text) && slices.Contains(meansZero, f.Field):
			reportSwallowed(p, f, Warning, "%s cannot be 0: the fallback makes it %s", f.Key, f.Text)
		}
	}
}

func reportSwallowed(p *Pass, f valuesuse.Fallback, severity Severity, message string, args ...any) {
	p.Report(Finding{
		Severity: severity,
		Position: f.Position,
		Message:  fmt.Sprintf(message, args...),
		Fix: "Write the default into values.yaml and read the value as it is, or test for null: " +
			"{{ if kindIs \"invalid\" .Values." + f.Key + " }}.",
	})
}

func isFalse(text string) bool { return strings.EqualFold(text, "false") }

func isNumericTag(tag string) bool { return tag == "!!int" || tag == "!!float" }

func isPositive(text string) bool {
	number, err := strconv.ParseFloat(text, 64)
	return err == nil && number > 0
}
