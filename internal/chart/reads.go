package chart

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"text/template/parse"

	"go.yaml.in/yaml/v3"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Which values templates read is found in their parse trees: every template is executed on what is known of its dot, both
// branches of every condition taken, and where a value ends up (printed, compared, handed to a function) it is noted as read.
// What cannot be followed counts as reading everything that it might read: a key that is called unread is read by nothing.

// anyKey is the step into a map or list whose key or index is not known.
const anyKey = "\x00"

// place is a place in the values of the root chart. There is one place for each path that templates take.
type place struct {
	id       int
	parent   *place
	key      string
	depth    int
	children map[string]*place

	read  bool // templates read the value: whether it is there, what it is if it is no map or list
	below bool // and all that is in it
	live  bool // it, or something in it, is read
	asked bool // templates look whether it is there
	open  bool // templates, or imports from subcharts, put something in it

	values bool   // it holds all values of a chart of the tree
	above  *place // the parent chart's global that this one of a subchart is copied from
}

// maxDepth bounds how deep a recursive template is followed into the values.
const maxDepth = 40

func (r *reader) child(p *place, key string) *place {
	if c := p.children[key]; c != nil {
		return c
	}
	if p.depth >= maxDepth {
		p.below = true
		return p
	}
	r.places++
	c := &place{id: r.places, parent: p, key: key, depth: p.depth + 1}
	if p.children == nil {
		p.children = map[string]*place{}
	}
	p.children[key] = c
	return c
}

func (r *reader) descend(p *place, keys ...string) *place {
	for _, key := range keys {
		p = r.child(p, key)
	}
	return p
}

// path is the keys from the values of the root chart.
func (p *place) path() []string {
	keys := make([]string, p.depth)
	for ; p.parent != nil; p = p.parent {
		keys[p.depth-1] = p.key
	}
	return keys
}

// mark notes that a value is read. A subchart's globals are its parents' too.
func (r *reader) mark(p *place, below bool) {
	for {
		p.read = true
		p.below = p.below || below
		for up := p; up != nil && !up.live; up = up.parent {
			up.live = true
		}
		if r.collected != nil {
			r.collected[p] = true
		}
		if p.above = r.global(p); p.above == nil {
			return
		}
		p = p.above
	}
}

// global is the place in the parent chart's values that Helm copies a global of a subchart from, or nil.
func (r *reader) global(p *place) *place {
	keys := p.path()
	for at := p; at.parent != nil; at = at.parent {
		if at.key != chartutil.GlobalKey || !at.parent.values || at.parent.parent == nil {
			continue
		}
		parent := at.parent.parent
		for !parent.values {
			parent = parent.parent
		}
		return r.descend(parent, keys[at.depth-1:]...)
	}
	return nil
}

// templateFile is a template file and the chart that it belongs to.
type templateFile struct {
	name     string // Helm's name for it
	position Position
	lineEnds []int
	root     *datum // what its dot is, where it is rendered by itself
	own      bool   // it is the root chart's
}

func (f *templateFile) line(at parse.Pos) int {
	line, _ := slices.BinarySearch(f.lineEnds, int(at))
	return line + 1
}

// body is what a define holds.
type body struct {
	list *parse.ListNode
	file *templateFile
	seen bool // it has been executed
}

// spot is a place in a template: an action, or one of the steps that it takes into the values.
type spot struct {
	file *templateFile
	at   parse.Pos
	step int
}

// reader executes templates on what is known of the values.
type reader struct {
	values  *place // of the root chart
	places  int
	scopes  []*place // the values of each chart of the tree
	files   []*body  // what is rendered by itself
	defines map[string][]*body

	accesses map[spot]map[*place]bool // the steps that the chart's own templates take into the values, by keys that they name
	actions  map[spot]map[*place]bool // what each action reads, in templates that are rendered by themselves

	collected map[*place]bool // what the current action, or the current call, reads
	calls     map[string]*call
	frames    []*body
	unsure    int // above 0 while executing what may not be executed like that
	changes   int // that were made to variables and dicts
	steps     int

	// undecided is set when not everything that is read can be known, such as with templates that do not parse.
	undecided bool
}

// call is one execution of a define; the next that is just like it adds nothing.
type call struct {
	reads map[*place]bool
}

// maxSteps bounds the work on a chart: beyond, its reads are undecided. The charts of cert-manager, ingress-nginx, Istio and Kyverno
// take 1,000 to 14,000.
const maxSteps = 300_000

