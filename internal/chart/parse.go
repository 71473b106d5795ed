package chart

import "text/template/parse"

// ParseTemplate parses the text of a template, whose functions need not be known. It returns the tree of the template,
// by its name, and those of the named templates that it defines.
func ParseTemplate(name, text string) (map[string]*parse.Tree, error) {
	trees := map[string]*parse.Tree{}
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck
	_, err := tree.Parse(text, "", "", trees)
	return trees, err
}
