package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

func init() {
	register(&Rule{
		ID:    "duplicate-key",
		Title: "No map in a rendered object or in the values has a duplicate key",
		Why: "Helm silently keeps the last value and drops the others. Stricter parsers, such as those of post-renderers, " +
			"reject the whole document.",
		Bad: `labels:
  app: go-scanner
  team: trading
  app: scanner`,
		Good: `labels:
  app: go-scanner
  team: trading`,
		Severity: Error,
		Check:    checkDuplicateKey,
	})
}

func checkDuplicateKey(p *Pass) {
	for _, k := range p.Chart.RepeatedKeys() {
		reportDuplicate(p, k, "", "the values have")
	}
	for _, o := range p.Rendered.Objects {
		for _, k := range o.RepeatedKeys() {
			reportDuplicate(p, k, o.String(), o.String()+" has")
		}
	}
}

func reportDuplicate(p *Pass, k chart.RepeatedKey, object, has string) {
	first := ""
	if k.First.Line > 0 && k.First.Line != k.Second.Line {
		first = fmt.Sprintf(", first on line %d", k.First.Line)
	}
	p.Report(Finding{
		Position: k.Second,
		Message:  fmt.Sprintf("%s the key %s twice%s; only the last value counts", has, schema.FormatPath(k.Path), first),
		Fix:      "Merge the values under one key.",
		Object:   object,
	})
}
