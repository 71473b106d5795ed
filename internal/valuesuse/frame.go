package valuesuse

import (
	"strconv"
	"text/template/parse"
)

// frame is one execution of a template.
type frame struct {
	*interpreter
	template    *template
	environment []variable // the innermost declaration last
	isRendered  bool       // Helm renders the template by itself
}

type variable struct {
	name  string
	value *value
}

// execute executes a template with a dot.
func (in *interpreter) execute(t *template, dot *value) {
	t.executed = true
	f := &frame{
		interpreter: in,
		template:    t,
		environment: []variable{{"$", dot}},
		isRendered:  len(in.stack) == 0 && in.uncertain == 0,
	}
	in.stack = append(in.stack, t)
	f.list(t.list, dot)
	in.stack = in.stack[:len(in.stack)-1]
}

func (f *frame) list(list *parse.ListNode, dot *value) {
	if list == nil {
		return
	}
	declared := len(f.environment)
	for _, n := range list.Nodes {
		f.node(n, dot)
	}
	f.environment = f.environment[:declared]
}

func (f *frame) node(n parse.Node, dot *value) {
	if f.steps++; f.steps > maxSteps {
		return
	}
	declared := len(f.environment)
	switch n := n.(type) {
	case *parse.ActionNode:
		f.action(n, dot)
		return // it may declare a variable
	case *parse.TemplateNode:
		f.templateAction(n, dot)
	case *parse.IfNode:
		f.readShallow(f.pipe(n.Pipe, dot))
		f.list(n.List, dot)
		f.list(n.ElseList, dot)
	case *parse.WithNode:
		v := f.pipe(n.Pipe, dot)
		f.readShallow(v)
		f.list(n.List, v)
		f.list(n.ElseList, dot)
	case *parse.RangeNode:
		f.rangeOver(n, dot)
	}
	f.environment = f.environment[:declared]
}

// action executes {{ pipeline }}. Its value is printed unless a variable takes it.
func (f *frame) action(n *parse.ActionNode, dot *value) {
	if len(n.Pipe.Decl) > 0 {
		f.pipe(n.Pipe, dot)
		return
	}
	f.recordAt(n.Pos, func() { f.readDeep(f.pipe(n.Pipe, dot)) })
}

func (f *frame) templateAction(n *parse.TemplateNode, dot *value) {
	var argument *value
	if n.Pipe != nil {
		argument = f.pipe(n.Pipe, dot)
	}
	f.recordAt(n.Pos, func() { f.include(n.Name, argument) })
}

// rangeOver executes the body of a range for the join of all items; a second time if the first changed a variable or a
// dict.
func (f *frame) rangeOver(n *parse.RangeNode, dot *value) {
	declared := len(f.environment)
	over := f.commands(n.Pipe, dot)
	f.readShallow(over)
	item := f.item(over)
	f.readShallow(item)
	const times = 2
	for range times {
		f.environment = f.environment[:declared]
		switch len(n.Pipe.Decl) {
		case 1:
			f.assign(n.Pipe, n.Pipe.Decl[0], item)
		case 2:
			f.assign(n.Pipe, n.Pipe.Decl[0], f.itemKey(over))
			f.assign(n.Pipe, n.Pipe.Decl[1], item)
		}
		writes := f.writes
		f.list(n.List, item)
		if f.writes == writes {
			break
		}
	}
	f.environment = f.environment[:declared]
	f.list(n.ElseList, dot)
}

// item returns the join of all items of a list, or of all values of a map.
func (in *interpreter) item(v *value) *value {
	if v == nil {
		return nil
	}
	parts := []*value{}
	for _, p := range v.paths {
		parts = append(parts, &value{paths: []*path{in.child(p, anyKey)}})
	}
	for _, key := range sortedKeys(v.fields) {
		parts = append(parts, v.fields[key])
	}
	return in.join(append(parts, v.remainder()...)...)
}

// remainder returns what v may hold besides paths and fields.
func (v *value) remainder() []*value {
	var parts []*value
	if v.rest != nil {
		parts = append(parts, v.rest)
	}
	if v.foreign {
		parts = append(parts, nil)
	}
	return parts
}

// itemKey returns the keys of a dict, if they are known; else nil.
func (in *interpreter) itemKey(v *value) *value {
	if v == nil || v.foreign || v.rest != nil || len(v.paths) > 0 || v.isContext {
		return nil
	}
	return &value{texts: sortedKeys(v.fields)}
}

// pipe returns the value of a pipeline and assigns it to the variables that the pipeline declares.
func (f *frame) pipe(p *parse.PipeNode, dot *value) *value {
	v := f.commands(p, dot)
	for _, variable := range p.Decl {
		f.assign(p, variable, v)
	}
	return v
}

