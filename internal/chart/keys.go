package chart

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template/parse"

	helmchart "helm.sh/helm/v3/pkg/chart"
)

// Generating an RSA key takes longer than everything else in a rendering. The templates are therefore executed with
// functions that do the same with a given key: genCA "ca" 365 becomes genCAWithKey "ca" 365 KEY, on the same line. The
// key is one of a curve, and the same for all certificates of a rendering.

// generating matches the functions that generate an RSA key, and end in it when they are called with one.
var generating = regexp.MustCompile(`^gen(?:CA|SelfSignedCert|SignedCert)$`)

// keySuffix is the end of the names of the functions that take a key.
const keySuffix = "WithKey"

// keyLiteral returns a private key as a string literal of templates: one for renderings, and another for those that
// show what is drawn at random.
func keyLiteral(again bool) string {
	if again {
		return otherKey()
	}
	return usualKey()
}

var usualKey, otherKey = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		panic(err) // the curve is known
	}
	return strconv.Quote(string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
}

// withKeys returns a copy of a chart whose templates do not generate RSA keys.
func (r *Rendered) withKeys(helm *helmchart.Chart) *helmchart.Chart {
	if !r.chart.draws() {
		return helm
	}
	return edit(helm, func(_ string, content []byte) []byte {
		if !strings.Contains(string(content), "gen") {
			return content
		}
		type key struct {
			content string
			again   bool
		}
		return Once(r.chart, key{string(content), r.variant.again}, func() []byte {
			return []byte(giveKeys(string(content), keyLiteral(r.variant.again)))
		})
	})
}

// giveKeys returns a template that passes a key to the functions that would generate one. A call that gets its last
// argument from a pipe is left as it is, and so is a template that does not parse.
func giveKeys(text, key string) string {
	trees, err := ParseTemplate("template", text)
	if err != nil {
		return text
	}
	var calls []*parse.IdentifierNode
	for _, tree := range trees {
		calls = appendCalls(calls, tree.Root)
	}
	slices.SortFunc(calls, func(a, b *parse.IdentifierNode) int { return cmp.Compare(b.Pos, a.Pos) })
	for _, call := range calls { // the last one first, so that the positions of the others stay right
		start := int(call.Pos)
		end := endOfCommand(text, start)
		if !strings.HasPrefix(text[start:], call.Ident) || end < 0 {
			continue
		}
		arguments := strings.TrimRight(text[start+len(call.Ident):end], " \t\r\n")
		rest := text[start+len(call.Ident)+len(arguments):]
		text = text[:start] + call.Ident + keySuffix + arguments + " " + key + rest
	}
	return text
}

// withoutKeys matches what giveKeys adds to a template, in an error about it.
var withoutKeys = regexp.MustCompile(
	`\b(gen(?:CA|SelfSignedCert|SignedCert))` + keySuffix + `\b|` + ` "-----BEGIN EC PRIVATE KEY-----[^"]*"`)

// appendCalls appends the names of the generating functions that are called in a node, unless a pipe leads into them.
func appendCalls(calls []*parse.IdentifierNode, node parse.Node) []*parse.IdentifierNode {
	pipe := func(calls []*parse.IdentifierNode, pipe *parse.PipeNode) []*parse.IdentifierNode {
		if pipe == nil {
			return calls
		}
		for i, command := range pipe.Cmds {
			for j, argument := range command.Args {
				name, isName := argument.(*parse.IdentifierNode)
				if isName && i == 0 && j == 0 && generating.MatchString(name.Ident) {
					calls = append(calls, name)
				}
				calls = appendCalls(calls, argument)
			}
		}
		return calls
	}
	branch := func(b *parse.BranchNode) {
		calls = pipe(calls, b.Pipe)
		calls = appendCalls(calls, b.List)
		calls = appendCalls(calls, b.ElseList)
	}
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, below := range n.Nodes {
				calls = appendCalls(calls, below)
			}
		}
	case *parse.ActionNode:
		calls = pipe(calls, n.Pipe)
	case *parse.TemplateNode:
		calls = pipe(calls, n.Pipe)
	case *parse.PipeNode:
		calls = pipe(calls, n)
	case *parse.ChainNode:
		calls = appendCalls(calls, n.Node)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
	return calls
}

// commandToken matches what is skipped as a whole when looking for the end of a command: texts, and characters.
var commandToken = regexp.MustCompile("^(?:\"(?:[^\"\\\\\n]|\\\\.)*\"|`[^`]*`|'(?:[^'\\\\\n]|\\\\.)*')")

// endOfCommand returns where the command that starts at an offset ends: at a pipe, a closing parenthesis, or the end of
// the action; -1 if it does not.
func endOfCommand(text string, start int) int {
	depth := 0
	for i := start; i < len(text); i++ {
		if token := commandToken.FindString(text[i:]); token != "" {
			i += len(token) - 1
			continue
		}
		rest := text[i:]
		switch {
		case text[i] == '(':
			depth++
		case text[i] == ')' && depth > 0:
			depth--
		case depth > 0:
		case text[i] == ')', text[i] == '|', strings.HasPrefix(rest, "}}"), strings.HasPrefix(rest, " -}}"):
			return i
		}
	}
	return -1
}
