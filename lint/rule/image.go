package rule

import (
	"fmt"
	"regexp"
	"strings"
)

// imageReference is a parsed image reference: [registry/]path[:tag][@digest].
type imageReference struct {
	registry string // empty for the default registry
	path     string
	tag      string
	digest   string

	hasTag, hasDigest bool // there is a separator; the tag or digest itself may be empty
}

// parseImage parses an image reference as container runtimes do. The part before the first slash is a registry only if
// it has a dot, a port or an upper-case letter, or is localhost.
func parseImage(name string) imageReference {
	var r imageReference
	name, r.digest, r.hasDigest = strings.Cut(name, "@")
	if host, rest, ok := strings.Cut(name, "/"); ok && isRegistry(host) {
		r.registry, name = host, rest
	}
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, r.tag, r.hasTag = name[:i], name[i+1:], true
	}
	r.path = name
	return r
}

func isRegistry(part string) bool {
	return strings.ContainsAny(part, ".:") || part == "localhost" || part != strings.ToLower(part)
}

// The parts of an image reference, by the grammar of the OCI distribution specification.
var (
	imagePath   = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	imageTag    = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$`)
	imageDigest = regexp.MustCompile(`^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-zA-Z=_-]{32,}$`)
)

// problem returns the reason why the reference is invalid, or "".
func (r imageReference) problem() string {
	switch {
	case r.path == "":
		return "the name is empty"
	case !imagePath.MatchString(r.path):
		return fmt.Sprintf("the name %q is invalid", r.path)
	case r.hasTag && r.tag == "":
		return "the tag is empty"
	case r.hasTag && !imageTag.MatchString(r.tag):
		return fmt.Sprintf("the tag %q is invalid", r.tag)
	case r.hasDigest && !imageDigest.MatchString(r.digest):
		return fmt.Sprintf("the digest %q is invalid", r.digest)
	}
	return ""
}

// placeholders matches the parts of a reference that documentation uses as placeholders.
var placeholders = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`^your[-_.]?(?:registry|repo|repository|org|organization|company|project|account|user|username|image)\b`,
	`^my[-_.](?:registry|repo|repository|org|organization|company|project|account|user|username|image)\b`,
	`^(?:replace|change)[-_.]?(?:me|with|this)\b`,
	`^(?-i:REPLACE|CHANGE)`,
	`^(?:placeholder|fixme|xxx+)$`,
	`[<>{}$]`,
}, "|"))

// reserved matches hosts that are reserved for documentation by RFC 2606.
var reserved = regexp.MustCompile(`(?i)(?:^|\.)(?:example|invalid|example\.(?:com|net|org))(?::\d+)?$`)

// placeholder returns the part of the reference that is a placeholder, or "".
func (r imageReference) placeholder() string {
	if reserved.MatchString(r.registry) {
		return r.registry
	}
	parts := append([]string{r.registry}, strings.Split(r.path, "/")...)
	for _, part := range append(parts, r.tag) {
		if placeholders.MatchString(part) {
			return part
		}
	}
	return ""
}
