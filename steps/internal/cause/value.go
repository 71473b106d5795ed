package cause

import (
	"regexp"
	"strings"
)

// longValue is the length in bytes above which Shorten leaves out a value.
const longValue = 80

// Shorten replaces the long values in braces of a text by {…}.
func Shorten(text string) string {
	var short strings.Builder
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			return short.String() + text
		}
		short.WriteString(text[:open])
		value := balanced(text[open:])
		switch {
		case value == "":
			value = "{"
			short.WriteString(value)
		case len(value) > longValue:
			short.WriteString("{…}")
		default:
			short.WriteString(value)
		}
		text = text[open+len(value):]
	}
}

var (
	quotedValue = regexp.MustCompile(`^"(?:[^"\\]|\\.)*"`)
	goType      = regexp.MustCompile(`^[\w.*&\[\]]*\{`)
	plainValue  = regexp.MustCompile(`^[^\s:,\]]+`)
)

// leadingValue returns the value at the start of a text: a string in quotes, a structure as JSON or as Go prints it, or
// a word.
func leadingValue(text string) string {
	if value := quotedValue.FindString(text); value != "" {
		return value
	}
	if start := goType.FindString(text); start != "" {
		if value := balanced(text[len(start)-1:]); value != "" {
			return start[:len(start)-1] + value
		}
	}
	if strings.HasPrefix(text, "[") {
		if value := balanced(text); value != "" {
			return value
		}
	}
	return plainValue.FindString(text)
}

// balanced returns the start of a text up to the bracket that closes its first one; "" if none does. Brackets in quotes
// do not count.
func balanced(text string) string {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return text[:i+1]
			}
		}
	}
	return ""
}
