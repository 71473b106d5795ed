package valuesuse

import (
	"maps"
	"regexp"
	"strings"
	"text/template/parse"

	"github.com/traderadmin/charts/internal/chart"
)

// interpreter executes the templates of a chart on abstract values and records which of the chart's values they read.
type interpreter struct {
	values    *path   // of the root chart
	paths     int     // how many were made
	scopes    []*path // the values of each chart of the tree
	files     []*template
	templates map[string][]*template // by name; a name may be defined more than once

	accesses map[location]map[*path]bool // field accesses of the root chart's templates by literal keys
	actions  map[location]map[*path]bool // what each action reads, in templates that Helm renders by themselves

	recorded  map[*path]bool   // what the current action, or the current call, reads
	calls     map[string]*call // memoized, by template and argument
	stack     []*template
	uncertain int // above 0 during execution that may not happen like that
	writes    int // to variables and dicts
	steps     int

	// incomplete reports that some reads are not known: a template does not parse, or the analysis took too many steps.
	incomplete bool
}

// location is a location in a template: an action, or one of the field accesses in it.
type location struct {
	file *file
	pos  parse.Pos
	step int
}

// call is a memoized call of a template. An equal call has the same effects.
type call struct{ reads map[*path]bool }

// maxSteps bounds the work on a chart. An analysis that needs more is incomplete. The charts of cert-manager,
// ingress-nginx, Istio and Kyverno take 1,000 to 14,000 steps.
const maxSteps = 300_000

// analyze executes the templates of the chart and its subcharts, once for each chart.
func analyze(c *chart.Chart) *interpreter {
	type key struct{}
	return chart.Once(c, key{}, func() *interpreter {
		in := &interpreter{
			values:    &path{},
			templates: map[string][]*template{},
			accesses:  map[location]map[*path]bool{},
			actions:   map[location]map[*path]bool{},
			calls:     map[string]*call{},
		}
		in.addChart(c.Source(), in.values)
		for _, t := range in.files {
			in.execute(t, t.file.context)
		}
		in.executeRest()
		in.incomplete = in.incomplete || in.steps > maxSteps
		return in
	})
}

// executeRest executes the templates that no template includes, or that one includes by a name that is not known.
func (in *interpreter) executeRest() {
	in.uncertain++
	for _, name := range sortedKeys(in.templates) {
		for _, t := range in.templates[name] {
			if !t.executed {
				in.call(name, t, t.file.context)
			}
		}
	}
	in.uncertain--
}

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

// recordAt runs do and, in a template that Helm renders by itself, records what it reads as the reads of the action at
// pos.
func (f *frame) recordAt(pos parse.Pos, do func()) {
	if !f.isRendered {
		do()
		return
	}
	at := location{file: f.template.file, pos: pos}
	if f.actions[at] == nil {
		f.actions[at] = map[*path]bool{}
	}
	maps.Copy(f.actions[at], f.record(do))
}

// record runs do and returns the paths that it reads. They count as reads of the enclosing recording too.
func (in *interpreter) record(do func()) map[*path]bool {
	enclosing := in.recorded
	in.recorded = map[*path]bool{}
	do()
	reads := in.recorded
	in.recorded = enclosing
	in.replay(reads)
	return reads
}

