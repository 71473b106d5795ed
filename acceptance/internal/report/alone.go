package report

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// testPattern is what `go test -run` takes, quoted for a shell, to run the subtest of test that is made for a scenario's name. Where the name is not the only
// one, package testing numbers its subtests in the order in which they happen to start, so that the pattern takes all of them.
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

// plain matches words that mean themselves to a shell.
var plain = regexp.MustCompile(`^[\w./:=@%+,-]+$`)

// quoted is a word as one types it into a shell.
func quoted(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// subtestName rewrites a name as package testing does for subtests: spaces to underscores, what cannot be printed to escapes.
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
