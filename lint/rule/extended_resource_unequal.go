package rule

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "extended-resource-unequal",
		Title: "Extended resources and huge pages are requested as they are limited",
		Why: "A device or a huge page cannot be promised twice. The API server refuses a container whose request for one has no " +
			"limit, or another.",
		Bad: `resources:
  requests: {nvidia.com/gpu: 1}
  limits: {nvidia.com/gpu: 2}`,
		Good: `resources:
  limits: {nvidia.com/gpu: 2}`,
		Severity: Error,
		Check:    checkExtendedResourceUnequal,
	})
}

func checkExtendedResourceUnequal(p *Pass) {
	for o, c := range containers(p) {
		for name, value := range c.Get("resources", "requests").Entries() {
			request, ok := value.Quantity()
			if overcommitted(name) || !ok {
				continue
			}
			limitValue := c.Get("resources", "limits", name)
			limit, limited := limitValue.Quantity()
			switch {
			case !limitValue.Exists():
				p.reportUnequal(o, c, value, fmt.Sprintf("requests %s of %s without a limit", value.Text(), name), name)
			case limited && request.Cmp(limit) != 0:
				p.reportUnequal(o, c, value, fmt.Sprintf("requests %s of %s, not its limit of %s", value.Text(), name, limitValue.Text()), name)
			}
		}
	}
}

func (p *Pass) reportUnequal(o *chart.Object, c chart.Container, at chart.Node, message, name string) {
	p.reportContainer(o, c, at, message, fmt.Sprintf("Set resources.limits[%q] alone: the request is then the same.", name))
}

// overcommitted says whether a limit may be above the request: for the resources of Kubernetes itself but huge pages, as the API
// server has it. Those of others have a domain, such as nvidia.com/gpu.
func overcommitted(name string) bool {
	native := !strings.Contains(name, "/") || strings.Contains(name, "kubernetes.io/")
	return native && !strings.HasPrefix(name, "hugepages-")
}
