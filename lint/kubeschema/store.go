// Package kubeschema knows the Kubernetes API of the last four minors and holds rendered objects to it, without a cluster and
// without a network: fields that an object has and its kind has not, fields that are missing, values of the wrong type, and APIs
// that are deprecated, removed or not there yet. [CRDs] add the kinds that custom resource definitions define.
//
// It knows what Kubernetes publishes as OpenAPI. What the API server decides beyond that (CEL rules, defaults, patterns
// and ranges, admission) is not its subject. A version before the oldest or after the newest of [Versions] is judged by that one;
// which APIs were deprecated and removed is known from Kubernetes 1.16 on.
package kubeschema

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// The store is text, a line an item:
//
//	kubernetes VERSION…                               the versions in it, the oldest first: version i is bit i of a mask
//	module PATH VERSION SUM                           what it is made from
//	life APIVERSION KIND DEPRECATED REMOVED [APIVERSION KIND]   minors or -, and the replacement
//	kind APIVERSION KIND TYPE MASK                    a kind, and the versions (hexadecimal) that serve it
//	type NAME                                         a type, followed by its fields:
//	 FIELD TYPE [!] [@MASK]                           ! is required; without a mask it is in every version of its type
//
// A field that changed has a line for each of its forms. TYPE is string, boolean, int32, int64, number, base64, time, quantity,
// int-or-string or any; []TYPE is a list, {}TYPE a map, =A|B a string of those; all else names a type.
//
//go:generate go run ./generate -o schemas.txt.gz
//go:embed schemas.txt.gz
var compressed []byte

// kind is an API version and a kind in it.
type kind struct{ apiVersion, name string }

// served is a kind that some of the store's versions have.
type served struct {
	object   *object
	versions mask
}

// life is when an API was deprecated and removed; a zero minor is never.
type life struct {
	deprecated, removed minor
	replacement         kind
}

// mask is a set of the store's versions.
type mask uint8

type store struct {
	versions []string
	minors   []minor
	modules  []string
	kinds    map[kind]served
	lives    map[kind]life
	groups   map[string]bool // that Kubernetes itself has
	objects  map[string]*object
}

// kubernetes is read when the first object is checked. Types are read from their text one by one, when they are first met: a chart
// meets few of them.
var kubernetes = sync.OnceValue(func() *store {
	s, err := readStore(compressed)
	if err != nil {
		panic(fmt.Sprintf("the embedded Kubernetes schemas: %v", err)) // which the tests rule out
	}
	return s
})

func readStore(compressed []byte) (*store, error) {
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	s := &store{kinds: map[kind]served{}, lives: map[kind]life{}, groups: map[string]bool{}, objects: map[string]*object{}}
	for rest := string(text); rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if name, ok := strings.CutPrefix(line, "type "); ok {
			end := fieldsEnd(rest)
			s.object(name).text = rest[:end]
			rest = rest[end:]
			continue
		}
		if err := s.readLine(line); err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
	}
	return s, nil
}

// fieldsEnd is where the fields at the start of the text end: at the first line that is not indented.
func fieldsEnd(text string) int {
	for at := 0; at < len(text); {
		if text[at] != ' ' {
			return at
		}
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			break
		}
		at += end + 1
	}
	return len(text)
}

func (s *store) readLine(line string) error {
	words := strings.Fields(line)
	switch {
	case len(words) > 1 && words[0] == "kubernetes":
		s.versions = words[1:]
		for _, version := range s.versions {
			m, err := parseMinor(version)
			if err != nil {
				return err
			}
			s.minors = append(s.minors, m)
		}
	case len(words) == 4 && words[0] == "module":
		s.modules = append(s.modules, words[1]+"@"+words[2])
	case len(words) >= 5 && words[0] == "life":
		return s.readLife(words[1:])
	case len(words) == 5 && words[0] == "kind":
		versions, err := strconv.ParseUint(words[4], 16, 8)
		if err != nil {
			return err
		}
		k := kind{words[1], words[2]}
		s.kinds[k] = served{object: s.object(words[3]), versions: mask(versions)}
		s.groups[k.group()] = true
	default:
		return fmt.Errorf("an unknown line")
	}
	return nil
}

func (s *store) readLife(words []string) error {
	var l life
	var err error
	for i, m := range []*minor{&l.deprecated, &l.removed} {
		if word := words[2+i]; word != "-" && err == nil {
			*m, err = parseMinor(word)
		}
	}
	if len(words) == 6 {
		l.replacement = kind{words[4], words[5]}
	}
	if err != nil {
		return err
	}
	k := kind{words[0], words[1]}
	s.lives[k] = l
	s.groups[k.group()] = true
	return nil
}

// object is the type of a name, made when it is first named.
func (s *store) object(name string) *object {
	o := s.objects[name]
	if o == nil {
		o = &object{store: s}
		s.objects[name] = o
	}
	return o
}

func (k kind) group() string {
	group, _, named := strings.Cut(k.apiVersion, "/")
	if !named {
		return ""
	}
	return group
}

func (k kind) String() string { return k.apiVersion + " " + k.name }
