// Package kubeschema checks rendered objects against the API of the last four minor versions of Kubernetes, without a
// cluster or a network. It finds unknown fields, missing fields, values of the wrong type, and APIs that a version has
// deprecated, removed or not introduced yet. [CRDs] add the kinds of custom resource definitions.
//
// It checks what Kubernetes publishes as OpenAPI. It does not check the other decisions of the API server: CEL rules,
// defaults, patterns, ranges and admission. An older or newer version than [Versions] is checked as the nearest of
// them. Deprecations and removals of APIs are known since Kubernetes 1.16.
package kubeschema

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// compressed is the store: a compressed text with one item per line.
//
//	kubernetes VERSION…                               the versions, oldest first: version i is bit i of a SET
//	module PATH VERSION SUM                           a Go module that the store was generated from
//	life APIVERSION KIND DEPRECATED REMOVED [APIVERSION KIND]   minor versions or -, and the replacement
//	kind APIVERSION KIND TYPE SET                     a kind, and the versions (hexadecimal) that serve it
//	type NAME                                         a type, followed by its fields:
//	 FIELD TYPE [!] [@SET]                            ! is required; without a set the field is in every version
//
// A field that differs between versions has several lines. TYPE is string, boolean, int32, int64, number, base64, time,
// quantity, int-or-string or any. []TYPE is a list, {}TYPE a map, =A|B an enum. Anything else is the NAME of a type.
//
//go:generate go run ./generate -o schemas.txt.gz
//go:embed schemas.txt.gz
var compressed []byte

// kind is an API version and kind.
type kind struct{ apiVersion, name string }

// servedKind is the type of a kind, and the versions that serve it.
type servedKind struct {
	object   *object
	versions versionSet
}

// lifecycle has the minor versions that deprecated and removed an API. Zero means never.
type lifecycle struct {
	deprecated, removed minor
	replacement         kind
}

// versionSet is a set of versions of the store, one per bit.
type versionSet uint8

const allVersions versionSet = 0xff

type store struct {
	versions   []string
	minors     []minor
	modules    []string
	kinds      map[kind]servedKind
	lifecycles map[kind]lifecycle
	groups     map[string]bool // of Kubernetes itself
	objects    map[string]*object
}

// kubernetes returns the store, which is read on the first call. A type is only parsed when it is needed, because a
// chart needs few of them.
var kubernetes = sync.OnceValue(func() *store {
	s, err := readStore(compressed)
	if err != nil {
		panic(fmt.Sprintf("read the embedded Kubernetes schemas: %v", err)) // a test rules it out
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
	s := &store{
		kinds:      map[kind]servedKind{},
		lifecycles: map[kind]lifecycle{},
		groups:     map[string]bool{},
		objects:    map[string]*object{},
	}
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

// fieldsEnd returns the end of the fields at the start of the text: the first line that is not indented.
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
		return s.readLifecycle(words[1:])
	case len(words) == 5 && words[0] == "kind":
		versions, err := strconv.ParseUint(words[4], 16, 8)
		if err != nil {
			return err
		}
		k := kind{words[1], words[2]}
		s.kinds[k] = servedKind{object: s.object(words[3]), versions: versionSet(versions)}
		s.groups[k.group()] = true
	default:
		return errors.New("unknown line")
	}
	return nil
}

func (s *store) readLifecycle(words []string) error {
	var l lifecycle
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
	s.lifecycles[k] = l
	s.groups[k.group()] = true
	return nil
}

// object returns the type with a name, and adds it if it is new.
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
