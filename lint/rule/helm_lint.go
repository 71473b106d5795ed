package rule

import (
	"cmp"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
)

func init() {
	register(&Rule{
		ID:    "helm-lint",
		Title: "Chart.yaml and the files of the chart pass helm lint",
		Why: "This rule runs the checks of helm lint for Chart.yaml, the dependencies and the names of template files. " +
			"Many repositories accept only charts that pass them. The other checks of helm lint have rules of their own.",
		Bad: `apiVersion: v2
name: mychart
version: 1.0      # a number; the template sees 1`,
		Good: `apiVersion: v2
name: mychart
version: 1.0.0`,
		Severity: Error,
		Check:    checkHelmLint,
	})
}

func checkHelmLint(p *Pass) {
	type key struct{}
	type result struct {
		messages []chart.HelmMessage
		err      error
	}
	found := chart.Once(p.Chart, key{}, func() (r result) {
		r.messages, r.err = p.Chart.HelmLint()
		return r
	})
	if found.err != nil {
		p.Report(Finding{
			Position: p.Chart.MetadataPosition(),
			Message:  "helm lint fails: " + found.err.Error(),
			Fix:      "Run `helm lint` on the chart.",
		})
	}
	for _, m := range found.messages {
		severity, _ := policy.ParseSeverity(m.Severity)
		fix := "Correct it in Chart.yaml; https://helm.sh/docs/topics/charts/#the-chartyaml-file describes the fields."
		for _, f := range helmFixes {
			if strings.Contains(m.Message, f.message) {
				severity, fix = cmp.Or(f.severity, severity), f.fix
			}
		}
		p.Report(Finding{Position: m.Position, Message: "helm lint: " + m.Message, Fix: fix, Severity: severity})
	}
}

// helmFixes are the fixes of messages that contain a text, and their severities where those of Helm do not fit.
var helmFixes = []struct {
	message  string
	severity Severity
	fix      string
}{
	{"should be of type string", 0, "Put quotes around the version; YAML reads it as a number."},
	// Helm installs such a subchart.
	{"chart metadata is missing these dependencies", Warning,
		"List the subchart under dependencies in Chart.yaml, so that its version is known and it can be disabled."},
	{"file extension", Warning,
		"Rename the file to end in .yaml, .tpl or .txt, or move it out of the templates folder, where Helm renders it."},
	{"crd-install", 0, "Move the definition to the crds folder; Helm 3 ignores the hook."},
}
