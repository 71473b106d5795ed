package rule

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "name-missing",
		Title: "Every rendered object has a name",
		Why: "Helm finds the objects of a release by their names, and refuses to install an object without one. A hook may " +
			"have generateName instead, because Helm creates it anew each time.",
		Bad: `kind: ConfigMap
metadata:
  labels: {app: python-orch}`,
		Good: `kind: ConfigMap
metadata:
  name: python-orch
  labels: {app: python-orch}`,
		Severity: Error,
		Refused:  true,
		Check:    checkNameMissing,
	})
}

func checkNameMissing(p *Pass) {
	for _, o := range p.Rendered.Objects {
		generated := o.Get("metadata", "generateName").Text() != ""
		if o.Name != "" || generated && o.Hook() != chart.NoHook || isList(o) {
			continue
		}
		has := "has no metadata.name"
		if generated {
			has = "has generateName instead of a name, which Helm supports only in hooks"
		}
		p.Report(Finding{
			Node:    o.Closest("metadata", "name"),
			Message: fmt.Sprintf("the %s that this template renders %s", o.Kind, has),
			Fix:     "Set metadata.name, and check that its value is not empty.",
			Object:  o.String(),
			Field:   "metadata.name",
		})
	}
}

// isList reports whether an object is a list of objects, such as a RoleList. Lists have no names.
func isList(o *chart.Object) bool {
	return strings.HasSuffix(o.Kind, "List") && o.Get("items").Exists()
}
