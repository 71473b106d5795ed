package chart

import (
	"maps"
	"regexp"
	"strings"
	"text/template/parse"
)

// variable is one that a template declares.
type variable struct {
	name string
	data *datum
}

// frame is the execution of one template text: a file or a define.
type frame struct {
	*reader
	body      *body
	variables []variable
	rendered  bool // the file is rendered by itself, and not from within another
}

// execute executes a template with what is known of its dot.
func (r *reader) execute(b *body, dot *datum) {
	b.seen = true
	f := &frame{reader: r, body: b, variables: []variable{{"$", dot}}, rendered: len(r.frames) == 0 && r.unsure == 0}
	r.frames = append(r.frames, b)
	f.list(b.list, dot)
	r.frames = r.frames[:len(r.frames)-1]
}

func (f *frame) list(list *parse.ListNode, dot *datum) {
	if list == nil {
		return
	}
	declared := len(f.variables)
	for _, n := range list.Nodes {
		f.node(n, dot)
	}
	f.variables = f.variables[:declared]
}

func (f *frame) node(n parse.Node, dot *datum) {
	if f.steps++; f.steps > maxSteps {
		return
	}
	switch n := n.(type) {
	case *parse.ActionNode:
		f.action(n, dot)
	case *parse.TemplateNode:
		f.template(n, dot)
	case *parse.IfNode:
		declared := len(f.variables)
		f.readSelf(f.pipe(n.Pipe, dot))
		f.list(n.List, dot)
		f.list(n.ElseList, dot)
		f.variables = f.variables[:declared]
	case *parse.WithNode:
		declared := len(f.variables)
		data := f.pipe(n.Pipe, dot)
		f.readSelf(data)
		f.list(n.List, data)
		f.list(n.ElseList, dot)
		f.variables = f.variables[:declared]
	case *parse.RangeNode:
		f.rangeOver(n, dot)
	}
}

// action executes {{ … }}: what it yields is printed, unless a variable takes it.
func (f *frame) action(n *parse.ActionNode, dot *datum) {
	if !f.rendered || len(n.Pipe.Decl) > 0 {
		f.print(n, dot)
		return
	}
	f.collectAt(n.Pos, func() { f.print(n, dot) })
}

// collectAt notes what is read by an action of a template that is rendered by itself.
func (f *frame) collectAt(at parse.Pos, do func()) {
	spot := spot{file: f.body.file, at: at}
	if f.actions[spot] == nil {
		f.actions[spot] = map[*place]bool{}
	}
	maps.Copy(f.actions[spot], f.collect(do))
}

func (f *frame) print(n *parse.ActionNode, dot *datum) {
	if data := f.pipe(n.Pipe, dot); len(n.Pipe.Decl) == 0 {
		f.readAll(data)
	}
}

// collect are the places that are read while do runs; whoever collects around it gets them too.
func (r *reader) collect(do func()) map[*place]bool {
	around := r.collected
	r.collected = map[*place]bool{}
	do()
	reads := r.collected
	r.collected = around
	r.recollect(reads)
	return reads
}

func (r *reader) recollect(reads map[*place]bool) {
	if r.collected == nil {
		return
	}
	for p := range reads {
		r.collected[p] = true
	}
}

func (f *frame) template(n *parse.TemplateNode, dot *datum) {
	var argument *datum
	if n.Pipe != nil {
		argument = f.pipe(n.Pipe, dot)
	}
	if f.rendered {
		f.collectAt(n.Pos, func() { f.include(n.Name, argument) })
		return
	}
	f.include(n.Name, argument)
}

// rangeOver executes the body of a range for any item; once more if that changed a variable or dict that the body reads.
func (f *frame) rangeOver(n *parse.RangeNode, dot *datum) {
	declared := len(f.variables)
	data := f.commands(n.Pipe, dot)
	f.readSelf(data)
	item := f.item(data)
	f.readSelf(item)
	const times = 2
	for range times {
		f.variables = f.variables[:declared]
		switch len(n.Pipe.Decl) {
		case 1:
			f.assign(n.Pipe, n.Pipe.Decl[0], item)
		case 2:
			f.assign(n.Pipe, n.Pipe.Decl[0], f.itemKey(data))
			f.assign(n.Pipe, n.Pipe.Decl[1], item)
		}
		changes := f.changes
		f.list(n.List, item)
		if f.changes == changes {
			break
		}
	}
	f.variables = f.variables[:declared]
	f.list(n.ElseList, dot)
}

// item is any item of a list, or value of a map.
func (r *reader) item(d *datum) *datum {
	if d == nil {
		return nil
	}
	parts := []*datum{}
	for _, p := range d.places {
		parts = append(parts, &datum{places: []*place{r.child(p, anyKey)}})
	}
	for _, key := range sortedKeys(d.fields) {
		parts = append(parts, d.fields[key])
	}
	if d.rest != nil {
		parts = append(parts, d.rest)
	}
	if d.other {
		parts = append(parts, nil)
	}
	return r.union(parts...)
}

