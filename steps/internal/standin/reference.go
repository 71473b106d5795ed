package standin

import (
	"path"
	"strings"

	dist "github.com/distribution/reference"
)

// reference is the name of an image.
type reference struct {
	familiar string // as in the chart: redis:7
	full     string // as in a container runtime: docker.io/library/redis:7. A digest replaces the tag
	domain   string
	names    []string // of the repository: familiar, then full
	latest   bool     // whether the tag is latest, or missing
}

// parse parses the name of an image as container runtimes do. It returns false if the name is invalid, which is left to
// the kubelet to report.
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

// hasInvalidDomain reports whether the registry is under the domain .invalid, which RFC 2606 reserves.
func (r reference) hasInvalidDomain() bool {
	host, _, _ := strings.Cut(r.domain, ":")
	return host == "invalid" || strings.HasSuffix(host, ".invalid")
}

// matches reports whether one of the globs matches a name of the repository.
func (r reference) matches(globs []string) bool {
	for _, glob := range globs {
		for _, name := range r.names {
			if ok, _ := path.Match(glob, name); ok {
				return true
			}
		}
	}
	return false
}
