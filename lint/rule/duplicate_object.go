package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "duplicate-object",
		Title: "No two rendered objects have the same kind, namespace and name",
		Why: "Helm creates the first object and fails at the second, which leaves the installation half finished. In an " +
			"upgrade, the last object overwrites the others.",
		Bad: `{{- range .Values.queues }}
---
apiVersion: v1
kind: Service
metadata:
  name: queue
{{- end }}`,
		Good: `{{- range .Values.queues }}
---
apiVersion: v1
kind: Service
metadata:
  name: queue-{{ . }}
{{- end }}`,
		Severity: Error,
		Check:    checkDuplicateObject,
	})
}

// checkDuplicateObject ignores hooks, because a hook may be deleted before the object of the same name is created.
func checkDuplicateObject(p *Pass) {
	known := map[objectKey]*chart.Object{}
	for _, o := range p.Rendered.Objects {
		if o.Name == "" || o.Hook() != chart.NoHook {
			continue
		}
		key := keyOf(o)
		first, duplicate := known[key]
		if !duplicate {
			known[key] = o
			continue
		}
		p.Report(Finding{
			Node:    o.Get("metadata", "name"),
			Message: fmt.Sprintf("%s is rendered twice, first at %s", o, first.Get("metadata", "name").Position()),
			Fix:     "Give each object its own name, or render it once.",
			Object:  o.String(),
		})
	}
}
