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

// SyntaxError returns the line, from 1, and the description of the first syntax error in a YAML text; 0 and "" if the
// text parses.
//
// The parser often reports the start of the surrounding block, or the line before. But it fails with the same error for
// every prefix of the text that contains the wrong line, and for no shorter one, so a binary search finds that line.
// Texts above 512 KiB take too long to parse repeatedly; for them the line is the parser's.
func SyntaxError(text string) (line int, problem string) {
	err := syntax(text)
	if err == nil {
		return 0, ""
	}
	const maxSearched = 512 << 10
	if at := parserLine.FindStringSubmatch(err.Error()); len(text) > maxSearched {
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
