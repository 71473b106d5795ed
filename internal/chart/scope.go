package chart

import (
	"path"
	"slices"

	helmchart "helm.sh/helm/v3/pkg/chart"
)

// Scope is an enabled chart of the tree and the part of the values that is its own.
type Scope struct {
	// Keys are those under which the root chart's values hold this chart's.
	Keys []string
	// Values are the chart's values as it is rendered with them. They must not be changed.
	Values map[string]any

	rendered *Rendered
	charts   []*helmchart.Chart // from the root chart down to this one
	folders  []string           // of each of charts
}

// Scopes are the enabled charts of the tree, each before its subcharts. Like Helm's validation, they leave out subcharts
// without values. There are none if the values could not be merged.
func (r *Rendered) Scopes() []Scope {
	if r.values == nil {
		return nil
	}
	var scopes []Scope
	var visit func(Scope)
	visit = func(s Scope) {
		scopes = append(scopes, s)
		for _, dependency := range s.chart().Dependencies() {
			if below := s.enter(dependency); below.Values != nil {
				visit(below)
			}
		}
	}
	visit(r.rootScope())
	return scopes
}

func (r *Rendered) rootScope() Scope {
	return Scope{rendered: r, charts: []*helmchart.Chart{r.helm}, folders: []string{""}, Values: r.values.AsMap()}
}

func (s Scope) chart() *helmchart.Chart { return s.charts[len(s.charts)-1] }

// enter is the scope of a subchart.
func (s Scope) enter(dependency *helmchart.Chart) Scope {
	values, _ := s.Values[dependency.Name()].(map[string]any) // merging has refused anything but a map
	return Scope{
		Keys:     append(slices.Clone(s.Keys), dependency.Name()),
		Values:   values,
		rendered: s.rendered,
		charts:   append(slices.Clone(s.charts), dependency),
		folders:  append(slices.Clone(s.folders), s.rendered.folders[rawFile(dependency, metadataFile)]),
	}
}

// Rendered is the rendering that the scope belongs to.
func (s Scope) Rendered() *Rendered { return s.rendered }

// File is the chart's file at a slash-separated path, or nil.
func (s Scope) File(name string) *File {
	raw := rawFile(s.chart(), name)
	if raw == nil {
		return nil
	}
	return s.rendered.chart.newFile(s.folders[len(s.folders)-1], s.chart().ChartFullPath(), raw)
}

// ValuePosition is where the value at a path of keys from the root chart's values is set.
func (r *Rendered) ValuePosition(keys []string) Position {
	s := r.rootScope()
	for len(keys) > 1 {
		dependencies := s.chart().Dependencies()
		i := slices.IndexFunc(dependencies, func(d *helmchart.Chart) bool { return d.Name() == keys[0] })
		if i < 0 {
			break
		}
		s, keys = s.enter(dependencies[i]), keys[1:]
	}
	return s.Position(keys, "")
}

// Position is where a value of the chart is set, given its path in the chart's values: in the variant's values set, else in
// the first values.yaml that has it, from the root chart down, as in Helm. key, if given, is the key of the map at that path
// that is meant. A map is made of all of these files: its position is where the chart has it. Where no file sets the
// value, the position is the chart's own values.yaml as a whole, or its schema if it has no values.yaml.
func (s Scope) Position(keys []string, key string) Position {
	c, set := s.rendered.chart, s.rendered.variant.values
	fromRoot := append(slices.Clone(s.Keys), keys...)
	inSet, isSet := set.position(fromRoot, key)
	isGlobal := len(keys) > 0 && keys[0] == GlobalKey // a parent's globals are its subcharts' too
	if !isSet && isGlobal {
		inSet, isSet = set.position(keys, key)
	}
	if _, isMap := Lookup(s.Values, keys).(map[string]any); isSet && (key != "" || !isMap) {
		return inSet
	}
	for depth, helm := range s.charts {
		name := path.Join(s.folders[depth], ValuesYAML)
		document := c.document(name, rawFile(helm, ValuesYAML))
		from := append(append([]string{}, s.Keys[depth:]...), keys...)
		node := find(document, from, key)
		if node == nil && isGlobal {
			node = find(document, keys, key)
		}
		if node != nil {
			at := c.file(name)
			at.Line, at.Column = node.Line, node.Column
			return at
		}
	}
	if isSet {
		return inSet
	}
	folder := s.folders[len(s.folders)-1]
	if rawFile(s.chart(), ValuesYAML) == nil {
		return c.file(path.Join(folder, SchemaJSON)) // which asks for a value that nothing sets
	}
	return c.file(path.Join(folder, ValuesYAML))
}
