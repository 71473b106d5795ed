package chart

import (
	"path"
	"slices"
	"strconv"

	helmchart "helm.sh/helm/v3/pkg/chart"
)

// Scope is an enabled chart of the tree and its part of the values.
type Scope struct {
	// Keys is the path of the chart's values in the root chart's values.
	Keys []string
	// Values are the chart's merged values. They are shared and must not be modified.
	Values map[string]any

	rendered *Rendered
	charts   []*helmchart.Chart // from the root chart down to this one
	folders  []string           // of each of charts
}

// Scopes returns the enabled charts of the tree, each before its subcharts. Like Helm's validation of values it omits
// subcharts without values. It returns none if the values could not be merged.
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

// enter returns the scope of a subchart.
func (s Scope) enter(dependency *helmchart.Chart) Scope {
	values, _ := s.Values[dependency.Name()].(map[string]any) // merging refuses anything but a map
	return Scope{
		Keys:     append(slices.Clone(s.Keys), dependency.Name()),
		Values:   values,
		rendered: s.rendered,
		charts:   append(slices.Clone(s.charts), dependency),
		folders:  append(slices.Clone(s.folders), s.rendered.folders[rawFile(dependency, metadataYAML)]),
	}
}

// Rendered returns the rendering that the scope belongs to.
func (s Scope) Rendered() *Rendered { return s.rendered }

// File returns the chart's own file at a slash-separated path, or nil.
func (s Scope) File(name string) *File {
	raw := rawFile(s.chart(), name)
	if raw == nil {
		return nil
	}
	return s.rendered.chart.newFile(s.folders[len(s.folders)-1], s.chart().ChartFullPath(), raw)
}

// ValuePosition returns the position where the value at a path in the root chart's values is set.
func (r *Rendered) ValuePosition(path []string) Position {
	s := r.rootScope()
	for len(path) > 1 {
		dependencies := s.chart().Dependencies()
		i := slices.IndexFunc(dependencies, func(d *helmchart.Chart) bool { return d.Name() == path[0] })
		if i < 0 {
			break
		}
		s, path = s.enter(dependencies[i]), path[1:]
	}
	return s.Position(path, "")
}

// Position returns the position where the value at a path in the chart's values is set: in the variant's values set,
// else in the first values.yaml that sets it, from the root chart down, as in Helm. If key is not empty, the position
// is that of the key of the map at the path.
//
// Several files may set keys of one map. Its position is in the first values.yaml that has it. If no file sets the
// value, the position is the chart's own values.yaml as a whole, or its schema if it has no values.yaml.
func (s Scope) Position(keys []string, key string) Position {
	c, set := s.rendered.chart, s.rendered.variant.values
	inSet, isSet := set.position(append(slices.Clone(s.Keys), keys...), key)
	isGlobal := len(keys) > 0 && keys[0] == GlobalKey // subcharts inherit their parent's globals
	if !isSet && isGlobal {
		inSet, isSet = set.position(keys, key)
	}
	if _, isMap := Lookup(s.Values, keys).(map[string]any); isSet && (key != "" || !isMap) {
		return inSet
	}
	for depth, helm := range s.charts {
		if depth == 0 && s.rendered.variant.defaults != nil {
			continue // they are not those of the chart
		}
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
		return c.file(path.Join(folder, SchemaJSON)) // the schema requires a value that nothing sets
	}
	return c.file(path.Join(folder, ValuesYAML))
}

// Lookup returns the value at a path of keys and list indices; nil if there is none.
func Lookup(values any, path []string) any {
	for _, key := range path {
		switch v := values.(type) {
		case map[string]any:
			values = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			values = v[i]
		default:
			return nil
		}
	}
	return values
}
