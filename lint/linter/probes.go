package linter

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesuse"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/probe"
	"github.com/traderadmin/charts/lint/rule"
)

// Probe says with which values a finding occurs that no values set of the chart has.
type Probe struct {
	// Flags are the flags of helm install that set the values.
	Flags string `json:"flags"`
	// MadeUp names the keys whose values are samples that the linter made up; empty if there are none.
	MadeUp string `json:"madeUp,omitempty"`
}

// probesName is the name of the values set of a probe, for suppressions.
const probesName = "probe"

// unprobed are the rules that do not run on probes, with the reason. They would blame a sample for being one, or the
// chart for what a value announces.
var unprobed = map[string]string{
	"budget-above-quota":       "a release that switches everything on is larger than any that is deployed",
	"dependency-missing":       "it depends on the chart alone",
	"helm-lint":                "it depends on the chart alone",
	"kube-version-narrow":      "it depends on the chart alone",
	"pod-security":             "a switch such as hostNetwork=true asks for it",
	"suppression-invalid":      "it depends on the comments alone",
	"values-schema-global":     "it depends on the chart alone",
	"image-latest":             "a tag may be a sample",
	"image-placeholder":        "an image may be a sample",
	"kind-unknown":             "it says what the linter does not check",
	"limitrange-violated":      "resources may be a sample",
	"pod-above-node":           "resources may be a sample",
	"quantity-suspicious":      "a quantity may be a sample",
	"reference-key-missing":    "a switch such as create=false announces an object that users bring",
	"reference-object-missing": "a switch such as create=false announces an object that users bring",
	"selector-matches-no-pod":  "a switch may drop the pods, or announce that users bring them",
	"suppression-expired":      "it depends on the configuration alone",
	"suppression-unused":       "it depends on the configuration alone",
	"values-default-differs":   "it depends on the chart alone",
	"values-schema-incomplete": "it depends on the chart alone",
	"values-schema-invalid":    "it depends on the chart alone",
	"values-schema-missing":    "it depends on the chart alone",
	"values-schema-open":       "it depends on the chart alone",
	"values-schema-violation":  "values that the schema refuses are not tried",
	"values-undeclared":        "it depends on the chart alone",
	"values-unused":            "it depends on the chart alone",
	"version-not-bumped":       "it depends on the chart alone",
}

// prober renders a chart with values that it offers and that no values set has, and keeps the findings that only these
// show. It tries many values at once. Only if that shows something new does it search for the values that are needed.
type prober struct {
	run     *run
	opened  *opened
	set     *chart.ValuesSet // that the probes change
	base    *chart.Rendered
	rules   []*rule.Rule
	known   map[findingKey]bool
	said    map[[2]string]bool // rules and messages that are known
	texts   []probe.Setting    // samples of empty values
	left    int                // templates to render, at most
	size    int                // of a rendering of the whole chart, in templates
	trials  map[string]*trial
	inOrder []*trial // of the current group
}

// trial is a rendering with some settings.
type trial struct {
	settings []probe.Setting
	refused  bool // the chart refuses the values on purpose
	findings []Finding
}

// finding returns the finding of a trial with a key. A trial that was not possible is nil, and has none.
func (t *trial) finding(key findingKey) (Finding, bool) {
	if t != nil {
		for _, f := range t.findings {
			if keyOf(f) == key {
				return f, true
			}
		}
	}
	return Finding{}, false
}

// findingKey identifies a finding in different renderings. Findings of one rule at one line are the same.
type findingKey struct {
	rule    string
	at      Position
	message string // unless the line is known
}

func keyOf(f Finding) findingKey {
	key := findingKey{rule: f.Rule, at: Position{File: f.Position.File, Line: f.Position.Line}}
	if key.at.Line == 0 {
		key.message = f.Message
	}
	return key
}

// containerKey identifies a finding about a container, whatever object the container is in.
func containerKey(rule, container string) findingKey {
	return findingKey{rule: rule, message: "container " + container}
}

