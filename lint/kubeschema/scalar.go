package kubeschema

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/traderadmin/charts/internal/chart"
)

// Quantity is the value of Problem.Want for a resource quantity.
const Quantity = "quantity"

// acceptedTypes are the YAML types in which a value may be written. An integer may be written as 80.0 or 1e3, because
// it is an integer in the JSON that the API server receives.
var acceptedTypes = [...][]chart.Type{
	anything:    nil,
	text:        {chart.String},
	enum:        {chart.String},
	base64Text:  {chart.String},
	timestamp:   {chart.String},
	boolean:     {chart.Boolean},
	int32s:      {chart.Integer, chart.Number},
	int64s:      {chart.Integer, chart.Number},
	number:      {chart.Integer, chart.Number},
	quantity:    {chart.String, chart.Integer, chart.Number},
	intOrString: {chart.String, chart.Integer, chart.Number},
	list:        {chart.List},
	mapping:     {chart.Map},
	structure:   {chart.Map},
}

// name returns the name of a form in messages, or "" if the form accepts anything.
func (f form) name() string {
	switch f {
	case text, enum, base64Text, timestamp:
		return "string"
	case boolean:
		return "boolean"
	case int32s, int64s:
		return "integer"
	case number:
		return "number"
	case quantity:
		return Quantity
	case intOrString:
		return "integer or string"
	case list:
		return "list"
	case mapping, structure:
		return "map"
	}
	return ""
}

// scalarProblem returns the problem with a scalar whose YAML type is accepted, or "".
func scalarProblem(n chart.Node, t *fieldType) string {
	isString := n.Type() == chart.String
	switch value := n.Text(); t.form {
	case enum:
		// The API server treats an empty string as no value.
		if value != "" && !slices.Contains(t.values, value) {
			return fmt.Sprintf("must be one of %s, not %q", strings.Join(t.values, ", "), value)
		}
	case base64Text:
		if _, err := base64.StdEncoding.DecodeString(value); err != nil {
			return "must be base64, not " + describe(n)
		}
	case timestamp:
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return "must be a time such as 2006-01-02T15:04:05Z, not " + describe(n)
		}
	case quantity:
		if _, err := resource.ParseQuantity(value); err != nil && isString {
			return "must be a quantity such as 500m or 1Gi, not " + describe(n)
		}
	case int32s, int64s:
		return integerProblem(n, t.form)
	case intOrString:
		if !isString {
			return integerProblem(n, int32s)
		}
	}
	return ""
}

func integerProblem(n chart.Node, f form) string {
	value, err := parseNumber(n.Text())
	switch {
	case n.Type() == chart.Number && (err != nil || value != math.Trunc(value)):
		return "must be an integer, not " + describe(n)
	case err == nil && f == int32s && (value > math.MaxInt32 || value < math.MinInt32):
		return "must fit in 32 bits, unlike " + describe(n)
	}
	return ""
}

// parseNumber parses a YAML number: decimal, octal, hexadecimal or floating point, with optional underscores.
func parseNumber(text string) (float64, error) {
	text = strings.ReplaceAll(text, "_", "")
	if integer, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(integer), nil
	}
	return strconv.ParseFloat(text, 64)
}

func withArticle(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// describe names a value in a message: the string "3", the boolean yes, a map.
func describe(n chart.Node) string {
	switch typ := n.Type(); typ {
	case chart.Map, chart.List:
		return withArticle(string(typ))
	case chart.String:
		return "the string " + strconv.Quote(shorten(n.Text()))
	default:
		return fmt.Sprintf("the %s %s", typ, shorten(n.Text()))
	}
}

func shorten(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
