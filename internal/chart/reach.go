package chart

import (
	"encoding/json"
	"path"
	"regexp"

	helmchart "helm.sh/helm/v3/pkg/chart"
)

// links says which templates include which. Helm parses all templates for each rendering; one that is restricted to a
// few is given only those that these include, directly or not.
type links struct {
	defining map[string][]string // the templates that define a named template, by its name
	naming   map[string][]string // by template: the texts in it that may be names of templates
	open     map[string]bool     // templates whose includes are not known
	tpl      map[string]bool     // templates that execute texts, which may be values
	includes bool                // a values file contains includes
}

var (
	definition  = regexp.MustCompile("\\b(?:define|block)\\s+(?:\"([^\"]+)\"|`([^`]+)`)")
	quotedText  = regexp.MustCompile("\"([^\"\n]+)\"|`([^`]+)`")
	computed    = regexp.MustCompile("\\b(?:include|template)\\s+[^\"`\\s]")
	tplOrFiles  = regexp.MustCompile(`\btpl\b|\.Files\b`)
	anyIncludes = regexp.MustCompile(`\b(?:include|template)\b`)
)

func (c *Chart) links() *links {
	type key struct{}
	return Once(c, key{}, func() *links {
		l := &links{
			defining: map[string][]string{}, naming: map[string][]string{}, open: map[string]bool{}, tpl: map[string]bool{},
		}
		l.add(c.helm)
		return l
	})
}

func (l *links) add(helm *helmchart.Chart) {
	for _, t := range helm.Templates {
		name, text := path.Join(helm.ChartFullPath(), t.Name), string(t.Data)
		for _, found := range definition.FindAllStringSubmatch(text, -1) {
			defined := found[1] + found[2]
			l.defining[defined] = append(l.defining[defined], name)
		}
		for _, found := range quotedText.FindAllStringSubmatch(text, -1) {
			l.naming[name] = append(l.naming[name], found[1]+found[2])
		}
		l.open[name] = computed.MatchString(text)
		l.tpl[name] = tplOrFiles.MatchString(text)
	}
	for _, f := range helm.Raw {
		l.includes = l.includes || f.Name == ValuesYAML && anyIncludes.Match(f.Data)
	}
	for _, d := range helm.Dependencies() {
		l.add(d)
	}
}

// reached returns the templates of the given names and those that they may include; nil if these may be any.
func (r *Rendered) reached(names map[string]bool) map[string]bool {
	l := r.chart.links()
	reached := map[string]bool{}
	var queue []string
	for name := range names {
		queue = append(queue, name)
	}
	tpl := false
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if reached[name] {
			continue
		}
		if l.open[name] {
			return nil
		}
		reached[name], tpl = true, tpl || l.tpl[name]
		for _, text := range l.naming[name] {
			queue = append(queue, l.defining[text]...)
		}
	}
	if tpl && (l.includes || r.overridesInclude()) {
		return nil
	}
	return reached
}

// overridesInclude reports whether a text in the variant's values set may include a named template.
func (r *Rendered) overridesInclude() bool {
	text, err := json.Marshal(ToJSON(r.Overrides()))
	return err != nil || anyIncludes.Match(text)
}
