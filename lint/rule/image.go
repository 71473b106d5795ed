package rule

import (
	"regexp"
	"strconv"
	"strings"
)

// imageReference is a container image's name, taken apart: [registry/]path[:tag][@digest].
type imageReference struct {
	registry string // empty for the default one
	path     string
	tag      string
	digest   string

	hasTag, hasDigest bool // or the sign before one, which may be empty
}

// parseImage takes an image's name apart as container runtimes do. The part before the first slash is a registry only if it
// can be nothing else: with a dot, a port or a capital letter, or localhost.
func parseImage(name string) imageReference {
	var r imageReference
	name, r.digest, r.hasDigest = strings.Cut(name, "@")
	if host, rest, ok := strings.Cut(name, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost" || host != strings.ToLower(host)) {
		r.registry, name = host, rest
	}
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, r.tag, r.hasTag = name[:i], name[i+1:], true
	}
	r.path = name
	return r
}

// The parts of an image's name, by the grammar of the OCI's distribution specification, which container runtimes check.
var (
	imagePath   = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	imageTag    = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$`)
	imageDigest = regexp.MustCompile(`^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-zA-Z=_-]{32,}$`)
)

// problem is what is wrong with the name, after the word "with"; empty if nothing is.
func (r imageReference) problem() string {
	switch {
	case r.path == "":
		return "an empty name"
	case !imagePath.MatchString(r.path):
		return "a name that is none: " + strconv.Quote(r.path)
	case r.hasTag && r.tag == "":
		return "a colon and no tag"
	case r.hasTag && !imageTag.MatchString(r.tag):
		return "a tag that is none: " + strconv.Quote(r.tag)
	case r.hasDigest && !imageDigest.MatchString(r.digest):
		return "a digest that is none: " + strconv.Quote(r.digest)
	}
	return ""
}

// placeholders are parts of names that stand in documentation for one's own.
var placeholders = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`^your[-_.]?(?:registry|repo|repository|org|organization|company|project|account|user|username|image)\b`,
	`^my[-_.](?:registry|repo|repository|org|organization|company|project|account|user|username|image)\b`,
	`^(?:replace|change)[-_.]?(?:me|with|this)\b`,
	`^(?-i:REPLACE|CHANGE)`,
	`^(?:placeholder|fixme|xxx+)$`,
	`[<>{}$]`,
}, "|"))

// reserved are hosts that exist in documentation only: RFC 2606.
var reserved = regexp.MustCompile(`(?i)(?:^|\.)(?:example|invalid|example\.(?:com|net|org))(?::\d+)?$`)

// placeholder is the part of an image's name that is to be replaced, or empty.
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
