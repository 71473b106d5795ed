package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

// Refused are values that the schemas of a chart allow, and that a template or the API server refuses.
type Refused struct {
	Schema chart.Position // of what describes the value
	Keys   string         // of the values, without switches of parts of the chart
	Values string         // the same with their values, such as port=0
	Flags  string         // that set all values
	// Reason is the finding of another rule about the rendering.
	Reason Finding
	// Together reports that the values are refused only together, or together with others that the chart has.
	Together bool
}

func init() {
	register(&Rule{
		ID:    AllowsTooMuch,
		Title: "The chart renders with all values that the schema allows, and the API server accepts the objects",
		Why: "A schema should refuse what cannot be installed, with the key and the reason. If it does not, the user " +
			"gets an error from inside a template, or from the API server, perhaps after a part of the release has " +
			"changed. With --draw, the linter draws values from the schema, renders the chart with them, and reports the " +
			"smallest values that are refused. Where the schema does not restrict a text, only texts are drawn that fit " +
			"their use. With --api, the API server's own validation judges the objects too. Values that a template " +
			"refuses with fail or required are an info: it says what it wants, but only after the schema was satisfied.",
		Bad: `# templates/service.yaml: port: {{ .Values.port }}
"port": {"type": "integer"}`,
		Good:     `"port": {"type": "integer", "minimum": 1, "maximum": 65535}`,
		Severity: Warning,
		Check:    checkAllowsTooMuch,
	})
}

// AllowsTooMuch is the ID of the rule about values that schemas should refuse.
const AllowsTooMuch = "values-schema-allows-too-much"

func checkAllowsTooMuch(p *Pass) {
	for _, r := range p.Refused {
		finding := Finding{
			Position: r.Schema,
			Message:  fmt.Sprintf("the schema allows %s, but %s", r.Values, describeReason(r.Reason)),
			Fix:      "Restrict " + r.Keys + " in the schema to what the chart accepts, or let the template accept more.",
			Flags:    r.Flags,
		}
		switch {
		case r.Reason.Demand:
			finding.Severity = Info
			finding.Fix = "Demand it in the schema too, if the schema can say it: Helm checks it first, and names the key."
		case r.Together:
			finding.Severity = Info
			finding.Fix = "A schema cannot compare two values; if it cannot say this, let a template fail with a clear message."
		}
		p.Report(finding)
	}
}

// describeReason continues a sentence with the reason why values are refused.
func describeReason(reason Finding) string {
	at := ""
	if reason.Position.Line > 0 {
		at = fmt.Sprintf(" (%s)", reason.Position)
	}
	switch {
	case reason.Demand:
		return fmt.Sprintf("a template demands others%s: %s", at, reason.Message)
	case reason.Rule == RenderFailure:
		return fmt.Sprintf("a template fails with it%s: %s", at, reason.Message)
	}
	return reason.Message + at
}
