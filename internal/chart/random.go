package chart

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	helmchart "helm.sh/helm/v3/pkg/chart"
)

// drawing matches the template functions whose result differs from call to call.
var drawing = regexp.MustCompile(`\b(?:rand(?:Alpha|AlphaNum|Ascii|Numeric|Bytes|Int)|uuidv4|shuffle|now|ago|` +
	`gen(?:PrivateKey|CA|CAWithKey|SelfSignedCert|SelfSignedCertWithKey|SignedCert|SignedCertWithKey)|` +
	`htpasswd|bcrypt|encryptAES)\b`)

// drawingName matches a line of a template that may draw a name at random. A named template for names is often in a
// partial, where the definition and the function are on different lines.
var (
	drawingName    = regexp.MustCompile(`(?i)name.*\b(?:rand[A-Z]\w+|uuidv4|shuffle|now)\b`)
	drawnInPartial = regexp.MustCompile(`(?is)define "[^"]*name[^"]*".*\b(?:rand[A-Z]\w+|uuidv4|shuffle|now)\b`)
)

// Again returns a second rendering for the same variant, which differs in what the templates draw at random. It returns
// nil if no template, and no value, names a function that does so.
func (r *Rendered) Again() *Rendered {
	type key struct{}
	return Once(r, key{}, func() *Rendered {
		if !r.chart.draws() && !r.variant.values.draws() {
			return nil
		}
		variant := r.variant
		variant.again = true
		return r.chart.Render(variant)
	})
}

// redrawn is Again without the templates that draw nothing, unless values draw.
func (r *Rendered) redrawn() *Rendered {
	type key struct{}
	return Once(r, key{}, func() *Rendered {
		drawing := maps.Clone(r.chart.links().drawing)
		if len(drawing) == 0 || r.variant.values.draws() {
			return r.Again()
		}
		variant := r.variant
		variant.again = true
		if variant.templates != nil {
			maps.DeleteFunc(drawing, func(name string, _ bool) bool { return !variant.templates[name] })
		}
		return r.chart.Render(variant.WithTemplates(drawing))
	})
}

func (c *Chart) draws() bool { return c.links().draws }

// drawsNames reports whether a template may draw the name of an object, so that a second rendering is worth its time.
func (c *Chart) drawsNames() bool {
	type key struct{}
	return Once(c, key{}, func() bool { return c.draws() && drawsNames(c.helm) })
}

func drawsNames(helm *helmchart.Chart) bool {
	return slices.ContainsFunc(helm.Templates, func(t *helmchart.File) bool {
		return drawingName.Match(t.Data) || isPartial(t.Name) && drawnInPartial.Match(t.Data)
	}) || slices.ContainsFunc(helm.Dependencies(), drawsNames)
}

func (s *ValuesSet) draws() bool {
	return s != nil && (slices.ContainsFunc(s.files, func(f *setFile) bool { return drawing.Match(f.content) }) ||
		slices.ContainsFunc(s.set, drawing.MatchString))
}

// Stable returns a text that is the same in every rendering for the variant: in names of objects that templates draw at
// random, an asterisk stands for what was drawn.
func (r *Rendered) Stable(text string) string {
	type key struct{}
	return Once(r, key{}, func() *strings.Replacer { return strings.NewReplacer(r.drawnNames()...) }).Replace(text)
}

// drawnNames returns the names of objects that are drawn at random, each followed by its stable form.
func (r *Rendered) drawnNames() []string {
	if !r.chart.drawsNames() {
		return nil
	}
	again := r.redrawn()
	if again == nil {
		return nil
	}
	var names []string
	for _, pair := range PairObjects(r, again) {
		if pair.Base.Name != pair.Other.Name && pair.Base.Name != "" {
			names = append(names, pair.Base.Name, commonName(pair.Base.Name, pair.Other.Name))
		}
	}
	return names
}

// commonName returns a name with an asterisk for the dashed parts that another name does not share.
func commonName(name, other string) string {
	parts, others := strings.Split(name, "-"), strings.Split(other, "-")
	first := 0
	for first < min(len(parts), len(others)) && parts[first] == others[first] {
		first++
	}
	last := 0
	for last < min(len(parts), len(others))-first && parts[len(parts)-1-last] == others[len(others)-1-last] {
		last++
	}
	return strings.Join(slices.Concat(parts[:first], []string{"*"}, parts[len(parts)-last:]), "-")
}

// IsDrawn reports whether the name of an object is drawn at random.
func (o *Object) IsDrawn() bool { return o.Rendered().Stable(o.Name) != o.Name }
