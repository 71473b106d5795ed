package helm

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Split splits one command line into words by the shell's rules for quotes and escapes.
//
// Words are otherwise unchanged. Braces, globs and tildes are not expanded, so `--set a={x,y}` is two words. Features
// of a shell are errors: several commands, pipes, redirections, and the substitution of variables or commands. In
// single quotes, $ is a plain character.
func Split(line string) ([]string, error) {
	words, err := split(line)
	if err != nil {
		return nil, fmt.Errorf("command line `%s`: %w", line, err)
	}
	return words, nil
}

var errNotOneCommand = errors.New("this is not a shell: write one command, without pipes, `;`, `&`, `&&`, `||`, " +
	"redirections, assignments or shell keywords; quote them if they belong to a word")

func split(line string) ([]string, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(line), "")
	if err != nil {
		return nil, err
	}
	if len(file.Stmts) == 0 {
		return nil, nil
	}
	statement := file.Stmts[0]
	call, isCall := statement.Cmd.(*syntax.CallExpr)
	if len(file.Stmts) > 1 || !isCall || len(call.Assigns) > 0 || len(statement.Redirs) > 0 ||
		statement.Negated || statement.Background || statement.Semicolon.IsValid() {
		return nil, errNotOneCommand
	}
	words := make([]string, len(call.Args))
	for i, word := range call.Args {
		if words[i], err = literal(line, word.Parts); err != nil {
			return nil, err
		}
	}
	return words, nil
}

var (
	// escaped matches an escape outside quotes.
	escaped = regexp.MustCompile(`(?s)\\(.)`)
	// escapedInQuotes matches an escape in double quotes; before any other character, a backslash is a plain character.
	escapedInQuotes = regexp.MustCompile("\\\\([\"\\\\$`])")
)

// literal joins the parts of a word without their quotes.
func literal(line string, parts []syntax.WordPart) (string, error) {
	var word strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case *syntax.Lit:
			word.WriteString(escaped.ReplaceAllString(part.Value, "$1"))
		case *syntax.SglQuoted:
			word.WriteString(part.Value)
		case *syntax.DblQuoted:
			for _, quoted := range part.Parts {
				text, isText := quoted.(*syntax.Lit)
				if !isText {
					return "", substitutionError(line, quoted)
				}
				word.WriteString(escapedInQuotes.ReplaceAllString(text.Value, "$1"))
			}
		default:
			return "", substitutionError(line, part)
		}
	}
	return word.String(), nil
}

func substitutionError(line string, part syntax.WordPart) error {
	return fmt.Errorf("%s is not expanded here: write its value, or put it in single quotes to pass it unchanged",
		line[part.Pos().Offset():part.End().Offset()])
}

// join is the inverse of Split. It adds as few quotes as a shell allows.
func join(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		bare := strings.ReplaceAll(word, "=", "") // it needs quotes only in front of a command
		if safe, err := syntax.Quote(bare, syntax.LangPOSIX); err != nil || safe != bare {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
