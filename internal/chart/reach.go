package chart

import (
	"encoding/json"
	"maps"
	"path"
	"regexp"
	"slices"

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
	drawing  map[string]bool     // templates that draw something at random
	draws    bool                // a values file does
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
			drawing: map[string]bool{},
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
		l.drawing[name] = drawing.MatchString(text)
	}
	for _, f := range helm.Raw {
		if f.Name == ValuesYAML {
			l.includes = l.includes || anyIncludes.Match(f.Data)
			l.draws = l.draws || drawing.Match(f.Data)
		}
	}
	for _, d := range helm.Dependencies() {
		l.add(d)
	}
}

// reached returns the templates of the given names and those that they may include; nil if these may be any.
func (r *Rendered) reached(names map[string]bool) map[string]bool {
	reached, tpl := r.chart.links().from(slices.Collect(maps.Keys(names)))
	if tpl && (r.chart.links().includes || r.overridesInclude()) {
		return nil
	}
	return reached
}

// from returns some templates and those that they include, and whether any of these executes texts; nil if they may
// include any.
func (l *links) from(queue []string) (reached map[string]bool, tpl bool) {
	reached = map[string]bool{}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if reached[name] {
			continue
		}
		if l.open[name] {
			return nil, tpl
		}
		reached[name], tpl = true, tpl || l.tpl[name]
		for _, text := range l.naming[name] {
			queue = append(queue, l.defining[text]...)
		}
	}
	return reached, tpl
}

// drawingTemplates returns the templates that may draw something at random; nil if these may be any.
func (c *Chart) drawingTemplates() map[string]bool {
	l := c.links()
	if l.draws {
		return nil
	}
	found := map[string]bool{}
	for name := range l.drawing {
		reached, tpl := l.from([]string{name})
		if reached == nil || tpl && l.includes {
			return nil
		}
		for other := range reached {
			if l.drawing[other] {
				found[name] = true
			}
		}
	}
	return found
}

// overridesInclude reports whether a text in the variant's values set may include a named template.
func (r *Rendered) overridesInclude() bool {
	text, err := json.Marshal(ToJSON(r.Overrides()))
	return err != nil || anyIncludes.Match(text)
}
