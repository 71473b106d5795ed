package probe

import (
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

// Texts returns, for texts of the values at some paths that are not empty, others that fit the fields where they are
// printed, in the order of the paths. It has none for a text whose use it does not know. It calls render to render the
// chart with other values, at most a dozen times.
func Texts(paths [][]string, render func([]Setting) *chart.Rendered) [][]string {
	const most = 12
	found := make([][]string, len(paths))
	left := most
	var search func(first, end int)
	search = func(first, end int) {
		if first == end || left == 0 {
			return
		}
		left--
		m := &markers{}
		var marked []Setting
		for _, path := range paths[first:end] {
			setting := chart.Setting{Path: path, Value: markerText(m.next())}
			marked = append(marked, Setting{Setting: setting, Kind: Text})
		}
		rendered := render(marked)
		m.find(rendered)
		if len(rendered.RenderFailures) > 0 && end-first > 1 { // a text may be the cause
			middle := first + (end-first)/2
			search(first, middle)
			search(middle, end)
			return
		}
		for i := range marked {
			found[first+i] = textsAt(m.places[i+1])
		}
	}
	search(0, len(paths))
	return found
}

// textsAt returns texts that fit all places of a marker.
func textsAt(places []place) []string {
	var fitting []string
	for i, p := range places {
		texts := textsOf(p)
		if i == 0 {
			fitting = texts
		}
		fitting = slices.DeleteFunc(slices.Clone(fitting), func(text string) bool { return !slices.Contains(texts, text) })
	}
	return fitting
}

// textsOf returns texts that fit one place. Where any text does, some look like values of another type.
func textsOf(p place) []string {
	if len(p.path) == 0 || p.isKey {
		return nil
	}
	last := p.path[len(p.path)-1]
	isValue := last == "value" && slices.Contains(p.path, "env")
	isData := len(p.path) == 2 && p.path[0] == "data" && p.kind == "ConfigMap" || isTextOfMap(p)
	switch {
	case last == "image" && p.before == "" && p.after == "":
		return []string{"registry.example.com/sample:1.2.3"}
	case last == "image" && p.before == "" && strings.HasPrefix(p.after, ":"):
		return []string{"registry.example.com/sample"}
	case (isValue || isData && !slices.Contains(p.path, "nodeSelector")) && p.before == "" && p.after == "":
		return []string{Name, booleanWords, digits}
	}
	if text, isText := scalarAt(p).(string); isText {
		return []string{text}
	}
	return nil
}
