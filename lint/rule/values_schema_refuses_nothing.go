package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

// Ineffective is a keyword of a schema that refuses nothing.
type Ineffective struct {
	Position chart.Position // of the keyword
	Keyword  string
	Key      string // of a value that the keyword is meant for
	// Reason says why the keyword refuses nothing, whatever the values; "" if it may refuse some.
	Reason string
	// Flags set values that the keyword should refuse, and that the schemas accept; "" if there are none.
	Flags string
	// Annotation reports that the keyword may be meant as a description.
	Annotation bool
}

// RefusesNothing is the ID of the rule about keywords without an effect.
const RefusesNothing = "values-schema-refuses-nothing"

func init() {
	register(&Rule{
		ID:    RefusesNothing,
		Title: "Every keyword of the schema refuses something",
		Why: "A keyword that is misspelt, that is about another type, or that another branch overrides refuses nothing: " +
			"JSON Schema ignores what it does not know. With --draw, the linter breaks one keyword of the schema at a " +
			"time, with values that are right otherwise, and reports keywords with which Helm accepts all of them.",
		Bad:      `"replicas": {"type": "integer", "minimun": 0}`,
		Good:     `"replicas": {"type": "integer", "minimum": 0}`,
		Severity: Warning,
		Check:    checkRefusesNothing,
	})
}

func checkRefusesNothing(p *Pass) {
	for _, i := range p.Ineffective {
		finding := Finding{
			Position: i.Position,
			Message:  fmt.Sprintf("%q of %s refuses nothing", i.Keyword, i.Key),
			Fix:      "Correct the keyword, or remove it.",
			Flags:    i.Flags,
		}
		if i.Reason != "" {
			finding.Message += ": " + i.Reason
		} else {
			finding.Message += ": Helm accepts values that break it"
		}
		if i.Annotation {
			finding.Severity = Info
		}
		p.Report(finding)
	}
}
