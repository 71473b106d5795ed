package linter

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/prop"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/valuesschema"
	"github.com/traderadmin/charts/internal/valuesuse"
	"github.com/traderadmin/charts/lint/draw"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/probe"
	"github.com/traderadmin/charts/lint/rule"
)

// drawsName is the name of the values set of a draw, for suppressions.
const drawsName = "draw"

// drawRules are the rules that run on what draws show.
var drawRules = []string{rule.AllowsTooMuch, rule.RefusesNothing}

// judges are the rules about draws that Helm or the API server refuses, besides those that are Refused.
var judges = []string{"manifest-invalid", rule.RenderFailure, rule.APIRefuses}

// Requests above limits are no gap of a schema, which cannot compare them, and the API server says it clearly enough.
const requests = "request-above-limit"

// draws returns the number of values to draw for the charts of a policy.
func (r *run) draws(p *policy.Policy) int { return max(int(cmp.Or(r.options.Draws, p.Draws)), 0) }

func (r *run) hasDraws(p *policy.Policy) bool { return r.draws(p) > 0 }

// shrinks limits the renderings, as a multiple of the draws: most of them reduce what is refused.
const shrinks = 4

// judge renders a chart with draws.
type judge struct {
	run    *run
	opened *opened
	set    *chart.ValuesSet // that the draws change
	base   *chart.Rendered
	rules  []*rule.Rule
	source *draw.Source
	known  map[findingKey]bool // of the values sets
	left   int                 // templates to render, at most
	only   string              // the template that draws are reduced with; everything at first
	causes map[cause][][]string
	err    error

	hidesReads bool // it is not known which values some templates read
}

// cause identifies why values are refused.
type cause struct {
	rule, field, message string
	at                   Position
}

// refusal is a finding about a rendering with a draw.
type refusal struct {
	cause
	finding  Finding
	template string // that shows the cause; everything if it is not known
}

// drawValues returns the findings of the rules about what draws show that change the values of a valid rendering.
func (r *run) drawValues(
	ctx context.Context, o *opened, base *baseRendering, known []occurrence[Finding],
) ([]Finding, error) {
	n := r.draws(o.policy)
	if n == 0 || base.rendered == nil || o.chart.IsLibrary() {
		return nil, nil
	}
	j := &judge{
		run: r, opened: o, set: o.variants.sets[base.set], base: base.rendered, left: shrinks * n * base.rendered.Templates(),
		known: map[findingKey]bool{}, causes: map[cause][][]string{},
		hidesReads: hidesReads(o.chart) || hasTemplate(base.rendered.Values()),
	}
	for _, o := range known {
		j.known[keyOf(o.item)] = true
	}
	for _, rl := range r.rules(o.policy) {
		if rl.Refused && !rl.ComparesReleases && rl.ID != requests || slices.Contains(judges, rl.ID) {
			j.rules = append(j.rules, rl)
		}
	}
	j.source = draw.NewSource(base.rendered, func(settings []probe.Setting) *chart.Rendered {
		plain := make([]chart.Setting, len(settings))
		for i, s := range settings {
			plain[i] = s.Setting
		}
		return j.render(plain)
	})
	if j.source.Size() == 0 {
		return nil, nil
	}
	parameters := gopter.DefaultTestParametersWithSeed(r.options.DrawSeed)
	pass := rule.Pass{
		Chart: o.chart, Rendered: base.rendered, Policy: o.policy,
		Ineffective: j.ineffective(parameters, n), Refused: j.explore(ctx, parameters, n),
	}
	var findings []Finding
	for _, rl := range r.rules(o.policy) {
		if !slices.Contains(drawRules, rl.ID) {
			continue
		}
		for _, f := range rl.Run(pass) {
			found := newFinding(o.path, f)
			found.Probe.Flags, found.Variants = f.Flags, f.Flags
			if j.set != nil && f.Flags != "" { // the schema refuses the default values
				found.Variants = j.set.Name() + " and " + f.Flags
			}
			findings = append(findings, found)
		}
	}
	return findings, j.err
}

