package rule

import (
	"regexp"

	"github.com/traderadmin/charts/internal/chart"
)

// namedTemplates are the texts of the templates of a chart and its subcharts, by name. Comments are not in them.
type namedTemplates map[string]string

func templatesOf(c *chart.Chart) namedTemplates {
	type key struct{}
	return chart.Once(c, key{}, func() namedTemplates {
		named := namedTemplates{}
		named.add(c.Source())
		return named
	})
}

func (named namedTemplates) add(source *chart.Source) {
	for _, t := range source.Templates {
		trees, err := chart.ParseTemplate(t.FullName, string(t.Content))
		if err != nil {
			named[t.FullName] = string(t.Content)
			continue
		}
		for name, tree := range trees {
			named[name] += tree.Root.String()
		}
	}
	for _, d := range source.Dependencies {
		if d.Source != nil {
			named.add(d.Source)
		}
	}
}

var (
	includes  = regexp.MustCompile(`\b(?:include|template) "([^"]+)"`)
	lookingUp = regexp.MustCompile(`\blookup\b`)
	drawing   = regexp.MustCompile(`\b(rand[A-Z]\w+|gen[A-Z]\w+(Cert|CA|Key)\w*|uuidv4)\b`)
)

// looksUp reports whether a template, or one that it includes, looks objects of the cluster up. Outside of a cluster
// the templates find none.
func (named namedTemplates) looksUp(name string) bool { return named.contains(name, lookingUp) }

// contains reports whether a template, or one that it includes, matches a pattern.
func (named namedTemplates) contains(name string, pattern *regexp.Regexp) bool {
	seen := map[string]bool{name: true}
	for queue := []string{name}; len(queue) > 0; queue = queue[1:] {
		text := named[queue[0]]
		if pattern.MatchString(text) {
			return true
		}
		for _, found := range includes.FindAllStringSubmatch(text, -1) {
			if !seen[found[1]] {
				seen[found[1]] = true
				queue = append(queue, found[1])
			}
		}
	}
	return false
}
