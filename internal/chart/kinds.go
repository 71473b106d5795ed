package chart

import (
	"slices"

	api "k8s.io/apimachinery/pkg/runtime/schema"
)

// Kinds returns the kinds of all objects that the chart renders with its default values and with each of its values
// sets. It ignores values sets that cannot be read.
func (c *Chart) Kinds() []api.GroupVersionKind {
	sets, _ := c.ValuesSets() // the linter reports the error
	var kinds []api.GroupVersionKind
	for _, set := range append(sets, nil) {
		for _, object := range c.Render(Variant{}.WithValues(set)).Objects {
			kind := api.FromAPIVersionAndKind(object.APIVersion, object.Kind)
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}
