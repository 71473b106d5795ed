// Package upgrade compares two renderings of a chart, the second of which replaces the first one in a cluster: which
// objects Helm would update, create and delete, and which updates the API server refuses.
package upgrade

import (
	"github.com/traderadmin/charts/internal/chart"
)

// Upgrade is what Helm would do to the objects of a release. Hooks are not objects of the release.
type Upgrade struct {
	Before, After *chart.Rendered
	// Updated are the objects that are in both renderings.
	Updated []chart.Pair
	// Created and Deleted are the objects that are only in the rendering after the upgrade, or before it.
	Created, Deleted []*chart.Object
}

// identity is what Helm recognizes an object of a release by.
type identity struct{ group, kind, namespace, name string }

func identityOf(o *chart.Object) identity {
	return identity{o.Group(), o.Kind, o.Namespace(), o.Name}
}

// New compares the renderings before and after an upgrade.
func New(before, after *chart.Rendered) *Upgrade {
	u := &Upgrade{Before: before, After: after}
	previous := map[identity]*chart.Object{}
	for _, o := range objectsOf(before) {
		previous[identityOf(o)] = o
	}
	kept := map[*chart.Object]bool{}
	for _, o := range objectsOf(after) {
		was := previous[identityOf(o)]
		if was == nil || kept[was] {
			u.Created = append(u.Created, o)
			continue
		}
		kept[was] = true
		u.Updated = append(u.Updated, chart.Pair{Base: was, Other: o})
	}
	for _, o := range objectsOf(before) {
		if !kept[o] {
			u.Deleted = append(u.Deleted, o)
		}
	}
	return u
}

// objectsOf returns the objects of a rendering that belong to the release.
func objectsOf(r *chart.Rendered) []*chart.Object {
	var objects []*chart.Object
	for _, o := range r.Objects {
		if o.Hook() == chart.NoHook && o.Name != "" {
			objects = append(objects, o)
		}
	}
	return objects
}
