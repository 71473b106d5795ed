package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

func init() {
	register(&Rule{
		ID:    "duplicate-key",
		Title: "No map has the same key twice, neither in a rendered object nor in the values",
		Why: "Helm keeps the last of them and drops the others, with all that is in them, without a word. Tools with a stricter " +
			"parser, such as a post-renderer, refuse the whole document.",
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
		reportRepeated(p, k, "", "the values have")
	}
	for _, o := range p.Rendered.Objects {
		for _, k := range o.RepeatedKeys() {
			reportRepeated(p, k, o.String(), o.String()+" has")
		}
	}
}

func reportRepeated(p *Pass, k chart.RepeatedKey, object, has string) {
	first := ""
	if k.First.Line > 0 && k.First.Line != k.Second.Line {
		first = fmt.Sprintf(", first in line %d", k.First.Line)
	}
	p.Report(Finding{
		Position: k.Second,
		Message:  fmt.Sprintf("%s the key %s twice%s; only the last one counts", has, schema.FormatPath(k.Path), first),
		Fix:      "Keep one of them, with all that is meant to be in it.",
		Object:   object,
	})
}
