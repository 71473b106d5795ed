package schema

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

func typeProblem(k *kind.Type, got any) string {
	return fmt.Sprintf("must be %s, not %s", article(strings.Join(k.Want, " or ")), withValue(k.Got, got))
}

// problem describes how a value violates a keyword.
func problem(e *jsonschema.ValidationError, got any) string {
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		return typeProblem(k, got)
	case *kind.Required:
		return "must have " + quoteKeys(k.Missing)
	case *kind.Enum:
		return fmt.Sprintf("must be one of %s, not %s", formatValues(k.Want), FormatValue(k.Got))
	case *kind.Const:
		return fmt.Sprintf("must be %s, not %s", FormatValue(k.Want), FormatValue(k.Got))
	case *kind.Pattern:
		return fmt.Sprintf("must match the pattern %s, which %s does not", k.Want, FormatValue(k.Got))
	case *kind.Format:
		return fmt.Sprintf("must be a valid %s, which %s is not: %v", k.Want, FormatValue(k.Got), k.Err)
	case *kind.Minimum:
		return fmt.Sprintf("must be at least %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.Maximum:
		return fmt.Sprintf("must be at most %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("must be more than %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("must be less than %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.MultipleOf:
		return fmt.Sprintf("must be a multiple of %s, not %s", k.Want.RatString(), k.Got.RatString())
	case *kind.MinLength:
		if k.Want == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must be at least %d characters long, not %d", k.Want, k.Got)
	case *kind.MaxLength:
		return fmt.Sprintf("must be at most %d characters long, not %d", k.Want, k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d items, not %d", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d items, not %d", k.Want, k.Got)
	case *kind.MinProperties:
		return fmt.Sprintf("must have at least %d keys, not %d", k.Want, k.Got)
	case *kind.MaxProperties:
		return fmt.Sprintf("must have at most %d keys, not %d", k.Want, k.Got)
	case *kind.UniqueItems:
		return fmt.Sprintf("must not repeat an item: items %d and %d are equal", k.Duplicates[0], k.Duplicates[1])
	case *kind.DependentRequired:
		return fmt.Sprintf("must have %s with %q", quoteKeys(k.Missing), k.Prop)
	case *kind.Dependency:
		return fmt.Sprintf("must have %s with %q", quoteKeys(k.Missing), k.Prop)
	case *kind.RefCycle:
		return "cannot be validated: the schema's $ref refers back to itself at " + strings.TrimPrefix(k.URL, documentURL)
	case *kind.FalseSchema:
		return "must not be set"
	case *kind.Not:
		return "must not match the schema under \"not\""
	}
	// The other keywords are rare. The library's message starts with the location.
	_, message, _ := strings.Cut(e.Error(), ": ")
	return "must match the schema: " + message
}

func article(noun string) string {
	if strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func withValue(kindOf string, v any) string {
	switch v.(type) {
	case map[string]any, []any:
		return article(kindOf)
	case nil:
		return "null"
	}
	return fmt.Sprintf("the %s %s", kindOf, FormatValue(v))
}
