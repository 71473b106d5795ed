package kubeschema

import (
	"fmt"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
)

// Problem is a violation of the schema of an object's kind.
type Problem struct {
	Class Class
	// Node is the wrong value, or the map that lacks a field.
	Node chart.Node
	// Path is the path of the field, such as spec.ports[0].port.
	Path string
	// Message continues a sentence that starts with Path.
	Message string
	// Suggestion is the path that was probably meant, of an unknown field. It may be empty.
	Suggestion string
	// Want is the expected type, of a null or of a value with the wrong type: "string", "list", [Quantity] and so on.
	Want string
	// Item says that a null is an item of a list.
	Item bool
}

// Class is a class of problems.
type Class int

// The classes.
const (
	UnknownField Class = iota
	MissingField
	WrongType
	Null // where the schema allows none: an item of a list, a value of a map of strings, an integer or string
)

// Limits for one object. With YAML aliases, a small document can hold endlessly many values. An object that the API
// server stores, of at most 1.5 MiB, stays below these limits.
const (
	maxValues   = 200_000
	maxDepth    = 200
	maxProblems = 100
)

// Check checks an object against the schema of its kind: a kind of Kubernetes in version v, or one that crds define.
// crds may be nil. An object of any other kind has no problems. Null counts as no value, as in Kubernetes, and is a
// problem of the class Null where the schema of a kind of Kubernetes does not allow it. The status of an object is not
// checked, because manifests do not set it.
func (v Version) Check(o *chart.Object, crds *CRDs) []Problem {
	k := kind{o.APIVersion, o.Kind}
	c := checker{store: kubernetes(), version: v, kind: k, left: maxValues}
	if known := c.store.kinds[k]; known.versions&v.known != 0 {
		c.builtIn = true
		c.object(o.Node, known.object, nil)
	} else if custom := crds.object(k); custom != nil {
		c.object(o.Node, custom, nil)
	}
	return c.problems
}

type checker struct {
	store    *store
	version  Version
	kind     kind
	builtIn  bool // the kind is one of Kubernetes
	problems []Problem
	left     int // values until maxValues
	depth    int
}

func (c *checker) report(p Problem) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, p)
	}
}

func (c *checker) value(n chart.Node, t *fieldType, at *path) {
	c.left--
	if c.left < 0 || c.depth >= maxDepth || !n.Exists() {
		return
	}
	c.depth++
	defer func() { c.depth-- }()
	if want := t.form.name(); want != "" && !slices.Contains(acceptedTypes[t.form], n.Type()) {
		c.wrongType(n, at, want, "must be "+withArticle(want)+", not "+describe(n))
		return
	}
	switch t.form {
	case structure:
		c.object(n, t.object, at)
	case mapping:
		for key, value := range n.Entries() {
			below := &path{parent: at, key: key}
			c.null(value, t.items, below)
			c.value(value, t.items, below)
		}
	case list:
		index := 0
		for item := range n.Items() {
			below := &path{parent: at, index: index}
			c.null(item, t.items, below)
			c.value(item, t.items, below)
			index++
		}
	default:
		if message := scalarProblem(n, t); message != "" {
			c.wrongType(n, at, t.form.name(), message)
		}
	}
}

// null reports a value that is null although the schema does not allow that.
func (c *checker) null(n chart.Node, t *fieldType, at *path) {
	if c.builtIn && !n.Exists() && t.form != anything {
		want := t.form.name()
		message := "is null instead of " + withArticle(want)
		c.report(Problem{Class: Null, Node: n, Path: at.String(), Message: message, Want: want, Item: at.key == ""})
	}
}

func (c *checker) wrongType(n chart.Node, at *path, want, message string) {
	c.report(Problem{Class: WrongType, Node: n, Path: at.String(), Want: want, Message: message})
}

func (c *checker) object(n chart.Node, o *object, at *path) {
	for key, value := range n.Entries() {
		below := &path{parent: at, owner: o, key: key}
		f, known := o.field(key, c.version.known)
		switch {
		case known && at == nil && key == "status":
		case known:
			if f.typ.form == intOrString && !o.requires(key) {
				c.null(value, f.typ, below)
			}
			c.value(value, f.typ, below)
		case !o.open && value.Exists():
			c.unknownField(value, below)
		}
	}
	for _, r := range o.requirements() {
		if r.versions&c.version.known != 0 && !n.Get(r.name).Exists() {
			c.missingField(n, &path{parent: at, key: r.name})
		}
	}
}

func (c *checker) missingField(n chart.Node, at *path) {
	message := fmt.Sprintf("is missing, but %s requires it", c.kind)
	c.report(Problem{Class: MissingField, Node: n, Path: at.String(), Message: message})
}

func (c *checker) unknownField(n chart.Node, at *path) {
	p := Problem{Class: UnknownField, Node: n, Path: at.String(), Message: fmt.Sprintf("is not a field of %s", c.kind)}
	if versions := at.owner.versionsOf(at.key); versions == 0 {
		p.Suggestion = suggestion(at, c.version.known)
	} else if since := c.store.first(versions); c.version.minor.before(since) {
		p.Message += fmt.Sprintf(" before Kubernetes %s", since)
	} else {
		p.Message += fmt.Sprintf(" since Kubernetes %s", c.store.after(c.store.last(versions)))
	}
	c.report(p)
}