// isKnown reports whether a finding that has no position yet is known.
func (p *prober) isKnown(f rule.Finding) bool {
	return p.said[[2]string{f.Rule, f.Message}] || p.known[containerKey(f.Rule, f.Container)]
}

// probes returns the limit of renderings for a chart, given the number of those with its values sets.
func (r *run) probes(p *policy.Policy, renderings int) int {
	const factor, least, most = 2, 12, 30
	limit := cmp.Or(r.options.Probes, p.Probes)
	switch limit {
	case policy.NoProbes:
		return 0
	case 0:
		return min(max(factor*renderings, least), most)
	}
	return int(limit)
}

// probe returns the findings that only probes show.
func (r *run) probe(ctx context.Context, o *opened, base *baseRendering, known []occurrence[Finding]) []Finding {
	p := &prober{
		run: r, opened: o, set: o.variants.sets[base.set], base: base.rendered,
		known: map[findingKey]bool{}, said: map[[2]string]bool{}, trials: map[string]*trial{},
	}
	if base.rendered == nil || o.chart.IsLibrary() {
		return nil
	}
	p.size = p.base.Templates()
	if p.left = p.size * r.probes(o.policy, len(o.variants.renderings)); p.left == 0 {
		return nil
	}
	for _, o := range known {
		p.known[keyOf(o.item)] = true
		p.known[containerKey(o.item.Rule, o.item.Container)] = true
		p.said[[2]string{o.item.Rule, o.item.Message}] = true
	}
	delete(p.known, findingKey{})
	for _, rl := range r.rules(o.policy) {
		probes := unprobed[rl.ID] == "" && rl.ChecksRendering()
		if probes && !rule.IsPractice(rl.ID) && !slices.Contains(r.own, rl) {
			p.rules = append(p.rules, rl)
		}
	}
	settings, companions := probe.Settings(p.base, func(settings []probe.Setting) *chart.Rendered {
		return p.render(settings, everything)
	})
	settings = probe.Without(settings, probe.Refused(p.base, settings))
	for _, s := range slices.Concat(settings, companions) {
		if s.MadeUp() {
			p.texts = append(p.texts, s)
		}
	}
	var findings []Finding
	for _, group := range groups(settings) {
		if ctx.Err() != nil {
			break
		}
		findings = append(findings, p.explore(group)...)
	}
	return findings
}

// groups divides settings into groups to try at once. Texts have a group of their own, too, because a name such as
// existingSecret often hides what other values show, and so have the switches that are turned off.
func groups(settings []probe.Setting) [][]probe.Setting {
	of := func(kinds ...probe.Kind) []probe.Setting {
		var chosen []probe.Setting
		for _, s := range settings {
			if slices.Contains(kinds, s.Kind) {
				chosen = append(chosen, s)
			}
		}
		return chosen
	}
	groups := [][]probe.Setting{of(probe.On, probe.Filled), of(probe.On, probe.Filled, probe.Text), of(probe.Off)}
	rounds := map[string]int{}
	var members [][]probe.Setting
	for _, s := range of(probe.Member) { // members of one enum exclude each other
		round := rounds[s.Key()]
		rounds[s.Key()]++
		if round == len(members) {
			members = append(members, nil)
		}
		members[round] = append(members[round], s)
	}
	groups = append(groups, members...)
	return slices.DeleteFunc(groups, func(g []probe.Setting) bool { return len(g) == 0 })
}

// everything stands for all templates of the chart, in the place of the name of one.
const everything = ""

// render renders a template, or everything, with settings on top of the base.
func (p *prober) render(settings []probe.Setting, template string) *chart.Rendered {
	plain := make([]chart.Setting, len(settings))
	for i, s := range settings {
		plain[i] = s.Setting
	}
	variant := p.base.Variant().WithValues(p.set.With(probesName, plain))
	if template == everything {
		p.left -= p.size
	} else {
		p.left--
		variant = variant.WithTemplates(map[string]bool{template: true})
	}
	return p.opened.chart.Render(variant)
}

