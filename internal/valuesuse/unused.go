package valuesuse

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// Unused returns the keys of the chart's values.yaml that no template of the chart or of its subcharts reads, in the
// order of the file. Of a map that is not read it returns the key of the map alone. The result is empty if the analysis
// is incomplete, and for library charts, whose values are read by the charts that depend on them.
func Unused(c *chart.Chart) []chart.ValuesKey {
	in, file := analyze(c), c.File(chart.ValuesYAML)
	if in.incomplete || c.IsLibrary() || file == nil {
		return nil
	}
	u := unused{file: file, aliased: map[*yaml.Node]bool{}}
	u.findAliased(file.YAML())
	u.visit(file.YAML(), []*path{in.values}, nil)
	return u.found
}

type unused struct {
	file    *chart.File
	aliased map[*yaml.Node]bool // nodes that an alias elsewhere in the file stands for
	found   []chart.ValuesKey
}

func (u *unused) findAliased(n *yaml.Node) {
	if n == nil {
		return
	}
	if n.Kind == yaml.AliasNode {
		u.aliased[n.Alias] = true
		return
	}
	for _, below := range n.Content {
		u.findAliased(below)
	}
}

func (u *unused) visit(n *yaml.Node, paths []*path, keys []string) {
	if n == nil || u.aliased[n] || slices.ContainsFunc(paths, func(p *path) bool { return p.deep }) {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for entry := range slices.Chunk(n.Content, 2) {
			if key := entry[0]; key.Tag != "!!merge" {
				u.visitEntry(key, entry[1], match(paths, key.Value), append(slices.Clip(keys), key.Value))
			}
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			index := strconv.Itoa(i)
			u.visit(item, match(paths, index), append(slices.Clip(keys), index))
		}
	}
}

func (u *unused) visitEntry(key, value *yaml.Node, paths []*path, keys []string) {
	if slices.ContainsFunc(paths, func(p *path) bool { return p.live }) {
		u.visit(value, paths, keys)
		return
	}
	if u.containsAliased(value) || len(keys) == 1 && isForParents(key.Value, value) {
		return
	}
	u.found = append(u.found, chart.ValuesKey{Key: schema.FormatPath(keys), Position: u.file.At(key)})
}

// isForParents reports whether a key is meant for charts that depend on this one: they name "enabled" as a condition,
// import what is under "exports", and set the globals.
func isForParents(key string, value *yaml.Node) bool {
	return key == "enabled" || key == "exports" || key == chart.GlobalKey && len(value.Content) == 0
}

func (u *unused) containsAliased(n *yaml.Node) bool {
	return u.aliased[n] || slices.ContainsFunc(n.Content, u.containsAliased)
}

// IsRead reports whether a template may read the value at a path of keys in the chart's values, or a part of it. It
// reports true if the analysis is incomplete.
func IsRead(c *chart.Chart, keys ...string) bool {
	in := analyze(c)
	return in.incomplete || in.isRead(keys)
}
