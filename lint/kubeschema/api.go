package kubeschema

import (
	"regexp"
	"slices"
	"strings"
)

// API is what a Kubernetes version has to say about an object's API version and kind.
type API struct {
	// Status is whether that version serves it.
	Status Status
	// Deprecated and Removed are the minors, such as 1.22, that deprecated it and that serve it no more. Deprecated is empty before that
	// minor; Removed is empty until it is deprecated, and where no minor is decided.
	Deprecated, Removed string
	// Since is the minor that serves it first, where Status is NotYet.
	Since string
	// Replacement is what to use instead, such as "networking.k8s.io/v1 Ingress"; empty if there is nothing.
	Replacement string
	// Suggestion is what was likely meant, where Status is Unknown; it may be empty.
	Suggestion string
}

// Status is how an API stands in a version of Kubernetes.
type Status int

// The statuses.
const (
	Served  Status = iota
	NotYet         // a later version serves it
	Gone           // an earlier version served it
	Unknown        // the group is one of Kubernetes' own, but has no such version or kind
	Foreign        // nothing is known: the group is none of Kubernetes' own, or the Kubernetes version is none of [Versions]
)

// API looks an object's apiVersion and kind up.
func (v Version) API(apiVersion, name string) API {
	s, k := kubernetes(), kind{apiVersion, name}
	known, everKnown := s.kinds[k]
	l := s.lives[k]
	older, newer := v.minor.before(s.minors[0]), s.minors[len(s.minors)-1].before(v.minor)
	serves := known.versions&v.known != 0
	switch {
	case serves && !newer, serves && !l.removed.reached(v.minor):
		return s.served(k, v)
	case l.removed.reached(v.minor):
		return API{Status: Gone, Removed: l.removed.String(), Replacement: s.replacement(k, v)}
	case l.removed != minor{} && older:
		return s.served(k, v) // or not there yet, which is not known of versions as old
	case everKnown && s.last(known.versions).before(v.minor):
		return API{Status: Gone, Removed: s.after(s.last(known.versions)).String(), Replacement: s.replacement(k, v)}
	case everKnown:
		return API{Status: NotYet, Since: s.first(known.versions).String()}
	case !s.groups[k.group()], newer, older && prerelease.MatchString(apiVersion):
		return API{Status: Foreign}
	}
	return API{Status: Unknown, Suggestion: s.closestKind(k, v)}
}

// served is an API that is there, and what is said against it.
func (s *store) served(k kind, v Version) API {
	api := API{Status: Served}
	if l := s.lives[k]; l.deprecated.reached(v.minor) {
		api.Deprecated, api.Replacement = l.deprecated.String(), s.replacement(k, v)
		if l.removed != (minor{}) {
			api.Removed = l.removed.String()
		}
	}
	return api
}

var prerelease = regexp.MustCompile(`v\d+(alpha|beta)\d+$`)

// replacement is the API to use instead of k that version v serves: the one that Kubernetes names, or that one's replacement, or the
// same kind in a stable version of the group; empty if there is none.
func (s *store) replacement(k kind, v Version) string {
	for next := s.lives[k].replacement; next != (kind{}); next = s.lives[next].replacement {
		if s.kinds[next].versions&v.known != 0 {
			return next.String()
		}
	}
	for _, other := range s.sorted(v) {
		if other.name == k.name && other.group() == k.group() && other != k && !prerelease.MatchString(other.apiVersion) {
			return other.String()
		}
	}
	return ""
}

// closestKind is the kind of version v that k was likely meant to be.
func (s *store) closestKind(k kind, v Version) string {
	var ofVersion []string
	for _, other := range s.sorted(v) {
		if other.apiVersion == k.apiVersion {
			ofVersion = append(ofVersion, other.name)
		}
		if other.name == k.name {
			return other.String()
		}
	}
	if name := closest(k.name, ofVersion); name != "" {
		return kind{k.apiVersion, name}.String()
	}
	return ""
}

// sorted are the kinds that a version serves, in order.
func (s *store) sorted(v Version) []kind {
	var serves []kind
	for k, known := range s.kinds {
		if known.versions&v.known != 0 {
			serves = append(serves, k)
		}
	}
	slices.SortFunc(serves, func(a, b kind) int { return strings.Compare(a.String(), b.String()) })
	return serves
}