// try returns the trial of some settings in a template, or in everything; nil if there are no renderings left.
func (p *prober) try(settings []probe.Setting, rules []*rule.Rule, template string) *trial {
	var key strings.Builder
	key.WriteString(template)
	key.WriteByte('\n')
	for _, rl := range rules { // of the same group
		key.WriteString(rl.ID)
	}
	for _, s := range settings {
		key.WriteString(s.Flag())
		key.WriteByte('\n')
	}
	if known := p.trials[key.String()]; known != nil {
		return known
	}
	if p.left <= 0 {
		return nil
	}
	t, rendered := &trial{settings: settings}, p.render(settings, template)
	for _, f := range rendered.RenderFailures {
		t.refused = t.refused || f.Demand
	}
	pass := rule.Pass{
		Chart:       p.opened.chart,
		Rendered:    rendered,
		Policy:      p.opened.policy,
		ValuesSet:   probesName,
		KubeVersion: p.base.Variant().KubeVersion(),
		CRDs:        p.run.crds,
		Known:       p.isKnown,
	}
	for _, rl := range rules {
		for _, found := range rl.Run(pass) {
			f := newFinding(p.opened.path, found)
			if !p.known[keyOf(f)] && !f.demand && !blamesSample(f) {
				t.findings = append(t.findings, f)
			}
		}
	}
	p.trials[key.String()] = t
	p.inOrder = append(p.inOrder, t)
	return t
}

// blamesSample reports whether a finding is about a name or a port that the linter made up, about a value that users
// have to fill in, or about a kind that exists for clusters older than any that is supported.
func blamesSample(f Finding) bool {
	const onlyOnOldClusters = "PodSecurityPolicy/"
	const isNil, placeholder = "invalid value; expected string", `the string "<`
	if strings.Contains(f.Message, isNil) || strings.Contains(f.Message, placeholder) {
		return true
	}
	if strings.Contains(f.Message, "must be a string, not the integer 0") {
		return true // the index of a sample that the template takes for a map
	}
	made := strings.Contains(f.Message, strconv.Quote(probe.Name)) || strings.Contains(f.Message, "/"+probe.Name+" ") ||
		strings.Contains(f.Message, "port "+strconv.Itoa(probe.Port)+"/")
	return f.Container == probe.Name || made || strings.HasPrefix(f.Object, onlyOnOldClusters)
}

// explore returns the findings of a group of settings, each with the fewest settings that show it. If the chart
// refuses the group on purpose, it tries the halves.
func (p *prober) explore(group []probe.Setting) []Finding {
	p.inOrder = nil
	t := p.try(group, p.rules, everything)
	if t == nil {
		return nil
	}
	if t.refused && len(group) > 1 {
		half := len(group) / 2
		return append(p.explore(group[:half]), p.explore(group[half:])...)
	}
	rules := slices.DeleteFunc(slices.Clone(p.rules), func(rl *rule.Rule) bool {
		return !slices.ContainsFunc(t.findings, func(f Finding) bool { return f.Rule == rl.ID })
	})
	var found []Finding
	var done []findingKey
	for _, f := range t.findings {
		key := keyOf(f)
		if p.known[key] { // the trial is that of an equal group
			continue
		}
		needed, f := p.reduce(f, group, rules)
		done = append(done, key)
		if isChain(needed) && p.isComplete(key, needed, rules) {
			found = append(found, p.withProbe(f, needed))
		}
	}
	for _, key := range done {
		p.known[key] = true
	}
	if p.run.options.Separate {
		return found
	}
	return mergeEqual(causesOnly(found))
}

