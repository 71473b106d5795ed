package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "helm-differs",
		Title: "Every Helm renders the same",
		Why: "Versions of Helm treat some values differently: a null in the values of a subchart removes the key in one " +
			"version and stays in another. Users have Helm 3 or Helm 4, so a chart must render alike with both. The rule runs " +
			"with --helm: the linter compares what it renders itself, with the SDK of Helm 3, with what that binary renders.",
		Bad:      `replicas: {{ .Values.replicas }}   # with replicas: null in the values of the parent chart`,
		Good:     `replicas: {{ .Values.replicas | default 1 }}`,
		Severity: Error,
		Check:    checkHelmDiffers,
	})
}

// HelmRun is what a binary of another Helm makes of a rendering.
type HelmRun struct {
	// Helm names the binary, such as "Helm 4".
	Helm string
	// Rendered is nil if Failure is set, which is what the binary says.
	Rendered *chart.Rendered
	Failure  error
}

func checkHelmDiffers(p *Pass) {
	for _, run := range p.Helms {
		switch {
		case run.Failure != nil:
			p.Report(Finding{
				Position: p.Chart.ValuesFile(),
				Message:  fmt.Sprintf("%s does not render the chart, but Helm 3 does: %v", run.Helm, run.Failure),
				Fix:      "Change the template or the values, so that both render it.",
			})
		default:
			p.compareObjects(run)
		}
	}
}

const helmDiffersFix = "Change the template so that both render the same, for example with a default for a value " +
	"that may be null."

// compareObjects reports one difference for each object that the two render differently.
func (p *Pass) compareObjects(run HelmRun) {
	paired := map[*chart.Object]bool{}
	drawn := p.drawn()
	for _, pair := range chart.PairObjects(p.Rendered, run.Rendered) {
		paired[pair.Base], paired[pair.Other] = true, true
		mine, err := pair.Base.JSON()
		theirs, otherErr := pair.Other.JSON()
		if err != nil || otherErr != nil {
			continue // both parsers refuse it, which another rule reports
		}
		differences := different(nil, mine, theirs, drawn[pair.Base])
		if len(differences) == 0 {
			continue
		}
		first := differences[0]
		message := fmt.Sprintf("%s renders %s of %s as %s, and Helm 3 as %s", run.Helm, strings.Join(first.path, "."),
			pair.Base, excerptOf(first.theirs), excerptOf(first.mine))
		if len(differences) > 1 {
			message += fmt.Sprintf("; %d fields differ in all", len(differences))
		}
		p.Report(Finding{
			Node: pair.Base.Closest(first.path...), Message: message, Fix: helmDiffersFix, Object: pair.Base.String(),
		})
	}
	for _, o := range p.Rendered.Objects {
		if !paired[o] {
			p.Report(Finding{
				Node: o.Node, Message: fmt.Sprintf("%s does not render %s, but Helm 3 does", run.Helm, o),
				Fix: helmDiffersFix, Object: o.String(),
			})
		}
	}
	for _, o := range run.Rendered.Objects {
		if !paired[o] {
			p.Report(Finding{
				Node: o.Node, Message: fmt.Sprintf("%s renders %s, but Helm 3 does not", run.Helm, o),
				Fix: helmDiffersFix, Object: o.String(),
			})
		}
	}
}

// drawn returns each object as the templates draw it another time, if they draw anything at random.
func (p *Pass) drawn() map[*chart.Object]any {
	again := p.Rendered.Again()
	if again == nil {
		return nil
	}
	drawn := map[*chart.Object]any{}
	for _, pair := range chart.PairObjects(p.Rendered, again) {
		drawn[pair.Base], _ = pair.Other.JSON()
	}
	return drawn
}

// difference is a field that two renderings have with different values; nil is an absent one.
type difference struct {
	path         []string
	mine, theirs any
}

// different returns the fields that differ between two values. It leaves out those that differ from drawn too, unless
// that is nil, because templates draw them at random.
func different(path []string, mine, theirs, drawn any) []difference {
	if reflect.DeepEqual(mine, theirs) {
		return nil
	}
	mineMap, isMap := mine.(map[string]any)
	theirsMap, areMaps := theirs.(map[string]any)
	if !isMap || !areMaps {
		if drawn != nil && !reflect.DeepEqual(mine, drawn) {
			return nil
		}
		return []difference{{path, mine, theirs}}
	}
	drawnMap, _ := drawn.(map[string]any)
	var all []difference
	keys := maps.Clone(mineMap)
	maps.Copy(keys, theirsMap)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		all = append(all, different(append(slices.Clip(path), key), mineMap[key], theirsMap[key], drawnMap[key])...)
	}
	return all
}

// excerptOf returns a value for a message.
func excerptOf(value any) string {
	if value == nil {
		return "nothing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	const longest = 80
	if runes := []rune(string(text)); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return string(text)
}