// explore draws values, and returns the smallest that are refused, for each cause.
func (j *judge) explore(ctx context.Context, parameters *gopter.TestParameters, n int) []rule.Refused {
	var found []rule.Refused
	for n > 0 && j.left > 0 && j.err == nil && ctx.Err() == nil {
		parameters.MinSuccessfulTests = n
		j.only = everything
		var smallest *refusal
		result := prop.ForAll(func(d draw.Draw) bool {
			refused := j.next(d, smallest)
			if refused != nil && smallest == nil {
				j.restrict(d, refused)
			}
			if refused != nil {
				smallest = refused
			}
			return refused == nil
		}, j.source.Gen()).Check(parameters)
		n -= result.Succeeded + 1
		switch result.Status {
		case gopter.TestFailed:
			d, refused := j.confirmed(result.Args[len(result.Args)-1], smallest)
			if !j.explained(d, refused.cause) {
				found = append(found, refusedBy(d, refused.finding))
			}
			for _, c := range []cause{smallest.cause, refused.cause} {
				j.causes[c] = append(j.causes[c], keys(d))
			}
		case gopter.TestError:
			j.err = fmt.Errorf("draw values of %s: %w", j.opened.path, result.Error)
		}
	}
	return distinctRefusals(found)
}

// restrict chooses the template to reduce a draw with, if it alone shows why the draw is refused.
func (j *judge) restrict(d draw.Draw, refused *refusal) {
	j.only = refused.template
	if j.next(d, refused) == nil {
		j.only = everything
	}
}

// confirmed renders everything with the smallest draw that is refused. It returns the draw, and why it is refused now:
// the template that failed before may be included by one that fails first. If it is not refused, it returns the first
// draw that was.
func (j *judge) confirmed(shrunk *gopter.PropArg, before *refusal) (draw.Draw, *refusal) {
	d := shrunk.Arg.(draw.Draw)
	if j.only == everything || j.left <= 0 {
		return d, before
	}
	j.only = everything
	refusals := j.judge(d)
	for i := range refusals {
		if refusals[i].cause == before.cause {
			return d, &refusals[i]
		}
	}
	if len(refusals) > 0 {
		return d, &refusals[0]
	}
	return shrunk.OrigArg.(draw.Draw), before
}

// ineffective breaks n keywords of the schemas at most, and returns those that refuse nothing.
func (j *judge) ineffective(parameters *gopter.TestParameters, n int) []rule.Ineffective {
	defer j.run.watch(j.opened.path, "checking its schema with broken values")()
	random := gopter.GenParameters{MaxSize: parameters.MaxSize, Rng: parameters.Rng}
	var found []rule.Ineffective
	for _, i := range j.source.Ineffective(&random, n) {
		found = append(found, rule.Ineffective{
			Position: i.Position, Keyword: i.Keyword.Value, Key: schema.FormatPath(i.Path), Reason: i.Useless,
			Flags: i.Accepted.Flags(), Annotation: i.IsAnnotation(),
		})
	}
	return found
}

// keys returns the paths of the values of a draw.
func keys(d draw.Draw) []string {
	var found []string
	for _, c := range d {
		found = append(found, schema.FormatPath(c.Path))
	}
	return found
}

// next returns why a draw is refused: for the same cause as before, or for one that no draw with these keys has shown.
func (j *judge) next(d draw.Draw, before *refusal) *refusal {
	if j.left <= 0 || !j.source.IsValid(d) {
		return nil
	}
	for _, r := range j.judge(d) {
		if before != nil && r.cause == before.cause || before == nil && !j.explained(d, r.cause) {
			return &r
		}
	}
	return nil
}

// explained reports whether a draw has the keys of another that was refused for the same cause.
func (j *judge) explained(d draw.Draw, c cause) bool {
	has := keys(d)
	return slices.ContainsFunc(j.causes[c], func(known []string) bool {
		return !slices.ContainsFunc(known, func(key string) bool { return !slices.Contains(has, key) })
	})
}

