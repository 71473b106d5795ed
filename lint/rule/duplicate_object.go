package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "duplicate-object",
		Title: "No two rendered objects have the same kind, namespace and name",
		Why: "Helm creates both, and the second one exists already: the installation fails half-way. In an upgrade the one that " +
			"comes last overwrites the other.",
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

// Hooks are left out: a hook may be deleted before the object that has its name is created.
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
			Fix:     "Give each object a name of its own, or render it once.",
			Object:  o.String(),
		})
	}
}