// itemKey is the key or index that a range yields: one of a dict's keys, if they are known.
func (r *reader) itemKey(d *datum) *datum {
	if d == nil || d.other || d.rest != nil || len(d.places) > 0 || d.root {
		return nil
	}
	return &datum{texts: sortedKeys(d.fields)}
}

// pipe is what a pipeline yields; the variable it declares or assigns gets it.
func (f *frame) pipe(p *parse.PipeNode, dot *datum) *datum {
	data := f.commands(p, dot)
	for _, v := range p.Decl {
		f.assign(p, v, data)
	}
	return data
}

// assign declares a variable, or lets one be what it may be assigned besides what it may be already: whether a branch is taken
// is not known.
func (f *frame) assign(p *parse.PipeNode, v *parse.VariableNode, data *datum) {
	name := v.Ident[0]
	if data != nil && data.said {
		data = text(data.texts[0])
	}
	if !p.IsAssign {
		f.variables = append(f.variables, variable{name, data})
		return
	}
	for i := len(f.variables) - 1; i >= 0; i-- {
		if f.variables[i].name != name {
			continue
		}
		if old := f.variables[i].data; old != data && !old.within(data) {
			f.variables[i].data = f.union(old, data)
			f.changes++
		}
		return
	}
}

func (f *frame) commands(p *parse.PipeNode, dot *datum) *datum {
	if p == nil {
		return nil
	}
	var data *datum
	for i, c := range p.Cmds {
		data = f.command(c, dot, data, i > 0)
	}
	return data
}

// command is what a command yields, given what the one before it in the pipeline yields.
func (f *frame) command(c *parse.CommandNode, dot, before *datum, piped bool) *datum {
	var arguments []*datum
	evaluate := func() {
		for _, n := range c.Args[1:] {
			arguments = append(arguments, f.argument(n, dot))
		}
		if piped {
			arguments = append(arguments, before)
		}
	}
	if function, ok := c.Args[0].(*parse.IdentifierNode); ok {
		evaluate()
		return f.function(function.Ident, function, arguments)
	}
	data := f.argument(c.Args[0], dot)
	if len(c.Args) == 1 && !piped {
		return data
	}
	evaluate()
	f.readAll(data) // a method with arguments
	f.readAll(arguments...)
	return nil
}

func (f *frame) argument(n parse.Node, dot *datum) *datum {
	if f.steps++; f.steps > maxSteps {
		return nil
	}
	switch n := n.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return f.fields(n, dot, n.Ident)
	case *parse.VariableNode:
		return f.fields(n, f.variable(n.Ident[0]), n.Ident[1:])
	case *parse.ChainNode:
		return f.fields(n, f.argument(n.Node, dot), n.Field)
	case *parse.PipeNode:
		return f.pipe(n, dot)
	case *parse.IdentifierNode:
		return f.function(n.Ident, n, nil)
	case *parse.StringNode:
		f.readText(n.Text, f.ownScopes())
		return &datum{texts: []string{n.Text}, said: true}
	case *parse.NumberNode:
		return &datum{texts: []string{n.Text}, said: true}
	}
	return nil
}

// ownScopes are the values of the charts in whose name the template runs: of the file being rendered.
func (f *frame) ownScopes() []*place {
	return f.frames[0].file.root.fields["Values"].places[:1]
}

func (f *frame) variable(name string) *datum {
	for i := len(f.variables) - 1; i >= 0; i-- {
		if f.variables[i].name == name {
			return f.variables[i].data
		}
	}
	return nil
}

func (f *frame) spot(n parse.Node, step int) *spot {
	return &spot{file: f.body.file, at: n.Position(), step: step}
}

func (f *frame) fields(n parse.Node, d *datum, names []string) *datum {
	for step, name := range names {
		d = f.field(f.spot(n, step), d, name)
	}
	return d
}

// methods are those of Helm's type for the values of a chart. All but AsMap yield what is not followed.
var methods = map[string]bool{"AsMap": true, "Encode": true, "PathValue": true, "Table": true, "YAML": true}

// field is the value of a field of a map.
func (f *frame) field(at *spot, d *datum, name string) *datum {
	if p := d.single(); p != nil && p.values && methods[name] {
		if name != "AsMap" {
			f.readAll(d)
			return nil
		}
		return d
	}
	return f.get(at, d, name)
}

// get is what a map or list that the datum may be has under a key; at is where the template names the key, if it does.
func (f *frame) get(at *spot, d *datum, key string) *datum {
	if d == nil {
		return nil
	}
	parts := []*datum{}
	for _, p := range d.places {
		c := f.child(p, key)
		f.access(at, d, c)
		parts = append(parts, &datum{places: []*place{c}})
	}
	if field, known := d.fields[key]; known {
		parts = append(parts, field)
	}
	if d.rest != nil {
		parts = append(parts, d.rest)
	}
	if d.other {
		parts = append(parts, nil)
	}
	return f.union(parts...)
}

