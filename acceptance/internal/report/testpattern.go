package report

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// testPattern returns the argument of `go test -run`, quoted for a shell, that runs the subtest of a scenario. If
// several scenarios share the name, package testing numbers their subtests in the order in which they start, so the
// pattern matches all of them.
func testPattern(test, name string, shared bool) string {
	var levels []string
	for _, level := range strings.Split(test+"/"+subtestName(name), "/") {
		levels = append(levels, "^"+regexp.QuoteMeta(level)+"$")
	}
	pattern := strings.Join(levels, "/")
	if shared {
		pattern = strings.TrimSuffix(pattern, "$") + `(#\d+)?$`
	}
	return quoted(pattern)
}

// plain matches words that need no quotes in a shell.
var plain = regexp.MustCompile(`^[\w./:=@%+,-]+$`)

// quoted quotes a word for a shell.
func quoted(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// subtestName rewrites a name as package testing does for subtests: spaces become underscores, and unprintable
// characters are escaped.
func subtestName(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte('_')
		case !strconv.IsPrint(r):
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
