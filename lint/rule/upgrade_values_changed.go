package rule

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
	"github.com/traderadmin/charts/internal/suggest"
	"github.com/traderadmin/charts/internal/valuesuse"
)

func init() {
	register(&Rule{
		ID:    "upgrade-values-changed",
		Title: "The keys of the values keep their meaning",
		Why: "Users keep their values files for years. A key that was removed or renamed is ignored without a word, and " +
			"one that became a map, or a list, fails or replaces the default. This rule runs with --upgrade-from. It compares " +
			"the default values with those of before, and what the templates read of them. New keys and other defaults are " +
			"infos, each of which counts all of them; another tag of an image is what releases are for.",
		Bad: `# values.yaml, with replicas: 1 in the chart of before
replicaCount: 1`,
		Good: `# values.yaml
replicaCount: 1
# templates/deployment.yaml, with replicas in the schema, too
replicas: {{ .Values.replicas | default .Values.replicaCount }}`,
		Severity:         Warning,
		ComparesUpgrade:  true,
		ComparesDefaults: true,
		Check:            checkUpgradeValuesChanged,
	})
}

func checkUpgradeValuesChanged(p *Pass) {
	v := valuesChange{p, p.Upgrade.Base, map[string]bool{}}
	v.compare(nil, p.Upgrade.Before.Values(), p.Rendered.Values())
}

// valuesChange is the comparison of the default values of two charts.
type valuesChange struct {
	*Pass
	base    *chart.Chart
	renamed map[string]bool // the new names of keys, by path
}

func (v valuesChange) compare(path []string, before, after map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(before)) {
		keys := append(slices.Clip(path), key)
		was, is := before[key], after[key]
		_, present := after[key]
		wasMap, isMap := asMap(was), asMap(is)
		switch {
		case len(path) == 0 && key == chart.GlobalKey, !valuesuse.IsRead(v.base, keys...):
			continue
		case !valuesuse.IsRead(v.Chart, keys...):
			v.removed(keys, was, path, before, after)
		case !present:
			continue // it is read, if it is set
		case wasMap != nil && isMap != nil:
			v.compare(keys, wasMap, isMap)
		case kindOf(was) != "" && kindOf(is) != "" && kindOf(was) != kindOf(is):
			v.reportChange(keys, fmt.Sprintf("%s was %s and is %s now: values that users set do not fit any more",
				schema.FormatPath(keys), kindOf(was), kindOf(is)), MajorBump)
		case !reflect.DeepEqual(chart.ToJSON(was), chart.ToJSON(is)) && key != "tag" && key != "digest":
			v.several(keys, "defaults changed", fmt.Sprintf("the default of %s changed from %s to %s",
				schema.FormatPath(keys), inline(was), inline(is)))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(after)) {
		keys := append(slices.Clip(path), key)
		_, known := before[key]
		if !known && key != chart.GlobalKey && !v.renamed[schema.FormatPath(keys)] && valuesuse.IsRead(v.Chart, keys...) {
			v.several(keys, "keys are new", schema.FormatPath(keys)+" is new")
		}
	}
}

// removed reports a key that no template reads any more, and the new key that may have replaced it.
func (v valuesChange) removed(keys []string, was any, parent []string, before, after map[string]any) {
	message := fmt.Sprintf("no template reads %s any more: values that users set are ignored", schema.FormatPath(keys))
	var added []string
	for _, key := range slices.Sorted(maps.Keys(after)) {
		if _, known := before[key]; !known {
			added = append(added, key)
		}
	}
	renamed := slices.IndexFunc(added, func(key string) bool {
		return kindOf(was) != "" && reflect.DeepEqual(chart.ToJSON(was), chart.ToJSON(after[key]))
	})
	if renamed < 0 {
		renamed = suggest.Nearest(keys[len(keys)-1], added)
	}
	if renamed >= 0 {
		keys = append(slices.Clip(parent), added[renamed])
		message += "; it seems to be " + schema.FormatPath(keys) + " now"
		v.renamed[schema.FormatPath(keys)] = true
	}
	v.reportChange(keys, message, MajorBump)
}

func (v valuesChange) reportChange(keys []string, message string, needs Bump) {
	at := v.Rendered.ValuePosition(keys)
	for len(keys) > 1 && at.Line == 0 { // the key is gone
		keys = keys[:len(keys)-1]
		at = v.Rendered.ValuePosition(keys)
	}
	v.Report(Finding{
		Position: at,
		Message:  fmt.Sprintf("the upgrade %s changes the values: %s", v.Upgrade, message),
		Fix:      "Read the old key too, as a fallback, or raise the major version and say what users have to change.",
		Needs:    needs,
	})
}

// several reports a change that is worth knowing, together with all others of its kind.
func (v valuesChange) several(keys []string, what, message string) {
	start := fmt.Sprintf("the upgrade %s changes the values: ", v.Upgrade)
	v.Report(Finding{
		Severity: Info,
		Position: v.Rendered.ValuePosition(keys),
		Message:  start + message,
		Fix:      "Mention it in the release notes, and raise the minor version.",
		Several:  start + "{count} " + what + ": {parts}",
		Part:     schema.FormatPath(keys),
		Needs:    MinorBump,
	})
}

func asMap(value any) map[string]any {
	m, _ := value.(map[string]any)
	return m
}

// kindOf names the kind of a value that users cannot ignore; "" for one that is not set, or an empty text or list.
func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case map[string]any:
		return "a map"
	case []any:
		if len(v) == 0 {
			return ""
		}
		return "a list"
	case string:
		if v == "" {
			return ""
		}
	}
	return "a single value"
}
