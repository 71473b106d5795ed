package linter

import (
	"fmt"
	"iter"
	"regexp"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/rule"
)

// Rule is an additional rule; see [Options.Rules]. In configuration files, its ID works like that of a built-in rule.
type Rule struct {
	// ID names the rule, such as acme/image-registry: lower-case words with dashes, dots or slashes between them.
	ID string
	// Title states what is true of a chart that passes, such as "Images come from the registry of the company".
	Title string
	// Why explains, in full sentences, the problem that the rule prevents.
	Why string
	// Severity is that of the findings, unless the configuration changes it. The default is Error.
	Severity Severity
	// Check checks one rendering of a chart, and calls [Pass.Report] for each problem. It is called for each values set
	// and each Kubernetes version, from several goroutines.
	Check func(*Pass)
}

// Pass is one rendering of a chart.
type Pass struct {
	ChartPath    string // as given to Run
	ChartName    string
	ChartVersion string
	// ValuesSet is the name of the values set, such as values-production.yaml; "default values" has no file of its own.
	ValuesSet string
	// KubeVersion is the Kubernetes version, such as v1.37.2.
	KubeVersion string
	// Objects are the rendered objects, in the order of their templates. Hooks are among them.
	Objects []*Object

	pass *rule.Pass
}

// Report reports a problem with the value at, whose position, object and container become those of the finding. If the
// value is zero, the finding is about the chart as a whole. The message states the problem, without a period. The fix
// is a sentence.
func (p *Pass) Report(at Node, message, fix string) {
	p.pass.Report(rule.Finding{
		Node: at.node, Message: message, Fix: fix, Object: at.object, Container: at.container,
	})
}

// Object is a rendered Kubernetes object.
type Object struct {
	Node
	APIVersion string
	Kind       string
	Name       string

	containers []Container
}

// String returns the object's kind and name, such as Deployment/redis.
func (o *Object) String() string { return o.object }

// Containers returns the containers of the pods that the object is or creates, init containers first.
func (o *Object) Containers() []Container { return slices.Clone(o.containers) }

// Container is a container of a pod or of a pod template.
type Container struct {
	Node
	Name string
	// Role is "container", "init container" or "sidecar container". A sidecar is an init container that always restarts.
	Role string
}

// String names the container and its object, as in: container "redis" of Deployment/redis.
func (c Container) String() string { return fmt.Sprintf("%s %q of %s", c.Role, c.Name, c.object) }

// Node is a value in a rendered object. The zero Node is an absent value.
type Node struct {
	node      chart.Node
	object    string
	container string // empty outside of containers
}

func (n Node) with(node chart.Node) Node {
	n.node = node
	return n
}

// Exists reports whether the value is present and not null.
func (n Node) Exists() bool { return n.node.Exists() }

// Get returns the value at a path of keys, as in Get("spec", "replicas"). It is absent if any of the keys is.
func (n Node) Get(keys ...string) Node { return n.with(n.node.Get(keys...)) }

// Closest returns the value at the longest prefix of a path of keys that is present. It is the place to report an
// absent value.
func (n Node) Closest(keys ...string) Node { return n.with(n.node.Closest(keys...)) }

// Items returns the items of a list. Other values have none.
func (n Node) Items() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for item := range n.node.Items() {
			if !yield(n.with(item)) {
				return
			}
		}
	}
}

// Entries returns the keys and values of a map. Other values have none.
func (n Node) Entries() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		for key, value := range n.node.Entries() {
			if !yield(key, n.with(value)) {
				return
			}
		}
	}
}

// Text returns the text of a string, number or boolean. It is empty for other values.
func (n Node) Text() string { return n.node.Text() }

// Decode decodes the value into what v points to, with the rules of go.yaml.in/yaml/v3. It leaves v alone if the value
// is absent.
func (n Node) Decode(v any) error { return n.node.Decode(v) }

// Position returns the template that printed the value, with its line if that is known.
func (n Node) Position() Position { return Position(n.node.Position()) }

var validID = regexp.MustCompile(`^[a-z0-9]+([-./][a-z0-9]+)*$`)

// ownRules converts additional rules. It returns an error if one is incomplete, or if its ID is invalid or taken.
func ownRules(rules []Rule) ([]*rule.Rule, error) {
	taken := rule.IDs()
	var own []*rule.Rule
	for _, r := range rules {
		switch {
		case !validID.MatchString(r.ID):
			return nil, fmt.Errorf("invalid rule ID %q: want lower-case words joined by dashes, such as image-registry", r.ID)
		case slices.Contains(taken, r.ID), rule.IsPractice(r.ID):
			return nil, fmt.Errorf("the ID of rule %q is taken: choose another, such as own/%[1]s", r.ID)
		case r.Check == nil:
			return nil, fmt.Errorf("rule %q has no Check function", r.ID)
		}
		taken = append(taken, r.ID)
		own = append(own, r.convert())
	}
	return own, nil
}

func (r Rule) convert() *rule.Rule {
	converted := &rule.Rule{ID: r.ID, Title: r.Title, Why: r.Why, Severity: r.Severity, VersionDependent: true}
	if converted.Severity == 0 {
		converted.Severity = Error
	}
	converted.Check = func(p *rule.Pass) {
		defer func() {
			if cause := recover(); cause != nil {
				panic(fmt.Sprintf("rule %s: %v", r.ID, cause)) // the rule is to blame, not the linter
			}
		}()
		r.Check(newPass(p))
	}
	return converted
}

func newPass(p *rule.Pass) *Pass {
	pass := &Pass{
		ChartPath:    p.Chart.Path(),
		ChartName:    p.Chart.Name(),
		ChartVersion: p.Chart.Version(),
		ValuesSet:    p.ValuesSet,
		KubeVersion:  p.KubeVersion,
		pass:         p,
	}
	for _, o := range p.Rendered.Objects {
		pass.Objects = append(pass.Objects, newObject(p, o))
	}
	return pass
}

func newObject(p *rule.Pass, o *chart.Object) *Object {
	object := &Object{Node: Node{node: o.Node, object: o.String()}, APIVersion: o.APIVersion, Kind: o.Kind, Name: o.Name}
	for _, spec := range p.Policy.Resources.PodSpecs(o) {
		for _, c := range chart.ContainersOf(spec) {
			node := Node{node: c.Node, object: o.String(), container: c.Name}
			object.containers = append(object.containers, Container{Node: node, Name: c.Name, Role: string(c.Role)})
		}
	}
	return object
}