// templateReads are what the templates of the chart and of its subcharts read, found once.
func (c *Chart) templateReads() *reader {
	c.readsOnce.Do(func() { c.reads = c.read() })
	return c.reads
}

func (c *Chart) read() *reader {
	r := &reader{
		values:   &place{values: true},
		defines:  map[string][]*body{},
		accesses: map[spot]map[*place]bool{},
		actions:  map[spot]map[*place]bool{},
		calls:    map[string]*call{},
	}
	c.addChart(r, c.helm, c.helm.Name(), "", r.values)
	for _, file := range r.files {
		r.execute(file, file.file.root)
	}
	r.executeRest()
	if r.steps > maxSteps {
		r.undecided = true
	}
	return r
}

// executeRest executes the defines that no template includes, or that are included by a name that only rendering knows.
func (r *reader) executeRest() {
	r.unsure++
	for _, name := range sortedKeys(r.defines) {
		for _, b := range r.defines[name] {
			if !b.seen {
				r.call(name, b, b.file.root)
			}
		}
	}
	r.unsure--
}

// addChart takes in the templates of a chart and of its subcharts. name is the chart's full name in Helm's words, folder where
// it stands in the root chart, and values the place of its values.
func (c *Chart) addChart(r *reader, helm *helmchart.Chart, name, folder string, values *place) *datum {
	values.values = true
	r.scopes = append(r.scopes, values)
	own := values.parent == nil
	first := len(r.scopes) - 1
	subcharts := &datum{fields: map[string]*datum{}}
	root := &datum{root: true, fields: map[string]*datum{
		"Values":    {places: []*place{values}},
		"Subcharts": subcharts,
	}}
	for _, d := range r.dependencies(helm, values) {
		at := c.folders[rawFile(d.chart, metadataFile)]
		subcharts.fields[d.name] = c.addChart(r, d.chart, name+"/charts/"+d.name, at, r.child(values, d.name))
	}
	library := strings.EqualFold(helm.Metadata.Type, "library")
	for _, t := range helm.Templates {
		partial := isPartial(t.Name)
		if library && !partial {
			continue // Helm leaves it out
		}
		file := &templateFile{
			name:     path.Join(name, t.Name),
			position: c.file(path.Join(folder, t.Name)),
			lineEnds: lineEnds(string(t.Data)),
			root:     root,
			own:      own,
		}
		r.parse(file, string(t.Data), partial)
	}
	for _, f := range helm.Raw {
		if !isTemplateOrText(f.Name) {
			r.readText(string(f.Data), r.scopes[first:])
		}
	}
	return root
}

// isTemplateOrText says whether a file is a template, read as such, or documentation, which is never rendered.
func isTemplateOrText(name string) bool {
	return strings.HasPrefix(name, "templates/") || strings.HasPrefix(name, "charts/") || path.Ext(name) == ".md"
}

func lineEnds(text string) []int {
	var ends []int
	for i := range len(text) {
		if text[i] == '\n' {
			ends = append(ends, i)
		}
	}
	return ends
}

func (r *reader) parse(file *templateFile, text string, partial bool) {
	trees := map[string]*parse.Tree{}
	tree := parse.New(file.name)
	tree.Mode = parse.SkipFuncCheck
	if _, err := tree.Parse(text, "", "", trees); err != nil {
		r.undecided = true
		return
	}
	for name, tree := range trees {
		b := &body{list: tree.Root, file: file}
		if name == file.name && !partial {
			r.files = append(r.files, b)
		}
		if !slices.ContainsFunc(r.defines[name], b.same) {
			r.defines[name] = append(r.defines[name], b)
		}
	}
}

// same says whether two defines of one name, as aliases of one subchart bring them, are the same.
func (b *body) same(other *body) bool {
	return !b.file.own && !other.file.own && b.list.String() == other.list.String()
}

// dependency is a subchart and the name under which it finds its values.
type dependency struct {
	name  string
	chart *helmchart.Chart
}

// dependencies are a chart's subcharts, whether or not the values enable them. It notes the values that Helm itself reads to
// decide on them.
func (r *reader) dependencies(helm *helmchart.Chart, values *place) []dependency {
	var found []dependency
	listed := map[*helmchart.Chart]bool{}
	for _, want := range helm.Metadata.Dependencies {
		if want == nil {
			continue
		}
		name := cmp.Or(want.Alias, want.Name)
		r.readDependency(want, values, r.child(values, name))
		missing := true
		for _, d := range helm.Dependencies() {
			if d.Name() == want.Name && chartutil.IsCompatibleRange(want.Version, d.Metadata.Version) {
				listed[d] = true
				found = append(found, dependency{name, d})
				missing = false
				break
			}
		}
		if missing {
			r.mark(r.child(values, name), true)
			r.mark(r.child(values, chartutil.GlobalKey), true)
		}
	}
	for _, d := range helm.Dependencies() {
		if !listed[d] {
			found = append(found, dependency{d.Name(), d})
		}
	}
	return found
}

