package policy

import (
	"path"
	"slices"

	"go.yaml.in/yaml/v3"
	"k8s.io/pod-security-admission/api"

	"github.com/traderadmin/charts/internal/chart"
)

// PodSecurity are the levels of the Pod Security Standards that the pods of a release must meet, by values set.
type PodSecurity []SetLevel

// SetLevel is the level for the values sets of a name.
type SetLevel struct {
	ValuesSet string // in which * matches any text without a slash; * alone matches every name
	Level     api.Level
}

// For returns the level for a values set: that of its name, or else that of the first pattern that matches. It is
// privileged, which demands nothing, if there is none.
func (s PodSecurity) For(valuesSet string) api.Level {
	level := api.LevelPrivileged
	for _, l := range slices.Backward(s) {
		if l.ValuesSet == valuesSet {
			return l.Level
		}
		if matches(l.ValuesSet, valuesSet) || l.ValuesSet == "*" {
			level = l.Level
		}
	}
	return level
}

// UnmarshalYAML reads a level for all values sets, or a map from values sets to levels.
func (s *PodSecurity) UnmarshalYAML(node *yaml.Node) error {
	*s = nil
	if node.Kind == yaml.ScalarNode {
		return s.add("*", node, node)
	}
	if node.Kind != yaml.MappingNode {
		return mistakef(node, "want a level, or a map from values sets to levels such as values-production.yaml: restricted")
	}
	for key, value := range chart.Pairs(node) {
		if err := s.add(key.Value, key, value); err != nil {
			return err
		}
	}
	return nil
}

func (s *PodSecurity) add(pattern string, key, value *yaml.Node) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return mistakef(key, "invalid pattern %q: %v", pattern, err)
	}
	level, err := api.ParseLevel(value.Value)
	if err != nil {
		return mistakef(value, "unknown Pod Security level %q: want privileged, baseline or restricted", value.Value)
	}
	*s = append(*s, SetLevel{pattern, level})
	return nil
}

func (PodSecurity) jsonSchema() map[string]any {
	level := map[string]any{"enum": []api.Level{api.LevelPrivileged, api.LevelBaseline, api.LevelRestricted}}
	return map[string]any{"oneOf": []any{
		level,
		map[string]any{"type": "object", "additionalProperties": level},
	}}
}