func (in *interpreter) replay(reads map[*path]bool) {
	if in.recorded != nil {
		maps.Copy(in.recorded, reads)
	}
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

// remainder is what v may hold besides paths and fields.
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

// recordAccess records an access that happens whenever the template runs.
func (f *frame) recordAccess(at *location, v *value, to *path) {
	if at == nil || f.uncertain > 0 || v.onlyPath() == nil || !f.template.file.isOwn {
		return
	}
	if f.accesses[*at] == nil {
		f.accesses[*at] = map[*path]bool{}
	}
	f.accesses[*at][to] = true
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

// readShallow records that it matters whether values are set, and what they are, but not what their parts are.
func (in *interpreter) readShallow(values ...*value) {
	for _, v := range values {
		if v == nil {
			continue
		}
		for _, p := range v.paths {
			p.tested = true
			in.markRead(p, false)
		}
	}
}

// readDeep records that values and all their parts are read.
func (in *interpreter) readDeep(values ...*value) {
	seen := map[*value]bool{}
	var visit func(*value)
	visit = func(v *value) {
		if v == nil || seen[v] {
			return
		}
		seen[v] = true
		for _, p := range v.paths {
			in.markRead(p, true)
		}
		for _, field := range v.fields {
			visit(field)
		}
		visit(v.rest)
	}
	for _, v := range values {
		visit(v)
	}
}

// readContext records that a template that is not executed, such as a text passed to tpl, may read all of a dot. It
// excepts .Values: what the template reads by that name is found in its text.
func (in *interpreter) readContext(values ...*value) {
	seen := map[*value]bool{}
	for len(values) > 0 {
		v := values[0]
		values = values[1:]
		if v == nil || seen[v] {
			continue
		}
		seen[v] = true
		in.readDeep(&value{paths: v.paths, rest: v.rest})
		for key, field := range v.fields {
			if key != "Values" {
				values = append(values, field)
			}
		}
	}
}

// include calls the templates of a name. An unknown template may read all of its argument: it belongs to a dependency
// that is missing.
func (f *frame) include(name string, argument *value) {
	templates := f.templates[name]
	if len(templates) == 0 {
		f.readDeep(argument)
		return
	}
	if len(templates) > 1 {
		f.uncertain++
		defer func() { f.uncertain-- }()
	}
	for _, t := range templates {
		f.call(name, t, argument)
	}
}

// includeAny calls every named template, because the name is not known.
func (f *frame) includeAny(argument *value) {
	f.readContext(argument)
	f.uncertain++
	for _, name := range sortedKeys(f.templates) {
		for _, t := range f.templates[name] {
			if t.file.name != name { // files are executed by themselves
				f.call(name, t, argument)
			}
		}
	}
	f.uncertain--
}

// call executes a named template, unless it was called with an equal argument before.
func (in *interpreter) call(name string, t *template, argument *value) {
	if in.steps++; in.steps > maxSteps {
		return
	}
	var key strings.Builder
	key.WriteString(t.file.name)
	key.WriteByte('\n')
	key.WriteString(name)
	if in.uncertain > 0 {
		key.WriteByte('?')
	}
	key.WriteByte('\n')
	memoizable := argument.describe(&key, 0)
	in.steps += key.Len() / 50
	if known := in.calls[key.String()]; memoizable && known != nil {
		in.replay(known.reads)
		return
	}
	if in.recursesTooDeep(t) {
		in.readContext(argument)
		return
	}
	c := &call{}
	if memoizable {
		in.calls[key.String()] = c // a recursive call with an equal argument ends here
	}
	writes := in.writes
	c.reads = in.record(func() { in.execute(t, argument) })
	if in.writes != writes {
		delete(in.calls, key.String()) // an equal call writes to its own argument
	}
}

// recursesTooDeep reports whether the stack is too deep to call a template.
func (in *interpreter) recursesTooDeep(t *template) bool {
	const maxStack, maxRecursion = 60, 3
	running := 0
	for _, caller := range in.stack {
		if caller == t {
			running++
		}
	}
	return running > maxRecursion || len(in.stack) > maxStack
}

var (
	templateAction = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	valuesPath     = regexp.MustCompile(`\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)*)`)
)

// readText records what a text reads if a template passes it to tpl. That may happen to any text: a string in the
// values, or a file. scopes are the values of the charts that may do so.
func (in *interpreter) readText(text string, scopes []*path) {
	if !strings.Contains(text, ".Values") {
		return
	}
	for _, action := range templateAction.FindAllString(text, -1) {
		for _, found := range valuesPath.FindAllStringSubmatch(action, -1) {
			keys := strings.FieldsFunc(found[1], func(c rune) bool { return c == '.' })
			for _, scope := range scopes {
				in.markRead(in.descend(scope, keys...), true)
			}
		}
	}
}
