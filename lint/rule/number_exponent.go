package rule

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

func init() {
	register(&Rule{
		ID:    "number-exponent",
		Title: "No string has a whole number with an exponent",
		Why: "Helm reads the numbers in values files as floating-point numbers, and templates print those of a million or " +
			"more with an exponent: 58467965 becomes 5.8467965e+07. Most programs cannot read that as a whole number, and " +
			"as a name or label it is another one. In the text of a file it is only an info, because YAML and JSON allow it.",
		Bad:      `value: "{{ .Values.maxBytes }}"   # maxBytes: 10000000`,
		Good:     `value: "{{ int64 .Values.maxBytes }}"`,
		Severity: Warning,
		Check:    checkNumberExponent,
	})
}

// checkNumberExponent leaves out images, which image-invalid reports.
func checkNumberExponent(p *Pass) {
	for _, o := range p.Rendered.Objects {
		for text := range o.Texts() {
			if exponent.MatchString(text) {
				p.reportExponents(o, o.Node, "")
				break
			}
		}
	}
}

// exponent matches a number with an exponent, as Go prints floating-point numbers.
var exponent = regexp.MustCompile(`\b\d(?:\.\d+)?e\+\d\d\b`)

const maxManifestDepth = 100 // a map may contain itself

func (p *Pass) reportExponents(o *chart.Object, n chart.Node, path string) {
	if strings.Count(path, ".") > maxManifestDepth {
		return
	}
	for key, value := range n.Entries() {
		if key != "image" {
			p.reportExponents(o, value, path+"."+key)
		}
	}
	i := 0
	for item := range n.Items() {
		p.reportExponents(o, item, fmt.Sprintf("%s[%d]", path, i))
		i++
	}
	if n.Type() != chart.String {
		return
	}
	number, found := printedNumber(p.Rendered, n.Text())
	if !found {
		return
	}
	severity := Warning
	if strings.Contains(n.Text(), "\n") {
		severity = Info
	}
	p.Report(Finding{
		Severity: severity,
		Node:     n,
		Value:    &number.key,
		Message: fmt.Sprintf("%s: %s has %s, which the template printed for the number %s of %s",
			o, strings.TrimPrefix(path, "."), number.printed, number.exact, number.key.Key),
		Fix:    "Print the number with `{{ int64 … }}`, or write it in quotes in the values.",
		Object: o.String(),
	})
}

// wholeNumber is a whole number in the values that templates print with an exponent.
type wholeNumber struct {
	printed, exact string
	key            chart.ValuesKey
}

// printedNumber returns the number of the values that a text contains with an exponent.
func printedNumber(r *chart.Rendered, text string) (wholeNumber, bool) {
	if !strings.Contains(text, "e+") {
		return wholeNumber{}, false
	}
	for _, printed := range exponent.FindAllString(text, -1) {
		if number, found := wholeNumbers(r)[printed]; found {
			return number, true
		}
	}
	return wholeNumber{}, false
}

// wholeNumbers returns the whole numbers of the values that are printed with an exponent, by what is printed.
func wholeNumbers(r *chart.Rendered) map[string]wholeNumber {
	type key struct{}
	return chart.Once(r, key{}, func() map[string]wholeNumber {
		found := map[string]wholeNumber{}
		eachNumber(r.Values(), nil, func(path []string, number float64) {
			printed := fmt.Sprint(number)
			if number != math.Trunc(number) || !exponent.MatchString(printed) {
				return
			}
			found[printed] = wholeNumber{
				printed: printed,
				exact:   strconv.FormatFloat(number, 'f', 0, 64),
				key:     chart.ValuesKey{Position: r.ValuePosition(path), Key: schema.FormatPath(path)},
			}
		})
		return found
	})
}

// eachNumber visits the floating-point numbers in values, in the order of their keys.
func eachNumber(v any, path []string, visit func(path []string, number float64)) {
	switch v := v.(type) {
	case float64:
		visit(path, v)
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			eachNumber(v[key], append(slices.Clip(path), key), visit)
		}
	case []any:
		for i, item := range v {
			eachNumber(item, append(slices.Clip(path), strconv.Itoa(i)), visit)
		}
	}
}
