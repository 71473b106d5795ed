package rule

import (
	"cmp"
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "duplicate-item",
		Title: "No list with keys has two items of the same key",
		Why: "Kubernetes identifies the items of lists such as containers, volumes, ports and environment variables by a " +
			"key. The API server rejects most duplicates. It accepts an environment variable or a container port twice, " +
			"but only one counts; an upgrade that removes one of the two removes both, and server-side apply, which Helm 4 " +
			"uses, refuses the object. Those are warnings.",
		Bad: `env:
  - {name: LOG_LEVEL, value: info}
  - {name: LOG_LEVEL, value: debug}`,
		Good: `env:
  - {name: LOG_LEVEL, value: debug}`,
		Severity: Error,
		Refused:  true,
		Check:    checkDuplicateItem,
	})
}

// keyedList is a list whose items have a key.
type keyedList struct {
	path     []string
	key      []string // the fields of the key, of which all but the first have a default
	item     string   // what an item is, in messages
	severity Severity
	why      string
}

const (
	refusesDuplicate = "the API server rejects the object"
	losesDuplicate   = "only one of them counts, and server-side apply, as in Helm 4, refuses the object"
)

// The keys of lists, and what the API server makes of duplicates (pkg/apis/core/validation/validation.go).
var (
	podLists = []keyedList{
		{[]string{"volumes"}, []string{"name"}, "volume", Error, refusesDuplicate},
		{[]string{"topologySpreadConstraints"}, []string{"topologyKey", "whenUnsatisfiable"}, "topology spread constraint",
			Error, refusesDuplicate},
	}
	containerLists = []keyedList{
		{[]string{"ports"}, []string{"name"}, "port", Error, refusesDuplicate},
		{[]string{"ports"}, []string{"containerPort", "protocol"}, "port", Warning, losesDuplicate},
		{[]string{"env"}, []string{"name"}, "environment variable", Warning, losesDuplicate},
		{[]string{"volumeMounts"}, []string{"mountPath"}, "mount path", Error, refusesDuplicate},
		{[]string{"volumeDevices"}, []string{"devicePath"}, "device path", Error, refusesDuplicate},
	}
	serviceLists = []keyedList{
		{[]string{"spec", "ports"}, []string{"name"}, "port", Error, refusesDuplicate},
		{[]string{"spec", "ports"}, []string{"port", "protocol"}, "port", Error, refusesDuplicate},
	}
	webhookLists = []keyedList{{[]string{"webhooks"}, []string{"name"}, "webhook", Error, refusesDuplicate}}
)

// keyDefaults are the values that the API server gives fields of keys.
var keyDefaults = map[string]string{"protocol": "TCP"}

func checkDuplicateItem(p *Pass) {
	for _, o := range p.Rendered.Objects {
		switch {
		case isCustom(o):
		case o.Kind == "Service":
			p.reportDuplicateItems(o, nil, o.Node, serviceLists)
		case o.Kind == "ValidatingWebhookConfiguration", o.Kind == "MutatingWebhookConfiguration":
			p.reportDuplicateItems(o, nil, o.Node, webhookLists)
		}
	}
	for o, spec := range podSpecs(p) {
		p.reportDuplicateItems(o, nil, spec, podLists)
		seen := map[string]chart.Node{}
		for _, c := range chart.ContainersOf(spec) {
			p.reportDuplicateItems(o, &c, c.Node, containerLists)
			p.reportSecond(o, nil, seen, c.Name, c.Get("name"),
				keyedList{item: "container", severity: Error, why: refusesDuplicate})
		}
	}
}

func (p *Pass) reportDuplicateItems(o *chart.Object, c *chart.Container, in chart.Node, lists []keyedList) {
	for _, l := range lists {
		seen := map[string]chart.Node{}
		for item := range in.Get(l.path...).Items() {
			p.reportSecond(o, c, seen, l.keyOf(item), item.Get(l.key[0]), l)
		}
	}
}

// keyOf returns the key of an item, or "" if it has none.
func (l keyedList) keyOf(item chart.Node) string {
	key := item.Get(l.key[0]).Text()
	if key == "" {
		return ""
	}
	for _, field := range l.key[1:] {
		key += "/" + cmp.Or(item.Get(field).Text(), keyDefaults[field])
	}
	return key
}

// reportSecond reports an item whose key has been seen in its list.
func (p *Pass) reportSecond(
	o *chart.Object, c *chart.Container, seen map[string]chart.Node, key string, at chart.Node, l keyedList,
) {
	first, duplicate := seen[key]
	if !duplicate {
		seen[key] = at
		return
	}
	if key == "" {
		return
	}
	f := Finding{Severity: l.severity, Node: at, Object: o.String()}
	owner := o.String()
	if c != nil {
		owner, f.Container = fmt.Sprintf("%s %q of %s", c.Role, c.Name, o), c.Name
	}
	if position := first.Position(); position != at.Position() {
		owner = owner + ", first at " + position.String()
	}
	f.Message = fmt.Sprintf("the %s %s appears twice in %s: %s", l.item, key, owner, l.why)
	f.Fix = fmt.Sprintf("Give each %s its own key, or render it once.", l.item)
	p.Report(f)
}
