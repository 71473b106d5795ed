package kubeschema

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// Problem is something about an object that its kind does not allow.
type Problem struct {
	Class Class
	// Node is the value that is wrong; where one is missing, the map that it is missing from.
	Node chart.Node
	// Path is the field, such as spec.ports[0].port.
	Path string
	// Message says what is wrong; it reads on from Path.
	Message string
	// Meant is the path that was likely meant, of an unknown field; it may be empty.
	Meant string
	// Want is the type that is wanted, of a value of the wrong type; [Quantity] is one for itself.
	Want string
}

// Class is what kind of problem one is.
type Class int

// The classes.
const (
	UnknownField Class = iota
	MissingField
	WrongType
)

// Quantity is what a Problem wants where a value is to be a quantity.
const Quantity = "quantity"

// What a single object may cost. YAML aliases can make a small document endless; what the API server stores, at most 1.5 MiB, has
// fewer values than these.
const (
	maxValues   = 200_000
	maxDepth    = 200
	maxProblems = 100
)

// Check holds an object to its kind: one of Kubernetes' own in version v, or one that crds, which may be nil, define. It
// finds nothing wrong with an object of a kind that neither knows. Null is no value, as in Kubernetes, and an object's
// status is not looked at: it is not for manifests to set.
func (v Version) Check(o *chart.Object, crds *CRDs) []Problem {
	k := kind{o.APIVersion, o.Kind}
	c := checker{store: kubernetes(), version: v, kind: k, left: maxValues}
	if known := c.store.kinds[k]; known.versions&v.known != 0 {
		c.object(o.Node, known.object, nil)
		return c.problems
	}
	if custom := crds.object(k); custom != nil {
		c.object(o.Node, custom, nil)
	}
	return c.problems
}

type checker struct {
	store    *store
	version  Version
	kind     kind
	problems []Problem
	left     int // values that may still be looked at
	depth    int
}

// step is the way to a value: a key, or the index of an item where there is no key.
type step struct {
	parent *step
	owner  *object // that has the key as a field; nil for keys of maps, and for indexes
	key    string
	index  int
}

func (s *step) String() string {
	if s == nil {
		return ""
	}
	path := s.parent.String()
	switch {
	case s.key == "":
		return path + "[" + strconv.Itoa(s.index) + "]"
	case strings.ContainsAny(s.key, "./[] \""):
		return path + "[" + strconv.Quote(s.key) + "]"
	case path == "":
		return s.key
	}
	return path + "." + s.key
}

func (c *checker) report(p Problem) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, p)
	}
}

func (c *checker) wrong(n chart.Node, at *step, want, message string) {
	c.report(Problem{Class: WrongType, Node: n, Path: at.String(), Want: want, Message: message})
}

func (c *checker) value(n chart.Node, t *typ, at *step) {
	c.left--
	if c.left < 0 || c.depth >= maxDepth || !n.Exists() {
		return
	}
	c.depth++
	defer func() { c.depth-- }()
	is := n.Type()
	if want := wanted(t.form); want != "" && !slices.Contains(accepts[t.form], is) {
		c.wrong(n, at, want, "must be "+article(want)+", not "+describe(n))
		return
	}
	switch t.form {
	case structure:
		c.object(n, t.object, at)
	case mapping:
		for key, value := range n.Entries() {
			c.value(value, t.items, &step{parent: at, key: key})
		}
	case list:
		i := 0
		for item := range n.Items() {
			c.value(item, t.items, &step{parent: at, index: i})
			i++
		}
	default:
		if problem := scalarProblem(n, is, t); problem != "" {
			c.wrong(n, at, wanted(t.form), problem)
		}
	}
}

func (c *checker) object(n chart.Node, o *object, at *step) {
	for key, value := range n.Entries() {
		below := step{parent: at, owner: o, key: key}
		f, known := o.field(key, c.version.known)
		switch {
		case known && at == nil && key == "status":
		case known:
			c.value(value, f.typ, &below)
		case !o.open && value.Exists():
			c.unknown(value, &below)
		}
	}
	o.load()
	for _, r := range o.required {
		if r.versions&c.version.known != 0 && !n.Get(r.name).Exists() {
			c.report(Problem{Class: MissingField, Node: n, Path: (&step{parent: at, key: r.name}).String(),
				Message: fmt.Sprintf("is missing, which %s requires", c.kind)})
		}
	}
}

// unknown reports a field that its owner does not have.
func (c *checker) unknown(n chart.Node, at *step) {
	p := Problem{Class: UnknownField, Node: n, Path: at.String(), Message: fmt.Sprintf("is no field of %s", c.kind)}
	var versions mask
	for _, f := range at.owner.fields[at.key] {
		versions |= f.versions
	}
	if versions == 0 {
		p.Meant = c.meant(at)
	} else if since := c.store.first(versions); c.version.minor.before(since) {
		p.Message += fmt.Sprintf(" before Kubernetes %s", since)
	} else {
		p.Message += fmt.Sprintf(" any more since Kubernetes %s", c.store.after(c.store.last(versions)))
	}
	c.report(p)
}