// assign declares a variable, or joins a value into one: it is not known whether the assignment is executed.
func (f *frame) assign(p *parse.PipeNode, target *parse.VariableNode, v *value) {
	name := target.Ident[0]
	if v != nil && v.isLiteral {
		v = constant(v.texts[0])
	}
	if !p.IsAssign {
		f.environment = append(f.environment, variable{name, v})
		return
	}
	assigned := f.lookup(name)
	if assigned == nil {
		return
	}
	if old := assigned.value; old != v && !old.includes(v) {
		assigned.value = f.join(old, v)
		f.writes++
	}
}

// lookup returns the innermost variable of a name, or nil.
func (f *frame) lookup(name string) *variable {
	for i := len(f.environment) - 1; i >= 0; i-- {
		if f.environment[i].name == name {
			return &f.environment[i]
		}
	}
	return nil
}

func (f *frame) commands(p *parse.PipeNode, dot *value) *value {
	if p == nil {
		return nil
	}
	var v *value
	for i, c := range p.Cmds {
		v = f.command(c, dot, v, i > 0)
	}
	return v
}

// command returns the value of a command. If piped, its last argument is the value of the command before it.
func (f *frame) command(c *parse.CommandNode, dot, before *value, piped bool) *value {
	var arguments []*value
	evaluate := func() {
		for _, n := range c.Args[1:] {
			arguments = append(arguments, f.operand(n, dot))
		}
		if piped {
			arguments = append(arguments, before)
		}
	}
	if function, ok := c.Args[0].(*parse.IdentifierNode); ok {
		evaluate()
		return f.function(function.Ident, function, arguments)
	}
	v := f.operand(c.Args[0], dot)
	if len(c.Args) == 1 && !piped {
		return v
	}
	evaluate()
	f.readDeep(v) // a method with arguments
	f.readDeep(arguments...)
	return nil
}

func (f *frame) operand(n parse.Node, dot *value) *value {
	if f.steps++; f.steps > maxSteps {
		return nil
	}
	switch n := n.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return f.chain(n, dot, n.Ident)
	case *parse.VariableNode:
		return f.chain(n, f.variable(n.Ident[0]), n.Ident[1:])
	case *parse.ChainNode:
		return f.chain(n, f.operand(n.Node, dot), n.Field)
	case *parse.PipeNode:
		return f.pipe(n, dot)
	case *parse.IdentifierNode:
		return f.function(n.Ident, n, nil)
	case *parse.StringNode:
		f.readText(n.Text, f.renderedScope())
		return &value{texts: []string{n.Text}, isLiteral: true}
	case *parse.NumberNode:
		return &value{texts: []string{n.Text}, isLiteral: true}
	case *parse.BoolNode:
		return &value{texts: []string{strconv.FormatBool(n.True)}, isLiteral: true}
	}
	return nil
}

// renderedScope returns the values of the chart whose file is being rendered.
func (f *frame) renderedScope() []*path {
	return f.stack[0].file.context.fields["Values"].paths[:1]
}

func (f *frame) variable(name string) *value {
	if v := f.lookup(name); v != nil {
		return v.value
	}
	return nil
}

func (f *frame) location(n parse.Node, step int) *location {
	return &location{file: f.template.file, pos: n.Position(), step: step}
}

// chain returns the value of a chain of field accesses, such as .a.b.c.
func (f *frame) chain(n parse.Node, v *value, names []string) *value {
	for step, name := range names {
		v = f.field(f.location(n, step), v, name)
	}
	return v
}

// methods are those of chartutil.Values, Helm's type for the values of a chart. The results of all but AsMap are not
// followed.
var methods = map[string]bool{"AsMap": true, "Encode": true, "PathValue": true, "Table": true, "YAML": true}

// field returns a field of a map, or the result of a method.
func (f *frame) field(at *location, v *value, name string) *value {
	if p := v.onlyPath(); p != nil && p.isScope && methods[name] {
		if name != "AsMap" {
			f.readDeep(v)
			return nil
		}
		return v
	}
	return f.get(at, v, name)
}

// get returns what v has under a known key. at is nil if the key is not a literal of the template.
func (f *frame) get(at *location, v *value, key string) *value {
	if v == nil {
		return nil
	}
	parts := []*value{}
	for _, p := range v.paths {
		below := f.child(p, key)
		f.recordAccess(at, v, below)
		parts = append(parts, &value{paths: []*path{below}})
	}
	if field, isSet := v.fields[key]; isSet {
		parts = append(parts, field)
	}
	return f.join(append(parts, v.remainder()...)...)
}

// index returns what v has under a computed key. If the key is not known, all of v counts as read.
func (f *frame) index(at *location, v, key *value) *value {
	f.readShallow(key)
	if v == nil {
		return nil
	}
	keys, known := key.constants()
	if !known {
		for _, p := range v.paths {
			f.markRead(p, true)
		}
		return f.item(v)
	}
	if !key.isLiteral {
		at = nil // the key may be passed to a template that is called with others too
	}
	parts := make([]*value, len(keys))
	for i, key := range keys {
		parts[i] = f.get(at, v, key)
	}
	return f.join(parts...)
}
