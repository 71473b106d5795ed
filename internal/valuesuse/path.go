package valuesuse

import (
	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// path is an access path: a location in the values of the root chart. Paths form a tree with one node for each path
// that templates take, so that pointers compare paths.
type path struct {
	id       int
	parent   *path
	key      string
	depth    int
	children map[string]*path

	live     bool // the value, or a part of it, is read
	deep     bool // all parts of the value are read
	tested   bool // a template tests whether the value is set
	assigned bool // a template, or an import from a subchart, writes to the value

	isScope bool  // it holds all values of one chart of the tree
	global  *path // the parent chart's global that this global of a subchart is copied from
}

// anyKey is the key of a path that summarizes all keys of a map, or all indices of a list.
const anyKey = schema.AnyKey

// maxDepth bounds the length of paths, which a recursive template would extend for ever.
const maxDepth = 40

// child returns the path of a key below p. At maxDepth it returns p itself, all of which then counts as read.
func (in *interpreter) child(p *path, key string) *path {
	if c := p.children[key]; c != nil {
		return c
	}
	if p.depth >= maxDepth {
		p.deep = true
		return p
	}
	in.paths++
	c := &path{id: in.paths, parent: p, key: key, depth: p.depth + 1}
	if p.children == nil {
		p.children = map[string]*path{}
	}
	p.children[key] = c
	return c
}

func (in *interpreter) descend(p *path, keys ...string) *path {
	for _, key := range keys {
		p = in.child(p, key)
	}
	return p
}

// keys returns the keys from the values of the root chart to p.
func (p *path) keys() []string {
	keys := make([]string, p.depth)
	for ; p.parent != nil; p = p.parent {
		keys[p.depth-1] = p.key
	}
	return keys
}

// match returns the paths that a key below some paths may be: its own path, and the summary of all keys.
func match(paths []*path, key string) []*path {
	var found []*path
	for _, p := range paths {
		for _, name := range []string{key, anyKey} {
			if c := p.children[name]; c != nil {
				found = append(found, c)
			}
		}
	}
	return found
}

// markRead records that the value at p is read; if deep, with all its parts. Reading a global of a subchart reads the
// parent chart's too.
func (in *interpreter) markRead(p *path, deep bool) {
	for p != nil {
		p.deep = p.deep || deep
		for up := p; up != nil && !up.live; up = up.parent {
			up.live = true
		}
		if in.recorded != nil {
			in.recorded[p] = true
		}
		p.global = in.parentGlobal(p)
		p = p.global
	}
}

// parentGlobal returns the path in the parent chart's values that Helm copies a subchart's global at p from, or nil.
func (in *interpreter) parentGlobal(p *path) *path {
	for at := p; at.parent != nil; at = at.parent {
		if at.key != chart.GlobalKey || !at.parent.isScope || at.parent.parent == nil {
			continue
		}
		parent := at.parent.parent
		for !parent.isScope {
			parent = parent.parent
		}
		return in.descend(parent, p.keys()[at.depth-1:]...)
	}
	return nil
}
