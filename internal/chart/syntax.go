package chart

import (
	"regexp"
	"sort"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var parserLine = regexp.MustCompile(`^yaml: line (\d+): `)

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
	const long = 512 << 10 // bytes, above which to parse it again and again takes too long
	if at := parserLine.FindStringSubmatch(err.Error()); len(text) > long {
		line = 1
		if at != nil {
			line, _ = strconv.Atoi(at[1])
		}
		return min(max(line, 1), 1+strings.Count(text, "\n")), yamlLine.ReplaceAllString(err.Error(), "")
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