// readDependency notes the values that a dependency's condition, tags and imports read.
func (r *reader) readDependency(d *helmchart.Dependency, parent, child *place) {
	for _, condition := range strings.Split(d.Condition, ",") {
		if condition = strings.TrimSpace(condition); condition != "" {
			r.mark(r.descend(parent, strings.Split(condition, ".")...), true)
		}
	}
	for _, tag := range d.Tags {
		r.mark(r.descend(parent, "tags", tag), true)
		r.mark(r.descend(r.values, "tags", tag), true)
	}
	for _, imported := range d.ImportValues {
		switch imported := imported.(type) {
		case string:
			r.mark(r.descend(child, "exports", imported), true)
			parent.open = true
		case map[string]any:
			r.mark(r.descend(child, strings.Split(fmt.Sprint(imported["child"]), ".")...), true)
			into := parent
			if to := fmt.Sprint(imported["parent"]); to != "." {
				into = r.descend(parent, strings.Split(to, ".")...)
			}
			into.open = true
		}
	}
}

// ValuesKey is a key of the values as people write it, such as image.tag, and the place that it is about.
type ValuesKey struct {
	Key      string
	Position Position
}

// UnusedValues are the keys of the chart's own values.yaml that no template of it or of its subcharts reads, in the order of the
// file; of a map that is unread, only its own key. None where that cannot be decided. A library chart has none: those that use
// it read its values.
func (c *Chart) UnusedValues() []ValuesKey {
	r := c.templateReads()
	if r.undecided || c.IsLibrary() {
		return nil
	}
	document := c.document(valuesFile, rawFile(c.helm, valuesFile))
	u := unused{chart: c, anchored: map[*yaml.Node]bool{}}
	u.anchors(document)
	u.visit(document, []*place{r.values}, nil)
	return u.found
}

type unused struct {
	chart    *Chart
	anchored map[*yaml.Node]bool // what is used elsewhere in the file by an alias
	found    []ValuesKey
}

func (u *unused) anchors(n *yaml.Node) {
	if n == nil {
		return
	}
	if n.Kind == yaml.AliasNode {
		u.anchored[n.Alias] = true
		return
	}
	for _, below := range n.Content {
		u.anchors(below)
	}
}

func (u *unused) visit(n *yaml.Node, places []*place, keys []string) {
	if n == nil || u.anchored[n] || slices.ContainsFunc(places, func(p *place) bool { return p.below }) {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; key.Tag != "!!merge" {
				u.entry(key, n.Content[i+1], places, append(slices.Clip(keys), key.Value))
			}
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			index := fmt.Sprint(i)
			u.visit(item, steps(places, index), append(slices.Clip(keys), index))
		}
	}
}

func (u *unused) entry(key, value *yaml.Node, places []*place, keys []string) {
	below := steps(places, key.Value)
	if slices.ContainsFunc(below, func(p *place) bool { return p.live }) {
		u.visit(value, below, keys)
		return
	}
	if u.isAnchored(value) || len(keys) == 1 && isForParents(key.Value, value) {
		return
	}
	at := u.chart.file(valuesFile)
	at.Line, at.Column = key.Line, key.Column
	u.found = append(u.found, ValuesKey{Key: keyPath(keys), Position: at})
}

// isForParents says whether a chart has a key by convention, for the charts that it is a dependency of: they name `enabled` as the
// dependency's condition, import what is under `exports`, and fill in the globals.
func isForParents(key string, value *yaml.Node) bool {
	return key == "enabled" || key == "exports" || key == chartutil.GlobalKey && len(value.Content) == 0
}

// isAnchored says whether an alias elsewhere in the file takes the value, or a part of it.
func (u *unused) isAnchored(n *yaml.Node) bool {
	return u.anchored[n] || slices.ContainsFunc(n.Content, u.isAnchored)
}

// steps are the places that a key or index under some places leads to.
func steps(places []*place, key string) []*place {
	var found []*place
	for _, p := range places {
		for _, name := range []string{key, anyKey} {
			if c := p.children[name]; c != nil {
				found = append(found, c)
			}
		}
	}
	return found
}
