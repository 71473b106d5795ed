package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/suggest"
)

// FileName is what a configuration file is called where nothing else is said.
const FileName = ".chartlint.yaml"

// Find is the configuration file that holds for a chart, a folder or an archive: that in the chart's folder, else that beside
// it; empty if there is neither.
func Find(chartPath string) string {
	chartPath = filepath.Clean(chartPath)
	beside := filepath.Join(chartPath, "..", FileName) // also where the path is ".", of which filepath.Dir is "."
	for _, file := range []string{filepath.Join(chartPath, FileName), beside} {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return file
		}
	}
	return ""
}

// Load reads a configuration file. rules are the IDs of the rules that there are. The error names each mistake in the file
// at its line: a key or a rule that does not exist, a value of the wrong type, a suppression without a reason, a values file
// that is not there.
func Load(file string, rules []string) (*Policy, error) {
	content, err := chart.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	if line, problem := chart.SyntaxError(string(content)); line > 0 {
		return nil, fmt.Errorf("%s:%d: it is no YAML: %s", file, line, problem)
	}
	p := Default()
	p.File = file
	if err := decode(content, p); err != nil {
		return nil, at(file, err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil || document.Kind != yaml.DocumentNode {
		return p, err // a file of comments is no document
	}
	if err := p.resolve(document.Content[0], rules); err != nil {
		return nil, at(file, err)
	}
	return p, nil
}

func decode(content []byte, p *Policy) error {
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(p); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one document in it")
	}
	return nil
}

// mistake is an error at a node, in the form that the decoder goes on after.
func mistake(node *yaml.Node, problem string) *yaml.TypeError {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %s", node.Line, problem)}}
}

// resolve notes where things stand in the file, and checks what the decoder cannot.
func (p *Policy) resolve(root *yaml.Node, rules []string) error {
	var mistakes []error
	refuse := func(node *yaml.Node, format string, args ...any) {
		mistakes = append(mistakes, mistake(node, fmt.Sprintf(format, args...)))
	}
	checkRule := func(node *yaml.Node, id string) {
		if !slices.Contains(rules, id) {
			refuse(node, "there is no rule %q%s", id, suggest.For(id, rules))
		}
	}
	// The decoder merges maps, and what is in them would stand elsewhere than it seems to.
	// It leaves empty items of a list out, too.
	eachNode(root, func(node *yaml.Node) {
		if node.Tag == "!!merge" {
			refuse(node, "<< is not read here: write the keys out")
		}
		if node.Kind != yaml.SequenceNode {
			return
		}
		for _, item := range node.Content {
			if target(item).ShortTag() == "!!null" {
				refuse(item, "the list has an item that is empty")
			}
		}
	})
	if len(mistakes) > 0 {
		return errors.Join(mistakes...)
	}
	if entries := lookup(root, "rules"); entries != nil {
		for i := 0; i+1 < len(entries.Content); i += 2 {
			checkRule(entries.Content[i], entries.Content[i].Value)
		}
	}
	for i, node := range items(root, "practices") {
		if id := p.Practices.Rules[i]; strings.HasPrefix(id, PracticePrefix) {
			checkRule(node, id)
		} else {
			refuse(node, "%q is no check of kube-score: want one such as %spod-probes", id, PracticePrefix)
		}
	}
	for i, node := range items(root, "kubeVersions") {
		if _, err := chart.NewVariant(p.KubeVersions[i]); err != nil {
			refuse(node, "%v", err)
		}
	}
	names := map[string]bool{}
	for i, node := range items(root, "valuesSets") {
		set := &p.ValuesSets[i]
		set.Position = chart.Position{File: p.File, Line: node.Line, Column: node.Column}
		switch {
		case set.Name == "":
			refuse(node, "the values set has no name")
		case names[set.Name]:
			refuse(node, "two values sets are called %q", set.Name)
		}
		names[set.Name] = true
		for j, name := range items(node, "files") {
			set.Files[j] = filepath.Join(filepath.Dir(p.File), filepath.FromSlash(set.Files[j]))
			if _, err := os.Stat(set.Files[j]); err != nil {
				refuse(name, "the values file cannot be read: %v", err)
			}
		}
	}
	for i, node := range items(root, "suppressions") {
		s := &p.Suppressions[i]
		s.Position = chart.Position{File: p.File, Line: node.Line, Column: node.Column}
		if s.Rule == "" {
			refuse(node, "the suppression names no rule")
		} else {
			checkRule(node, s.Rule)
		}
		if strings.TrimSpace(s.Reason) == "" {
			refuse(node, "the suppression gives no reason")
		}
		for _, pattern := range []string{s.Object, s.Container, s.ValuesSet} {
			if _, err := path.Match(pattern, ""); err != nil {
				refuse(node, "%q is no pattern: %v", pattern, err)
			}
		}
	}
	return errors.Join(mistakes...)
}

// eachNode visits the nodes of a document; those that an alias stands for are visited where they are written.
func eachNode(node *yaml.Node, visit func(*yaml.Node)) {
	visit(node)
	for _, below := range node.Content {
		eachNode(below, visit)
	}
}

// lookup is the value of a key of a map, or nil.
func lookup(mapping *yaml.Node, key string) *yaml.Node {
	mapping = target(mapping)
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return target(mapping.Content[i+1])
		}
	}
	return nil
}

