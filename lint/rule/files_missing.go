package rule

import (
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"
	"text/template/parse"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "files-missing",
		Title: "The files that templates read are in the chart",
		Why: ".Files.Get of a file that is not in the chart returns an empty text, and .Files.Glob an empty map: the " +
			"ConfigMap is empty, and Helm says nothing. The file is misspelled, or .helmignore excludes it. A file in " +
			"templates/ is not among .Files either. A missing file that a template tests for is not reported.",
		Bad: `# .helmignore: conf/
data:
  rules.yaml: {{ .Files.Get "conf/rules.yaml" | quote }}`,
		Good: `# .helmignore: *.md
data:
  rules.yaml: {{ .Files.Get "conf/rules.yaml" | quote }}`,
		Severity: Error,
		Check:    checkFilesMissing,
	})
}

func checkFilesMissing(p *Pass) {
	if p.Chart.IsLibrary() {
		return
	}
	type key struct{}
	found := chart.Once(p.Chart, key{}, func() []Finding { return missingFiles(p.Chart) })
	for _, f := range found {
		p.Report(f)
	}
}

func missingFiles(c *chart.Chart) []Finding {
	var names []string
	source := c.Source()
	for _, f := range source.Files {
		if isAmongFiles(f.Name) {
			names = append(names, f.Name)
		}
	}
	var found []Finding
	for _, t := range source.Templates {
		for _, read := range fileReads(string(t.Content)) {
			read.position = t.Position
			read.position.Line = read.line
			if f, missing := read.judge(c, names); missing {
				found = append(found, f)
			}
		}
	}
	return found
}

// isAmongFiles reports whether templates reach a file of a chart by .Files.
func isAmongFiles(name string) bool {
	switch name {
	case "Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json", "requirements.yaml", "requirements.lock":
		return false
	}
	return !strings.HasPrefix(name, "templates/") && !strings.HasPrefix(name, "charts/")
}

// fileRead is a call of a method of .Files with a literal path.
type fileRead struct {
	position chart.Position
	line     int
	method   string // Get, GetBytes, Lines or Glob
	path     string
	tested   bool // the template tests whether the file is there
}

// judge returns the finding about a read if it finds no file.
func (r fileRead) judge(c *chart.Chart, names []string) (Finding, bool) {
	matches := func(name string) bool { return name == r.path }
	if r.method == "Glob" {
		glob := globPattern(r.path)
		matches = glob.MatchString
	}
	for _, name := range names {
		if matches(name) {
			return Finding{}, false
		}
	}
	call := fmt.Sprintf(".Files.%s %q", r.method, r.path)
	for _, f := range c.IgnoredFiles() {
		if matches(f.Name) && isAmongFiles(f.Name) {
			return Finding{
				Position: r.position,
				Message: fmt.Sprintf("%s finds nothing: %s excludes %s from the chart with %q", call, f.Line, f.Name,
					f.Pattern),
				Fix: "Remove that line from .helmignore, or move the file.",
			}, true
		}
	}
	switch {
	case r.method == "Glob" || r.tested: // users may add files
		return Finding{}, false
	case strings.HasPrefix(path.Clean(r.path), "templates/"):
		return Finding{
			Position: r.position,
			Message:  call + " finds nothing: files in templates/ are not among .Files",
			Fix:      "Move the file out of templates/.",
		}, true
	}
	return Finding{
		Severity: Warning,
		Position: r.position,
		Message:  call + " finds nothing: the chart has no such file",
		Fix:      "Correct the path, or add the file.",
	}, true
}

// globPattern returns the regular expression of a glob, in which * matches no slash and ** does.
func globPattern(glob string) *regexp.Regexp {
	pattern := regexp.QuoteMeta(glob)
	for _, replacement := range [][2]string{
		{`\*\*`, "\x00"}, {`\*`, `[^/]*`}, {`\?`, `[^/]`}, {"\x00", `.*`}, {`\{`, `(?:`}, {`\}`, `)`}, {`,`, `|`},
		{`\[`, `[`}, {`\]`, `]`},
	} {
		pattern = strings.ReplaceAll(pattern, replacement[0], replacement[1])
	}
	compiled, err := regexp.Compile(`^` + pattern + `$`)
	if err != nil {
		return regexp.MustCompile(`.`) // Helm decides
	}
	return compiled
}

// fileReads returns the reads in a template.
func fileReads(text string) []fileRead {
	if !strings.Contains(text, ".Files.") {
		return nil
	}
	trees, err := chart.ParseTemplate("template", text)
	if err != nil {
		return nil
	}
	w := fileWalk{text: text}
	for _, tree := range trees {
		w.list(tree.Root, "")
	}
	sort.Slice(w.found, func(i, j int) bool { return w.found[i].line < w.found[j].line })
	return w.found
}

// fileWalk walks a parse tree. conditions are the texts of the pipelines around a node.
type fileWalk struct {
	text  string
	found []fileRead
}

func (w *fileWalk) list(list *parse.ListNode, conditions string) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			w.pipe(n.Pipe, conditions)
		case *parse.TemplateNode:
			w.pipe(n.Pipe, conditions)
		case *parse.IfNode:
			w.branch(&n.BranchNode, conditions)
		case *parse.WithNode:
			w.branch(&n.BranchNode, conditions)
		case *parse.RangeNode:
			w.branch(&n.BranchNode, conditions)
		}
	}
}

func (w *fileWalk) branch(b *parse.BranchNode, conditions string) {
	conditions += b.Pipe.String()
	w.pipe(b.Pipe, conditions)
	w.list(b.List, conditions)
	w.list(b.ElseList, conditions)
}

func (w *fileWalk) pipe(p *parse.PipeNode, conditions string) {
	if p == nil {
		return
	}
	for _, c := range p.Cmds {
		w.command(p, c, conditions)
		for _, argument := range c.Args {
			if chain, isChain := argument.(*parse.ChainNode); isChain { // (.Files.Glob "*").AsConfig
				argument = chain.Node
			}
			if below, isPipe := argument.(*parse.PipeNode); isPipe {
				w.pipe(below, conditions)
			}
		}
	}
}

func (w *fileWalk) command(p *parse.PipeNode, c *parse.CommandNode, conditions string) {
	var names []string
	switch n := c.Args[0].(type) {
	case *parse.FieldNode:
		names = n.Ident
	case *parse.VariableNode:
		names = n.Ident
	}
	if len(names) < 2 || names[len(names)-2] != "Files" || len(c.Args) != 2 {
		return
	}
	literal, isLiteral := c.Args[1].(*parse.StringNode)
	method := names[len(names)-1]
	if !isLiteral || method != "Get" && method != "GetBytes" && method != "Lines" && method != "Glob" {
		return
	}
	w.found = append(w.found, fileRead{
		line:   1 + strings.Count(w.text[:c.Position()], "\n"),
		method: method,
		path:   literal.Text,
		tested: strings.Contains(conditions, ".Files.") || strings.Contains(p.String(), "default") || len(p.Decl) > 0,
	})
}
