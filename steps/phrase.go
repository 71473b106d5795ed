package steps

import (
	"regexp"
	"strings"
)

// placeholders are the words of phrases in place of which a scenario says something of its own, with what that may look like.
var placeholders = map[string]string{
	"NAME":     `(\S+)`,
	"NAMES":    `(\S+(?:(?:, | and )\S+)*)`,
	"N":        `(\d+)`,
	"WORKLOAD": `((?:deployment|statefulset|daemonset|job)/\S+?)`,
	"SERVICE":  `(service/\S+)`,
	"PORT":     `(\S+)`,
	"KIND":     `([A-Za-z][A-Za-z0-9.-]*)`,
	"PATH":     `(\S.*?)`,
	"VALUE":    `(\S.*?)`,
	"MAP":      `(configmap|secret)`,
	"COMMAND":  `(\S.*)`,
	"FORMAT":   `(yaml|json)`,
	// In quotes, any other word is such a placeholder too.
	`"TEXT"`: `"(.*?)"`,
	`"CEL"`:  `"(.*?)"`,
}

// marks are what a phrase has besides its text: placeholders, and brackets around what may be left out.
var marks = regexp.MustCompile(`\[|\]|"[A-Z]+"|\b[A-Z]+\b`)

// pattern is the regular expression for what a scenario may say by a phrase. Each placeholder is a group, the only ones there are.
func pattern(phrase string) string {
	var expression strings.Builder
	expression.WriteString("^")
	rest := phrase
	for rest != "" {
		at := marks.FindStringIndex(rest)
		if at == nil {
			break
		}
		expression.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		expression.WriteString(meaning(rest[at[0]:at[1]]))
		rest = rest[at[1]:]
	}
	return expression.String() + regexp.QuoteMeta(rest) + "$"
}

func meaning(mark string) string {
	switch group, known := placeholders[mark]; {
	case known:
		return group
	case mark == "[":
		return "(?:"
	case mark == "]":
		return ")?"
	case mark[0] == '"':
		return `"([^"]+)"`
	}
	return mark // a word in capitals that is no placeholder
}
