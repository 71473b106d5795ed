package valuesuse

import (
	"strings"
	"text/template/parse"

	"go.yaml.in/yaml/v3"

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
	reads    map[string]map[*path]bool   // what each of those templates reads, by Helm's name for it

	declared *yaml.Node        // the root chart's values.yaml; nil if it has none
	defaults map[Fallback]bool // literal fallbacks of values in the root chart's templates

	recorded  map[*path]bool   // what the current action, or the current call, reads
	calls     map[string]*call // memoized, by template and argument
	joins     []*runningJoin   // the outermost first
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
			defaults:  map[Fallback]bool{},
			calls:     map[string]*call{},
			reads:     map[string]map[*path]bool{},
		}
		if declared := c.File(chart.ValuesYAML); declared != nil {
			in.declared = declared.YAML()
		}
		in.addChart(c.Source(), in.values)
		for _, t := range in.files {
			in.reads[t.file.name] = in.record(func() { in.execute(t, t.file.context) })
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
