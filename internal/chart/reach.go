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
	templates map[string]linked   // by Helm's names
	defining  map[string][]string // the templates that define a named template, by its name
	includes  bool                // a values file contains includes
	draws     bool                // a template or a values file draws something at random
	drawing   map[string]bool     // templates that may do so, directly or not; nil if these may be any
}

// linked is what links know of a template.
type linked struct {
	naming []string // texts that may be names of templates
	open   bool     // its includes are not known
	tpl    bool     // it executes texts, which may be values
	draws  bool
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
		l := &links{templates: map[string]linked{}, defining: map[string][]string{}}
		valuesDraw := l.add(c.helm)
		if l.draws = l.draws || valuesDraw; !valuesDraw {
			l.drawing = l.drawingTemplates()
		}
		return l
	})
}

// add adds the templates of a chart and its dependencies, and reports whether a values file draws something at random.
func (l *links) add(helm *helmchart.Chart) (valuesDraw bool) {
	for _, t := range helm.Templates {
		name, text := path.Join(helm.ChartFullPath(), t.Name), string(t.Data)
		for _, found := range definition.FindAllStringSubmatch(text, -1) {
			defined := found[1] + found[2]
			l.defining[defined] = append(l.defining[defined], name)
		}
		var naming []string
		for _, found := range quotedText.FindAllStringSubmatch(text, -1) {
			naming = append(naming, found[1]+found[2])
		}
		draws := drawing.MatchString(text)
		l.templates[name] = linked{naming, computed.MatchString(text), tplOrFiles.MatchString(text), draws}
		l.draws = l.draws || draws
	}
	for _, f := range helm.Raw {
		if f.Name == ValuesYAML {
			l.includes = l.includes || anyIncludes.Match(f.Data)
			valuesDraw = valuesDraw || drawing.Match(f.Data)
		}
	}
	for _, d := range helm.Dependencies() {
		valuesDraw = l.add(d) || valuesDraw
	}
	return valuesDraw
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
		t := l.templates[name]
		if t.open {
			return nil, tpl
		}
		reached[name], tpl = true, tpl || t.tpl
		for _, text := range t.naming {
			queue = append(queue, l.defining[text]...)
		}
	}
	return reached, tpl
}

// drawingTemplates returns the templates that may draw something at random; nil if these may be any.
func (l *links) drawingTemplates() map[string]bool {
	found := map[string]bool{}
	for name := range l.templates {
		reached, tpl := l.from([]string{name})
		if reached == nil || tpl && l.includes {
			return nil
		}
		for other := range reached {
			if l.templates[other].draws {
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