// isComplete reports whether a finding that switches show remains when the values that they uncover are set, too: who
// switches a part of a chart on is expected to fill in its empty values.
func (p *prober) isComplete(key findingKey, needed []probe.Setting, rules []*rule.Rule) bool {
	var uncovered []probe.Setting
	for _, s := range p.texts {
		for _, need := range needed {
			if need.Kind != probe.On {
				continue
			}
			if need.Uncovers(s) && len(probe.Without([]probe.Setting{s}, needed)) > 0 {
				uncovered = append(uncovered, s)
				break
			}
		}
	}
	if len(uncovered) == 0 {
		return true
	}
	_, shown := p.try(slices.Concat(needed, uncovered), rules, everything).finding(key)
	return shown
}

// reduce returns the fewest settings of a group that show a finding, and the finding as they show it. A switch belongs
// to the settings that it uncovers. reduce returns no settings if the finding needs others together, which is rather a
// combination that nobody deploys, or if there are no renderings left.
//
// Most findings depend on one template, so it is rendered alone first. What that shows has to hold for everything.
func (p *prober) reduce(f Finding, group []probe.Setting, rules []*rule.Rule) ([]probe.Setting, Finding) {
	if template := p.base.TemplateAt(f.Position.File); template != "" {
		if needed, shown := p.search(f, group, rules, template); len(needed) > 0 && p.shows(f, needed, rules) {
			return needed, shown
		}
	}
	return p.search(f, group, rules, everything)
}

// shows reports whether settings show a finding when everything is rendered.
func (p *prober) shows(f Finding, settings []probe.Setting, rules []*rule.Rule) bool {
	_, shown := p.try(settings, rules, everything).finding(keyOf(f))
	return shown
}

// search is reduce with the rendering of one template, or of everything.
func (p *prober) search(
	f Finding, group []probe.Setting, rules []*rule.Rule, template string,
) ([]probe.Setting, Finding) {
	key, shown := keyOf(f), f
	shows := func(settings []probe.Setting) bool {
		found, ok := p.try(settings, rules, template).finding(key)
		if ok {
			shown = found
		}
		return ok
	}
	candidates := p.smallest(key, group)
	if relevant := p.relevant(f, candidates); len(relevant) < len(candidates) && shows(relevant) {
		candidates = relevant
	}
	needed := candidates
	for len(candidates) > 1 {
		half := len(candidates) / 2
		first, second := withSwitches(candidates[:half], group), withSwitches(candidates[half:], group)
		switch {
		case shows(first):
			candidates, needed = candidates[:half], first
		case shows(second):
			candidates, needed = candidates[half:], second
		default:
			return nil, shown
		}
	}
	for _, s := range needed {
		if fewer := probe.Without(needed, []probe.Setting{s}); len(fewer) > 0 && shows(fewer) {
			needed = fewer
		}
	}
	if !shows(needed) { // remembered, unless there was no rendering left for it
		return nil, shown
	}
	return needed, shown
}

// misplaced are the rules that a value printed at a wrong place violates, the cause first.
var misplaced = []string{"manifest-field-unknown", "manifest-type-wrong", "manifest-field-missing"}

// causesOnly leaves out findings that follow from another one: one sample that a template prints at a wrong place, into
// a list of other items for example, violates several rules there.
func causesOnly(findings []Finding) []Finding {
	type place struct {
		at    Position
		flags string
	}
	rank := func(f Finding) int {
		if i := slices.Index(misplaced, f.Rule); i >= 0 {
			return i
		}
		return len(misplaced)
	}
	first := map[place]int{}
	for _, f := range findings {
		at := place{f.Position, f.Probe.Flags}
		if least, known := first[at]; f.Probe.MadeUp != "" && f.Position.Line > 0 && (!known || rank(f) < least) {
			first[at] = rank(f)
		}
	}
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool {
		least, known := first[place{f.Position, f.Probe.Flags}]
		return known && least < len(misplaced) && rank(f) > least
	})
}

