package chart

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readObjects reads the objects from the output of the templates.
func (r *Rendered) readObjects() {
	for _, template := range r.manifests() {
		for _, d := range documents(r.files[template]) {
			r.readDocument(source{rendered: r, template: template, line: d.line}, d.text)
		}
	}
}

func (r *Rendered) readDocument(src source, text string) {
	doc, err := r.chart.parse(text)
	if err != nil {
		r.ManifestFailures = append(r.ManifestFailures, src.syntaxFailure(text))
		return
	}
	if doc.Kind == 0 { // only comments
		return
	}
	if strings.Contains(text, "*") {
		if err := checkAliases(doc); err != nil {
			r.refuse(Node{source: &src}, "the rendered YAML cannot be read: "+err.Error())
			return
		}
	}
	root := Node{source: &src, value: Resolve(doc.Content[0])}
	if root.Exists() {
		r.addObject(root)
	}
}

// parse parses a rendered document, which renderings share and must not modify.
func (c *Chart) parse(text string) (*yaml.Node, error) {
	type key struct{ text string }
	type parsed struct {
		doc yaml.Node
		err error
	}
	p := Once(c, key{text}, func() *parsed {
		p := &parsed{}
		p.err = yaml.Unmarshal([]byte(text), &p.doc)
		return p
	})
	return &p.doc, p.err
}

// checkAliases returns an error if the aliases in a document contain themselves or expand excessively.
func checkAliases(doc *yaml.Node) error {
	if !HasAlias(doc) {
		return nil
	}
	var wrongType *yaml.TypeError
	if err := doc.Decode(new(any)); err != nil && !errors.As(err, &wrongType) {
		return errors.New(yamlLine.ReplaceAllString(err.Error(), ""))
	}
	return nil
}

// addObject adds an object, or each object of a List: kubectl and Helm split Lists too.
func (r *Rendered) addObject(root Node) {
	object := &Object{
		Node:       root,
		APIVersion: root.Get("apiVersion").Text(),
		Kind:       root.Get("kind").Text(),
		Name:       root.Get("metadata", "name").Text(),
	}
	var missing []string
	if object.APIVersion == "" {
		missing = append(missing, "apiVersion")
	}
	if object.Kind == "" {
		missing = append(missing, "kind")
	}
	switch {
	case root.value.Kind != yaml.MappingNode:
		r.refuse(root, "the rendered document is not an object but "+describe(root.value))
	case len(missing) > 0:
		r.refuse(root, "the rendered object has no "+strings.Join(missing, " and no "))
	case object.APIVersion == "v1" && object.Kind == "List":
		for item := range root.Get("items").Items() {
			r.addObject(item)
		}
	default:
		r.Objects = append(r.Objects, object)
	}
}

func (r *Rendered) refuse(n Node, message string) {
	r.ManifestFailures = append(r.ManifestFailures, Failure{Position: n.Position(), Message: message})
}

func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		return fmt.Sprintf("the text %q", excerpt(n.Value))
	}
	return "something else"
}

// excerpt shortens a text for a message.
func excerpt(s string) string {
	const maxLength = 60
	return truncate(s, maxLength)
}

// truncate shortens a text to at most length characters.
func truncate(s string, length int) string {
	if len(s) <= length {
		return s
	}
	if runes := []rune(s); len(runes) > length {
		return string(runes[:length]) + "…"
	}
	return s
}

// document is a YAML document in a template's output, trimmed as Helm trims it, with its first line, counted from 1.
type document struct {
	text string
	line int
}

// documents splits a template's output as Helm does, which differs from YAML's rules.
func documents(output string) []document {
	var found []document
	line, counted := 1, 0
	from := len(output) - len(strings.TrimLeft(output, whiteSpace))
	output = strings.TrimRight(output, whiteSpace)
	add := func(start, end int) {
		text := strings.TrimSpace(output[start:end])
		if text == "" {
			return
		}
		start += strings.Index(output[start:end], text)
		line += strings.Count(output[counted:start], "\n")
		counted = start
		found = append(found, document{text: text, line: line})
	}
	if from >= len(output) {
		return nil
	}
	start := from
	for {
		separator, next := nextSeparator(output, from, start)
		if next == 0 {
			add(start, len(output))
			return found
		}
		add(start, separator)
		start = next
	}
}

// nextSeparator returns where the next separator of documents starts and ends, at or after start; 0 if there is none.
// It finds what the regular expression in Helm's releaseutil.SplitManifests does, (?:^|\s*\n)---\s*, many times
// faster. The text begins at from.
func nextSeparator(output string, from, start int) (separator, next int) {
	const dashes, space = "---", " \t\n\r\f"
	at := from
	if start != from || !strings.HasPrefix(output[from:], dashes) {
		newline := strings.Index(output[start:], "\n"+dashes)
		if newline < 0 {
			return 0, 0
		}
		at = start + newline + len("\n")
	}
	separator = start + len(strings.TrimRight(output[start:at], space))
	return separator, len(output) - len(strings.TrimLeft(output[at+len(dashes):], space))
}

// whiteSpace is the ASCII white space that strings.TrimSpace trims.
const whiteSpace = " \t\n\r\v\f"

// syntaxFailure locates the syntax error of a document.
func (s source) syntaxFailure(text string) Failure {
	line, problem := SyntaxError(text)
	at := s.rendered.templates[s.template]
	at.Line = s.rendered.templateLine(s.template, s.line+line-1)
	wrong := strings.TrimSpace(strings.Split(text, "\n")[line-1])
	message := fmt.Sprintf("the rendered YAML does not parse: %s, at %s", problem, strconv.Quote(excerpt(wrong)))
	return Failure{Position: at, Message: message}
}