// meant is the path of the field that an unknown one was likely meant to be: one beside it that is spelt much the same, or
// one of its very name in a map around it or below, as where the indent is wrong.
func (c *checker) meant(at *step) string {
	if name := closest(at.key, at.owner.names(c.version.known)); name != "" {
		return (&step{parent: at.parent, key: name}).String()
	}
	for around := at.parent; around != nil; around = around.parent {
		if around.owner == nil {
			continue
		}
		if _, ok := around.owner.field(at.key, c.version.known); ok {
			return (&step{parent: around.parent, key: at.key}).String()
		}
	}
	return c.below(at)
}

// below looks for a field of at's name in the objects below its owner, the nearest first.
func (c *checker) below(at *step) string {
	const levels = 4 // from a CronJob's spec to that of its pod
	level := []*step{{parent: at.parent, owner: at.owner}}
	seen := map[*object]bool{}
	for range levels {
		var next []*step
		for _, s := range level {
			for _, name := range s.owner.names(c.version.known) {
				f, _ := s.owner.field(name, c.version.known)
				if f.typ.form != structure || seen[f.typ.object] || name == "status" {
					continue
				}
				seen[f.typ.object] = true
				inside := &step{parent: &step{parent: s.parent, key: name}, owner: f.typ.object}
				if _, ok := f.typ.object.field(at.key, c.version.known); ok {
					return (&step{parent: inside.parent, key: at.key}).String()
				}
				next = append(next, inside)
			}
		}
		level = next
	}
	return ""
}

// accepts are the YAML types that a value may be written in. An integer may be written as 80.0 or 1e3: in JSON, which is what the
// API server gets, it is one.
var accepts = [...][]chart.Type{
	anything:    nil,
	text:        {chart.String},
	enum:        {chart.String},
	base64Text:  {chart.String},
	timestamp:   {chart.String},
	boolean:     {chart.Boolean},
	int32s:      {chart.Integer, chart.Number},
	int64s:      {chart.Integer, chart.Number},
	number:      {chart.Integer, chart.Number},
	quantity:    {chart.String, chart.Integer, chart.Number},
	intOrString: {chart.String, chart.Integer, chart.Number},
	list:        {chart.List},
	mapping:     {chart.Map},
	structure:   {chart.Map},
}

// wanted is a type in words.
func wanted(f form) string {
	switch f {
	case text, enum, base64Text, timestamp:
		return "string"
	case boolean:
		return "boolean"
	case int32s, int64s:
		return "integer"
	case number:
		return "number"
	case quantity:
		return Quantity
	case intOrString:
		return "integer or string"
	case list:
		return "list"
	case mapping, structure:
		return "map"
	}
	return ""
}

// scalarProblem says what is wrong with a scalar of an acceptable type.
func scalarProblem(n chart.Node, is chart.Type, t *typ) string {
	switch written := n.Text(); t.form {
	case enum:
		// The API server takes an empty string for no value.
		if written != "" && !slices.Contains(t.values, written) {
			return fmt.Sprintf("must be one of %s, not %q", strings.Join(t.values, ", "), written)
		}
	case base64Text:
		if _, err := base64.StdEncoding.DecodeString(written); err != nil {
			return "must be base64, which " + describe(n) + " is not"
		}
	case timestamp:
		if _, err := time.Parse(time.RFC3339, written); err != nil {
			return "must be a time such as 2006-01-02T15:04:05Z, which " + describe(n) + " is not"
		}
	case quantity:
		if _, err := resource.ParseQuantity(written); err != nil && is == chart.String {
			return "must be a quantity such as 500m or 1Gi, which " + describe(n) + " is not"
		}
	case int32s, int64s:
		return integerProblem(n, is, t.form)
	case intOrString:
		if is != chart.String {
			return integerProblem(n, is, int32s)
		}
	}
	return ""
}

func integerProblem(n chart.Node, is chart.Type, f form) string {
	written := strings.ReplaceAll(n.Text(), "_", "") // YAML allows them between digits
	value, err := strconv.ParseFloat(written, 64)
	if whole, notWhole := strconv.ParseInt(written, 0, 64); notWhole == nil {
		value, err = float64(whole), nil
	}
	switch {
	case is == chart.Number && (err != nil || value != math.Trunc(value)):
		return "must be an integer, not " + describe(n)
	case err == nil && f == int32s && (value > math.MaxInt32 || value < math.MinInt32):
		return "must fit 32 bits, which " + describe(n) + " does not"
	}
	return ""
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// describe is a value as a message names it: the string "3", the boolean yes, a map.
func describe(n chart.Node) string {
	switch is := n.Type(); is {
	case chart.Map, chart.List:
		return article(string(is))
	case chart.String:
		return "the string " + strconv.Quote(shorten(n.Text()))
	default:
		return fmt.Sprintf("the %s %s", is, shorten(n.Text()))
	}
}

func shorten(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
