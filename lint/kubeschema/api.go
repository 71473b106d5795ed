package kubeschema

import (
	"regexp"
	"slices"
	"strings"
)

// API describes an API version and kind in a Kubernetes version.
type API struct {
	// Status is the status of the API in that version.
	Status Status
	// Deprecated is the minor version that deprecated the API, such as 1.22. It is empty before that version.
	Deprecated string
	// Removed is the minor version that stops serving the API. It is empty before the API is deprecated, and as long as no
	// removal is planned.
	Removed string
	// Since is the minor version that first serves the API, if Status is NotYet.
	Since string
	// Replacement is the API to use instead, such as "networking.k8s.io/v1 Ingress". It is empty if there is none.
	Replacement string
	// Suggestion is the API that was probably meant, if Status is Unknown. It may be empty.
	Suggestion string
}

// Status is the status of an API in a Kubernetes version.
type Status int

// The statuses.
const (
	Served  Status = iota
	NotYet         // a later version serves it
	Removed        // an earlier version served it
	Unknown        // the group belongs to Kubernetes, but has no such version or kind
	Foreign        // the group does not belong to Kubernetes, or the Kubernetes version is not one of [Versions]
)

// API looks up the apiVersion and kind of an object.
func (v Version) API(apiVersion, name string) API {
	s, k := kubernetes(), kind{apiVersion, name}
	known, everServed := s.kinds[k]
	removed := s.lifecycles[k].removed
	older, newer := v.minor.before(s.minors[0]), s.minors[len(s.minors)-1].before(v.minor)
	served := known.versions&v.known != 0
	switch {
	case served && !newer, served && !removed.reached(v.minor):
		return s.served(k, v)
	case removed.reached(v.minor):
		return API{Status: Removed, Removed: removed.String(), Replacement: s.replacement(k, v)}
	case removed != minor{} && older:
		return s.served(k, v) // possibly not served yet, which is unknown for versions this old
	case everServed && s.last(known.versions).before(v.minor):
		removed := s.after(s.last(known.versions))
		return API{Status: Removed, Removed: removed.String(), Replacement: s.replacement(k, v)}
	case everServed:
		return API{Status: NotYet, Since: s.first(known.versions).String()}
	case !s.groups[k.group()], newer, older && prerelease.MatchString(apiVersion):
		return API{Status: Foreign}
	}
	return API{Status: Unknown, Suggestion: s.closestKind(k, v)}
}

// served describes the API of a kind that the version serves, with its deprecation.
func (s *store) served(k kind, v Version) API {
	api := API{Status: Served}
	if l := s.lifecycles[k]; l.deprecated.reached(v.minor) {
		api.Deprecated, api.Replacement = l.deprecated.String(), s.replacement(k, v)
		if l.removed != (minor{}) {
			api.Removed = l.removed.String()
		}
	}
	return api
}

var prerelease = regexp.MustCompile(`v\d+(alpha|beta)\d+$`)

// replacement returns the API to use instead of k: the one that Kubernetes names, or the replacement of that, or the
// same kind in a stable version of the group, whichever v serves first. It returns "" if there is none.
func (s *store) replacement(k kind, v Version) string {
	for next := s.lifecycles[k].replacement; next != (kind{}); next = s.lifecycles[next].replacement {
		if s.kinds[next].versions&v.known != 0 {
			return next.String()
		}
	}
	for _, other := range s.servedKinds(v) {
		if other.name == k.name && other.group() == k.group() && other != k && !prerelease.MatchString(other.apiVersion) {
			return other.String()
		}
	}
	return ""
}

// closestKind returns the kind of version v that was probably meant by k, or "".
func (s *store) closestKind(k kind, v Version) string {
	var sameVersion []string
	for _, other := range s.servedKinds(v) {
		if other.apiVersion == k.apiVersion {
			sameVersion = append(sameVersion, other.name)
		}
		if other.name == k.name {
			return other.String()
		}
	}
	if name := closest(k.name, sameVersion); name != "" {
		return kind{k.apiVersion, name}.String()
	}
	return ""
}

// servedKinds returns the kinds that a version serves, in order.
func (s *store) servedKinds(v Version) []kind {
	var served []kind
	for k, known := range s.kinds {
		if known.versions&v.known != 0 {
			served = append(served, k)
		}
	}
	slices.SortFunc(served, func(a, b kind) int { return strings.Compare(a.String(), b.String()) })
	return served
}

// APIVersions returns the arguments for which .Capabilities.APIVersions.Has is true in a template: the API versions
// that the version serves, such as apps/v1, and those with a kind, such as apps/v1/Deployment. It returns nil unless
// the minor version is one of [Versions].
func (v Version) APIVersions() []string {
	s := kubernetes()
	if !slices.Contains(s.minors, v.minor) {
		return nil
	}
	var served []string
	for _, k := range s.servedKinds(v) {
		served = append(served, k.apiVersion, k.apiVersion+"/"+k.name)
	}
	slices.Sort(served)
	return slices.Compact(served)
}
