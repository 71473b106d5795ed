package kubeschema

import (
	"strconv"
	"strings"
)

// path is the path to a value. It ends in a key, or in the index of an item if the key is empty.
type path struct {
	parent *path
	owner  *object // has the key as a field; nil for keys of maps and for indexes
	key    string
	index  int
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	parent := p.parent.String()
	switch {
	case p.key == "":
		return parent + "[" + strconv.Itoa(p.index) + "]"
	case strings.ContainsAny(p.key, "./[] \""):
		return parent + "[" + strconv.Quote(p.key) + "]"
	case parent == "":
		return p.key
	}
	return parent + "." + p.key
}
