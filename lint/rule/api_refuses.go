package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/internal/apicheck"
)

// APIRefuses is the ID of the rule that asks the API server's validation.
const APIRefuses = "api-refuses"

func init() {
	register(&Rule{
		ID:    APIRefuses,
		Title: "The API server accepts every object",
		Why: "A manifest may fit the schema of its kind and still be refused: a successThreshold above 1 of a liveness " +
			"probe, fewer replicas at most than at least, a Service whose ports have no names. This rule runs the API " +
			"server's own validation, in the Kubernetes version that is linted for, without a cluster. It runs with --api, " +
			"with api: true in the configuration, and before the scenarios of the acceptance tests. Its program is the " +
			"embedded control plane, which is built on first use; that takes some minutes. What another rule says about " +
			"the same field is not said twice.",
		Bad: `livenessProbe:
  httpGet: {path: /live, port: http}
  successThreshold: 2`,
		Good: `livenessProbe:
  httpGet: {path: /live, port: http}
  failureThreshold: 2`,
		Severity:         Error,
		VersionDependent: true,
		Check:            checkAPIRefuses,
	})
}

func checkAPIRefuses(p *Pass) {
	for i, verdict := range p.Verdicts[p.KubeVersion] {
		o := p.Rendered.Objects[i]
		for _, r := range joinRefusals(o, verdict.Refusals) {
			p.reportRefusal(o, r)
		}
	}
}

// located is a refusal with the value that it is about.
type located struct {
	apicheck.Refusal
	at chart.Node
}

// joinRefusals joins the reasons about one field.
func joinRefusals(o *chart.Object, refusals []apicheck.Refusal) []located {
	var joined []located
	index := map[string]int{}
	for _, refusal := range refusals {
		r := locate(o, refusal)
		i, known := index[r.Field]
		switch {
		case !known:
			index[r.Field] = len(joined)
			joined = append(joined, r)
		case !strings.Contains(joined[i].Message, r.Message):
			joined[i].Message += "; " + r.Message
		}
	}
	return joined
}

// locate finds the value that a refusal is about. The API server names a map, such as metadata.labels, and quotes the
// value or key that is wrong; the refusal then names the entry.
func locate(o *chart.Object, refusal apicheck.Refusal) located {
	at, found := nodeAt(o, parseField(refusal.Field))
	r := located{refusal, at}
	r.Message = readable(refusal.Message)
	_, quoted, _ := strings.Cut(refusal.Message, "Invalid value: ")
	quoted, err := strconv.QuotedPrefix(quoted)
	if err != nil || !found {
		return r
	}
	value, _ := strconv.Unquote(quoted)
	for key, entry := range at.Entries() {
		if key == value || entry.Text() == value {
			r.at = entry
			r.Field += "[" + key + "]"
			break
		}
	}
	return r
}

func (p *Pass) reportRefusal(o *chart.Object, r located) {
	message := fmt.Sprintf("the API server refuses %s: ", o)
	if r.Field != "" {
		message += r.Field + ": "
	}
	p.Report(Finding{
		Node:    r.at,
		Message: message + strings.TrimSuffix(r.Message, "."),
		Fix:     refusalFix(r.Refusal),
		Object:  o.String(),
		Field:   r.Field,
	})
}

// refusalFix returns what to do about a refusal.
func refusalFix(r apicheck.Refusal) string {
	if r.Field == "" {
		return "Correct the object; `kubectl explain` describes the fields of its kind."
	}
	switch r.Type {
	case "FieldValueRequired":
		return fmt.Sprintf("Set %s.", r.Field)
	case "FieldValueForbidden":
		return fmt.Sprintf("Remove %s, or what forbids it.", r.Field)
	case "FieldValueDuplicate":
		return fmt.Sprintf("Give %s another value, or remove it.", r.Field)
	case "FieldValueNotSupported":
		return fmt.Sprintf("Give %s one of the supported values.", r.Field)
	case "FieldValueTooLong", "FieldValueTooMany":
		return fmt.Sprintf("Shorten %s.", r.Field)
	}
	return "Write a value that the API server accepts, or leave the field out."
}

// pattern matches the regular expression that the API server appends to the example of a valid name.
var pattern = regexp.MustCompile(`,\s+regex used for validation is '[^']*'`)

// readable shortens the message of a refusal: it leaves out regular expressions beside an example, and the end of a
// long value.
func readable(message string) string {
	message = strings.ReplaceAll(pattern.ReplaceAllLiteralString(message, ""), ",  or ", ", or ")
	const most = 60
	start, value, found := strings.Cut(message, "Invalid value: ")
	if !found {
		return message
	}
	var raw json.RawMessage
	decoder := json.NewDecoder(strings.NewReader(value))
	if decoder.Decode(&raw) != nil || len(bytes.TrimSpace(raw)) <= most {
		return message
	}
	rest := value[decoder.InputOffset():]
	return fmt.Sprintf("%sInvalid value: %s…%s", start, strings.ToValidUTF8(string(raw[:most]), ""), rest)
}