// access notes a step into the values that is taken whenever the template runs.
func (f *frame) access(at *spot, d *datum, to *place) {
	if at == nil || f.unsure > 0 || d.single() == nil || !f.body.file.own {
		return
	}
	if f.accesses[*at] == nil {
		f.accesses[*at] = map[*place]bool{}
	}
	f.accesses[*at][to] = true
}

// at is what a map or list has under a key or index that is computed. Where it cannot be known, all that is there counts as
// read.
func (f *frame) at(named *spot, d, key *datum) *datum {
	f.readSelf(key)
	if d == nil {
		return nil
	}
	keys, known := key.constants()
	if !known {
		for _, p := range d.places {
			f.mark(p, true)
		}
		return f.item(d)
	}
	if !key.said {
		named = nil // a template may be given one that is not there
	}
	parts := make([]*datum, len(keys))
	for i, key := range keys {
		parts[i] = f.get(named, d, key)
	}
	return f.union(parts...)
}

// readSelf notes that it matters whether some data are there and what they are, but not what is in them.
func (r *reader) readSelf(data ...*datum) {
	for _, d := range data {
		if d != nil {
			for _, p := range d.places {
				p.asked = true
				r.mark(p, false)
			}
		}
	}
}

// readAll notes that everything in some data is read.
func (r *reader) readAll(data ...*datum) {
	seen := map[*datum]bool{}
	var visit func(*datum)
	visit = func(d *datum) {
		if d == nil || seen[d] {
			return
		}
		seen[d] = true
		for _, p := range d.places {
			r.mark(p, true)
		}
		for _, field := range d.fields {
			visit(field)
		}
		visit(d.rest)
	}
	for _, d := range data {
		visit(d)
	}
}

// readContext notes that everything in a dot may be read by a template that is no file. What it reads by .Values, though, is found
// in its text.
func (r *reader) readContext(data ...*datum) {
	seen := map[*datum]bool{}
	for len(data) > 0 {
		d := data[0]
		data = data[1:]
		if d == nil || seen[d] {
			continue
		}
		seen[d] = true
		r.readAll(&datum{places: d.places, rest: d.rest})
		for key, field := range d.fields {
			if key != "Values" {
				data = append(data, field)
			}
		}
	}
}

// include executes the define of a name.
func (f *frame) include(name string, argument *datum) {
	bodies := f.defines[name]
	if len(bodies) == 0 { // in a dependency that is missing, and that may read anything
		f.readAll(argument)
		return
	}
	if len(bodies) > 1 {
		f.unsure++
		defer func() { f.unsure-- }()
	}
	for _, b := range bodies {
		f.call(name, b, argument)
	}
}

// includeAny executes every define: the name of the one that is meant is known only when the chart is rendered.
func (f *frame) includeAny(argument *datum) {
	f.readContext(argument)
	f.unsure++
	for _, name := range sortedKeys(f.defines) {
		for _, b := range f.defines[name] {
			if b.file.name != name { // files are executed by themselves
				f.call(name, b, argument)
			}
		}
	}
	f.unsure--
}

// call executes a define, unless it has been executed with such an argument.
func (r *reader) call(name string, b *body, argument *datum) {
	if r.steps++; r.steps > maxSteps {
		return
	}
	var key strings.Builder
	key.WriteString(b.file.name)
	key.WriteByte('\n')
	key.WriteString(name)
	if r.unsure > 0 {
		key.WriteByte('?')
	}
	key.WriteByte('\n')
	described := argument.signature(&key, 0)
	r.steps += key.Len() / 50
	if done := r.calls[key.String()]; described && done != nil {
		r.recollect(done.reads)
		return
	}
	const deep, again = 60, 3
	running := 0
	for _, frame := range r.frames {
		if frame == b {
			running++
		}
	}
	if running > again || len(r.frames) > deep {
		r.readContext(argument)
		return
	}
	c := &call{}
	if described {
		r.calls[key.String()] = c // found by a define that includes itself
	}
	changes := r.changes
	c.reads = r.collect(func() { r.execute(b, argument) })
	if r.changes != changes {
		delete(r.calls, key.String()) // what it changed in its argument, it changes in the next one too
	}
}

var (
	templateAction = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	valuesPath     = regexp.MustCompile(`\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)*)`)
)

// readText notes what a text reads if a template hands it to tpl, for which any text will do: a string in the values, a file. scopes
// are the values of the charts that may do so.
func (r *reader) readText(text string, scopes []*place) {
	if !strings.Contains(text, ".Values") {
		return
	}
	for _, action := range templateAction.FindAllString(text, -1) {
		for _, found := range valuesPath.FindAllStringSubmatch(action, -1) {
			keys := strings.FieldsFunc(found[1], func(c rune) bool { return c == '.' })
			for _, scope := range scopes {
				r.mark(r.descend(scope, keys...), true)
			}
		}
	}
}