// render renders the template of j.only, or the templates that read values of the settings. The others print what they
// print without them.
func (j *judge) render(settings []chart.Setting) *chart.Rendered {
	defer j.run.watch(j.opened.path, "rendering it with values drawn from the schema")()
	const merging = 10 // the values takes as long as rendering a tenth of the templates
	variant := j.base.Variant().WithValues(j.set.With(drawsName, settings))
	templates := map[string]bool{j.only: true}
	if j.only == everything {
		templates = j.readers(settings)
	}
	if templates == nil {
		j.left -= j.base.Templates()
		return j.opened.chart.Render(variant)
	}
	j.left -= len(templates) + 1 + j.base.Templates()/merging
	rendered := j.opened.chart.Render(variant.WithTemplates(templates))
	rendered.Objects = slices.DeleteFunc(rendered.Objects, func(o *chart.Object) bool { return !templates[o.Template()] })
	return rendered
}

// readers returns the templates that read values of the settings; nil if any may.
func (j *judge) readers(settings []chart.Setting) map[string]bool {
	var paths [][]string
	for _, s := range settings {
		paths = append(paths, s.Path)
	}
	readers, known := valuesuse.Readers(j.opened.chart, paths)
	if !known || j.hidesReads {
		return nil
	}
	return readers
}

// otherTpl matches the execution of texts that are no values.
var otherTpl = regexp.MustCompile("\\btpl\\s+(?:[\"`]|\\(\\s*print)")

// hidesReads reports whether templates of a chart execute texts that are no values, which may read any.
func hidesReads(c *chart.Chart) bool {
	var hides func(*chart.Source) bool
	hides = func(source *chart.Source) bool {
		return slices.ContainsFunc(source.Templates, func(t *chart.File) bool {
			text := string(t.Content)
			return otherTpl.MatchString(text) || strings.Contains(text, "tpl") && strings.Contains(text, ".Files")
		}) || slices.ContainsFunc(source.Dependencies, func(d chart.Dependency) bool {
			return d.Source != nil && hides(d.Source)
		})
	}
	return hides(c.Source())
}

// hasTemplate reports whether a value has a text that may be a template, which may read any value.
func hasTemplate(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "{{")
	case []any:
		return slices.ContainsFunc(v, hasTemplate)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasTemplate)
	}
	return false
}

// judge returns why a draw is refused.
func (j *judge) judge(d draw.Draw) []refusal {
	rendered := j.render(d.Settings())
	if len(valuesschema.Violations(rendered)) > 0 {
		return nil // with the dependencies that the values enable
	}
	pass := rule.Pass{
		Chart: j.opened.chart, Rendered: rendered, Policy: j.opened.policy, ValuesSet: drawsName,
		KubeVersion: j.base.Variant().KubeVersion(), CRDs: j.run.crds,
	}
	newest := len(j.opened.variants.versions) - 1
	if pass.Verdicts, j.err = j.run.verdicts(j.opened, rendering{versions: []int{newest}}, rendered); j.err != nil {
		return nil
	}
	var findings []Finding
	for _, rl := range j.rules {
		for _, f := range rl.Run(pass) {
			findings = append(findings, newFinding(j.opened.path, f))
		}
	}
	var found []refusal
	for _, f := range findings {
		repeated := slices.ContainsFunc(findings, func(other Finding) bool { return repeats(f, other) })
		if !repeated && !isExcused(f) && !j.known[keyOf(f)] && !blamesSample(f) && !blamesGuess(d, f) {
			found = append(found, refusal{causeOf(f), f, templateOf(rendered, f)})
		}
	}
	return found
}

// templateOf returns the template that prints the object of a finding, or that fails; everything if that is not known.
func templateOf(r *chart.Rendered, f Finding) string {
	for _, o := range r.Objects {
		if o.String() == f.Object {
			return o.Template()
		}
	}
	if template := r.TemplateAt(f.Position.File); !strings.HasPrefix(path.Base(template), "_") {
		return template
	}
	return everything
}

