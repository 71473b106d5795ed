package chart

import "strings"

// Pair is an object in two renderings of a chart.
type Pair struct{ Base, Other *Object }

// PairObjects pairs the objects of two renderings that come from the same template and are of the same kind: those
// with the same name but for the name of the release and, if as many are left in both, the others in their order.
// The pairs are in the order of the base.
func PairObjects(base, other *Rendered) []Pair {
	type origin struct{ template, kind, name string }
	named := map[origin][]*Object{}
	for _, o := range other.Objects {
		at := origin{o.Template(), o.Kind, o.ownName()}
		named[at] = append(named[at], o)
	}
	partners := make(map[*Object]*Object, len(base.Objects))
	taken := map[*Object]bool{}
	for _, o := range base.Objects {
		at := origin{o.Template(), o.Kind, o.ownName()}
		if same := named[at]; len(same) > 0 {
			partners[o], taken[same[0]], named[at] = same[0], true, same[1:]
		}
	}
	baseLeft := rest(base, func(o *Object) bool { return partners[o] != nil })
	otherLeft := rest(other, func(o *Object) bool { return taken[o] })
	for at, objects := range baseLeft {
		if others := otherLeft[at]; len(objects) == len(others) {
			for i, o := range objects {
				partners[o] = others[i]
			}
		}
	}
	var pairs []Pair
	for _, o := range base.Objects {
		if partner := partners[o]; partner != nil {
			pairs = append(pairs, Pair{o, partner})
		}
	}
	return pairs
}

// rest returns the objects that are not paired, by template and kind.
func rest(r *Rendered, paired func(*Object) bool) map[[2]string][]*Object {
	left := map[[2]string][]*Object{}
	for _, o := range r.Objects {
		if !paired(o) {
			at := [2]string{o.Template(), o.Kind}
			left[at] = append(left[at], o)
		}
	}
	return left
}

// ownName returns the name without that of the release.
func (o *Object) ownName() string {
	return strings.ReplaceAll(o.Name, o.Rendered().variant.releaseOrDefault().Name, "")
}
