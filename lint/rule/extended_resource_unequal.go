package rule

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "extended-resource-unequal",
		Title: "Requests for extended resources equal their limits",
		Why: "Devices and huge pages cannot be overcommitted. The API server rejects a container whose request for one has " +
			"no limit, or a different limit.",
		Bad: `resources:
  requests: {nvidia.com/gpu: 1}
  limits: {nvidia.com/gpu: 2}`,
		Good: `resources:
  limits: {nvidia.com/gpu: 2}`,
		Severity: Error,
		Refused:  true,
		Check:    checkExtendedResourceUnequal,
	})
}

func checkExtendedResourceUnequal(p *Pass) {
	for o, c := range containers(p) {
		for name, value := range c.Get("resources", "requests").Entries() {
			request, ok := value.Quantity()
			if canOvercommit(name) || !ok {
				continue
			}
			limitValue := c.Get("resources", "limits", name)
			limit, limited := limitValue.Quantity()
			switch {
			case !limitValue.Exists():
				p.reportUnequal(o, c, value, name, fmt.Sprintf("requests %s %s without a limit", value.Text(), name))
			case limited && request.Cmp(limit) != 0:
				p.reportUnequal(o, c, value, name,
					fmt.Sprintf("requests %s %s, but its limit is %s", value.Text(), name, limitValue.Text()))
			}
		}
	}
}

func (p *Pass) reportUnequal(o *chart.Object, c chart.Container, at chart.Node, name, message string) {
	p.reportContainer(o, c, at, message, fmt.Sprintf("Set only resources.limits[%q]; the request defaults to it.", name))
}

// canOvercommit reports whether the limit for a resource may be higher than the request. That is so for the native
// resources of Kubernetes except huge pages (IsOvercommitAllowed in pkg/apis/core/v1/helper/helpers.go). Other
// resources have a domain, such as nvidia.com/gpu.
func canOvercommit(name string) bool {
	native := !strings.Contains(name, "/") || strings.Contains(name, "kubernetes.io/")
	return native && !strings.HasPrefix(name, "hugepages-")
}
