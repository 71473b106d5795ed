package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "crd-in-templates",
		Title: "No custom resource is installed together with its definition",
		Why: "Helm asks the cluster for the kinds of all rendered objects before it creates the first. A custom resource " +
			"whose CustomResourceDefinition is rendered by the same chart fails with \"no matches for kind\" in a cluster " +
			"that does not have the definition yet. Hooks do not help the definition, but the custom resource.",
		Bad: `# templates/crd.yaml
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
# templates/widget.yaml
apiVersion: example.com/v1
kind: Widget`,
		Good: `# crds/widgets.yaml
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
# templates/widget.yaml
apiVersion: example.com/v1
kind: Widget`,
		Severity: Error,
		Check:    checkCRDInTemplates,
	})
}

func checkCRDInTemplates(p *Pass) {
	type groupKind struct{ group, kind string }
	defined := map[groupKind]*chart.Object{}
	for _, o := range p.Rendered.Objects {
		if o.Kind == "CustomResourceDefinition" {
			defined[groupKind{o.Get("spec", "group").Text(), o.Get("spec", "names", "kind").Text()}] = o
		}
	}
	for _, o := range p.Rendered.Objects {
		crd := defined[groupKind{o.Group(), o.Kind}]
		if crd == nil || o.Hook() != chart.NoHook {
			continue
		}
		p.Report(Finding{
			Node: o.Get("kind"),
			Message: fmt.Sprintf("%s cannot be installed together with its definition, %s at %s: Helm looks the kind up in the "+
				"cluster first", o, crd, crd.Get("kind").Position()),
			Fix: fmt.Sprintf("Move the definition to crds/, or make the %s a post-install,post-upgrade hook, or render it only "+
				"if .Capabilities.APIVersions has its kind.", o.Kind),
			Object: o.String(),
		})
	}
}