func items(mapping *yaml.Node, key string) []*yaml.Node {
	list := lookup(mapping, key)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	nodes := make([]*yaml.Node, len(list.Content))
	for i, node := range list.Content {
		nodes[i] = target(node)
	}
	return nodes
}

func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// How the decoder puts what it refuses.
var (
	atLine       = regexp.MustCompile(`^(?:yaml: )?line (\d+): (?s:(.*))$`)
	unknownField = regexp.MustCompile(`^field (\S+) not found in type (\S+)$`)
	wrongType    = regexp.MustCompile("^cannot unmarshal !!(\\w+)(?: `(.*)`)? into (.*)$")
)

// at puts each mistake as file:line: what is wrong.
func at(file string, err error) error {
	var mistakes []error
	for _, text := range messages(err) {
		place := file
		if m := atLine.FindStringSubmatch(text); m != nil {
			place, text = file+":"+m[1], m[2]
		}
		mistakes = append(mistakes, fmt.Errorf("%s: %s", place, inWords(text)))
	}
	return errors.Join(mistakes...)
}

func messages(err error) []string {
	switch err := err.(type) { //nolint:errorlint // it takes the error apart, it does not look for one
	case *yaml.TypeError:
		return err.Errors
	case interface{ Unwrap() []error }:
		var all []string
		for _, e := range err.Unwrap() {
			all = append(all, messages(e)...)
		}
		return all
	}
	return []string{strings.TrimPrefix(err.Error(), "yaml: ")}
}

func inWords(problem string) string {
	if m := unknownField.FindStringSubmatch(problem); m != nil {
		known := keys(m[2])
		if meant := suggest.For(m[1], known); meant != "" {
			return fmt.Sprintf("there is no key %q here%s", m[1], meant)
		}
		return fmt.Sprintf("there is no key %q here; the keys are %s", m[1], strings.Join(known, ", "))
	}
	if m := wrongType.FindStringSubmatch(problem); m != nil {
		given := strconv.Quote(m[2])
		switch m[1] {
		case "map":
			given = "a map"
		case "seq":
			given = "a list"
		}
		return fmt.Sprintf("want %s, not %s", wanted(m[3]), given)
	}
	return problem
}

// wanted is a Go type in the words of YAML.
func wanted(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "string":
		return "text"
	case goType == "bool":
		return "true or false"
	case strings.HasPrefix(goType, "int"), strings.HasPrefix(goType, "uint"):
		return "a whole number"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	}
	return "a map"
}

// keys are those that the file may have where it is decoded into a type of this name.
func keys(goType string) []string {
	var found []string
	var visit func(reflect.Type)
	seen := map[reflect.Type]bool{}
	visit = func(t reflect.Type) {
		if seen[t] {
			return
		}
		seen[t] = true
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			visit(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				if t.String() == goType {
					if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
						found = append(found, name)
					}
				}
				visit(t.Field(i).Type)
			}
		}
	}
	visit(reflect.TypeFor[Policy]())
	return found
}