// mergeEqual merges the findings of a rule with the same settings that differ only in their object, because one value
// is printed into many objects.
func mergeEqual(findings []Finding) []Finding {
	type cause struct{ rule, flags, message string }
	members := map[cause][]Finding{}
	var causes []cause
	for _, f := range findings {
		c := cause{f.Rule, f.Probe.Flags, anonymous(f)}
		if f.Object == "" {
			c.message += f.Position.String()
		}
		if members[c] == nil {
			causes = append(causes, c)
		}
		members[c] = append(members[c], f)
	}
	var merged []Finding
	for _, c := range causes {
		if len(members[c]) == 1 {
			merged = append(merged, members[c][0])
		} else {
			merged = append(merged, copiesOf(members[c]))
		}
	}
	return merged
}

// smallest returns the fewest settings that are known to show a finding of a group.
func (p *prober) smallest(key findingKey, group []probe.Setting) []probe.Setting {
	fewest := group
	for _, t := range p.inOrder {
		shows := func(f Finding) bool { return keyOf(f) == key }
		if len(t.settings) < len(fewest) && slices.ContainsFunc(t.findings, shows) {
			fewest = t.settings
		}
	}
	return fewest
}

// withSwitches returns settings with the switches of a group that uncover them, in the order of the group.
func withSwitches(settings, group []probe.Setting) []probe.Setting {
	var found []probe.Setting
	for _, s := range group {
		uncovers := func(other probe.Setting) bool { return s.Kind == probe.On && s.Uncovers(other) }
		if len(probe.Without([]probe.Setting{s}, settings)) == 0 || slices.ContainsFunc(settings, uncovers) {
			found = append(found, s)
		}
	}
	return found
}

// relevant returns the settings that the template of a finding reads.
func (p *prober) relevant(f Finding, group []probe.Setting) []probe.Setting {
	template := p.base.TemplateAt(f.Position.File)
	if template == "" {
		return group
	}
	var relevant []probe.Setting
	for _, s := range group {
		if valuesuse.ReadBy(p.opened.chart, template, s.Path) {
			relevant = append(relevant, s)
		}
	}
	return relevant
}

// isChain reports whether each of the settings but the last uncovers the next: a finding that needs values of
// different parts of the chart is rather a combination that nobody deploys.
func isChain(settings []probe.Setting) bool {
	const longest = 3
	if len(settings) == 0 || len(settings) > longest {
		return false
	}
	samples := 0
	for _, s := range settings {
		if s.MadeUp() {
			samples++
		}
	}
	if samples > 1 { // they may collide, because they have the same names
		return false
	}
	for _, s := range settings {
		related := func(other probe.Setting) bool {
			return s.IsGate() && s.Uncovers(other) || other.IsGate() && other.Uncovers(s)
		}
		if !slices.ContainsFunc(probe.Without(settings, []probe.Setting{s}), related) && len(settings) > 1 {
			return false
		}
	}
	return true
}

// withProbe adds the settings that show a finding to it. A value that they set is not set by a values file.
func (p *prober) withProbe(f Finding, settings []probe.Setting) Finding {
	var flags, madeUp []string
	for _, s := range settings {
		flags = append(flags, s.Flag())
		if s.MadeUp() {
			madeUp = append(madeUp, s.Key())
		}
		if f.Value.Key == s.Key() {
			f.Value = Value{}
		}
	}
	f.Probe = Probe{Flags: strings.Join(flags, " "), MadeUp: strings.Join(madeUp, ", ")}
	f.Severity = min(f.Severity, Warning) // some values need others, as their documentation says
	f.Variants = f.Probe.Flags
	if p.set != nil { // the chart does not render with its default values
		f.Variants = p.set.Name() + " and " + f.Variants
	}
	return f
}

// baseRendering is the rendering that probes change: that of the first values set with which the chart renders, on the
// newest Kubernetes version.
type baseRendering struct {
	mu       sync.Mutex
	set      int // index into variants.sets
	rendered *chart.Rendered
}

// offer takes a rendering if it is better than the one before.
func (b *baseRendering) offer(r rendering, rendered *chart.Rendered, newest int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(rendered.RenderFailures) == 0 && slices.Contains(r.versions, newest) && (b.rendered == nil || r.set < b.set) {
		b.set, b.rendered = r.set, rendered
	}
}
