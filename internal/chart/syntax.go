package chart

import (
	"regexp"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

var yamlLine = regexp.MustCompile(`^yaml: (?:line \d+: )?`)

// SyntaxError is what keeps a text from being YAML, and the line that is wrong, from 1; no line for a text that parses.
//
// The parser's own line is often that of the surrounding block, or the one before. It is a fact, though, that it stops with the very
// same error as soon as the text reaches the line that is wrong, and not before.
func SyntaxError(text string) (line int, problem string) {
	err := syntax(text)
	if err == nil {
		return 0, ""
	}
	lines := strings.SplitAfter(text, "\n")
	wrong := sort.Search(len(lines)-1, func(i int) bool {
		at := syntax(strings.Join(lines[:i+1], ""))
		return at != nil && at.Error() == err.Error()
	})
	return wrong + 1, yamlLine.ReplaceAllString(err.Error(), "")
}

func syntax(text string) error {
	var doc yaml.Node
	return yaml.Unmarshal([]byte(text), &doc)
}
