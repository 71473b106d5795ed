package standin

import (
	"path"
	"strings"

	dist "github.com/distribution/reference"
)

// reference is the name of an image.
type reference struct {
	familiar string // as people write it: redis:7
	full     string // as a container runtime does: docker.io/library/redis:7; one with tag and digest is known by the digest
	domain   string
	names    []string // of the repository, familiar and in full
	latest   bool     // whether the tag is latest, or left out
}

// parse reads an image's name as a container runtime does. The kubelet, and not this package, refuses one that is none.
func parse(text string) (reference, bool) {
	named, err := dist.ParseDockerRef(text)
	if err != nil {
		return reference{}, false
	}
	tag, tagged := named.(dist.Tagged)
	return reference{
		familiar: text,
		full:     named.String(),
		domain:   dist.Domain(named),
		names:    []string{dist.FamiliarName(named), named.Name()},
		latest:   tagged && tag.Tag() == "latest",
	}, true
}

// unreachable says whether the registry is under the domain .invalid, which RFC 2606 reserves for names that are none.
func (r reference) unreachable() bool {
	host, _, _ := strings.Cut(r.domain, ":")
	return host == "invalid" || strings.HasSuffix(host, ".invalid")
}

// matches says whether one of globs is that of the repository.
func (r reference) matches(globs []string) bool {
	for _, glob := range globs {
		for _, name := range r.names {
			if is, _ := path.Match(glob, name); is {
				return true
			}
		}
	}
	return false
}