// isExcused reports whether a refusal is no concern of a schema.
func isExcused(f Finding) bool {
	return aboveLimit.MatchString(f.Message) || aboutCluster.MatchString(f.Message) ||
		f.demand && apiVersion.MatchString(f.Message)
}

// blamesGuess reports whether a template fails with values that have a text of which nothing is known.
func blamesGuess(d draw.Draw, f Finding) bool {
	return f.Rule != rule.APIRefuses && slices.ContainsFunc(d, func(c draw.Change) bool { return c.Guessed })
}

// particular matches what depends on a value in messages that have the same cause.
var particular = regexp.MustCompile(
	`value: (?:\{.*?(?:\}|…): |[^":{]*: )|"(?:[^"\\]|\\.)*"|-?\b\d[\w.%]*`)

func causeOf(f Finding) cause {
	message := particular.ReplaceAllLiteralString(anonymous(f), "*")
	if f.demand { // several templates may include the one that demands it
		return cause{rule: f.Rule, message: message}
	}
	f.Position.Column = 0
	return cause{rule: f.Rule, field: index.ReplaceAllLiteralString(f.field, "[*]"), at: f.Position, message: message}
}

// refusedBy describes a draw that is refused. It is located at the last value that is no switch of a part of the chart.
func refusedBy(d draw.Draw, reason Finding) rule.Refused {
	values := slices.DeleteFunc(slices.Clone(d), func(c draw.Change) bool { return c.Value == true })
	if len(values) == 0 {
		values = d
	}
	var described []string
	for _, c := range values {
		described = append(described, schema.FormatPath(c.Path)+"="+schema.FormatValue(c.Value))
	}
	return rule.Refused{
		Schema: values[len(values)-1].Position,
		Keys:   strings.Join(keys(values), " and "), Values: strings.Join(described, " and "), Flags: d.Flags(),
		Together: len(values) > 1 || compares(reason.Message),
		Reason: rule.Finding{
			Rule: reason.Rule, Message: reason.Message, Demand: reason.demand, Position: chart.Position(reason.Position),
		},
	}
}

// comparison matches a message that compares a value with another one, or that names conditions.
var comparison = regexp.MustCompile(
	`\b(?:less|greater|more) than [^\d\s-]|\b(?:when|(?:may|can) only|be both|Duplicate value|does not define)\b`)

// compares reports whether a message is about several values.
func compares(message string) bool {
	return comparison.MatchString(strings.NewReplacer("or equal to ", "", "zero", "0").Replace(message))
}

// aboveLimit and aboutCluster match messages that are no concern of a schema. Neither are demands that name the version
// of an API, such as monitoring.coreos.com/v1.
var (
	aboveLimit   = regexp.MustCompile(`must be less than or equal to \S+ limit`)
	aboutCluster = regexp.MustCompile(`\bthis cluster\b`)
	apiVersion   = regexp.MustCompile(`\b[a-z0-9-]+(?:\.[a-z0-9-]+)+/v\d`)
)

// distinctRefusals leaves out refusals of what one place in the schema describes, after the first by a template and the
// first by the API server, and refusals by one demand. It prefers values that are refused alone.
func distinctRefusals(found []rule.Refused) []rule.Refused {
	type same struct {
		at         chart.Position
		byTemplate bool
	}
	slices.SortStableFunc(found, func(a, b rule.Refused) int {
		switch {
		case a.Together == b.Together:
			return 0
		case b.Together:
			return -1
		}
		return 1
	})
	seen := map[same]bool{}
	return slices.DeleteFunc(found, func(r rule.Refused) bool {
		key := same{r.Schema, r.Reason.Rule == rule.RenderFailure}
		if r.Reason.Demand {
			key.at = r.Reason.Position
		}
		defer func() { seen[key] = true }()
		return seen[key]
	})
}
