package chart

import (
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/mitchellh/copystructure"
	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// A template that copies the dot with deepCopy shares the capabilities, which have hundreds of entries and are never
// modified.
func init() {
	copystructure.Copiers[reflect.TypeFor[chartutil.Capabilities]()] = func(v any) (any, error) { return v, nil }
}

// notesFile is a template whose output is not a manifest but a text for the user.
const notesFile = "NOTES.txt"

// Rendered is a chart rendered for one variant: the objects that Helm would install, and the failures.
type Rendered struct {
	Objects []*Object

	// RenderFailures are the failures before there is any YAML: values that do not parse or cannot be merged, templates
	// that do not parse or fail.
	RenderFailures []Failure

	// ManifestFailures are rendered documents that are not Kubernetes objects: they are not YAML, or have no apiVersion
	// or kind.
	ManifestFailures []Failure

	chart     *Chart
	helm      *helmchart.Chart // with its dependencies enabled for the variant
	variant   Variant
	dot       chartutil.Values // of the templates
	values    chartutil.Values // of the dot
	folders   map[*helmchart.File]string
	templates map[string]Position // by Helm's names
	files     map[string]string   // the output of each template
	memo

	traceMu sync.Mutex
	traced  bool             // trace was called
	traces  map[string][]int // by template: the template line of each line of the output
}

// Chart returns the chart that was rendered.
func (r *Rendered) Chart() *Chart { return r.chart }

// Values returns the merged values that templates see, or nil if they could not be merged. They are shared and must
// not be modified.
func (r *Rendered) Values() map[string]any { return r.values }

// Overrides returns the values of the variant's values set. They are shared and must not be modified.
func (r *Rendered) Overrides() map[string]any { return r.variant.values.overrides() }

// ValuesSet returns the variant's values set; nil is the default values.
func (r *Rendered) ValuesSet() *ValuesSet { return r.variant.values }

// Variant returns the variant that the chart was rendered for.
func (r *Rendered) Variant() Variant { return r.variant }

// Templates returns the number of templates in the chart and its enabled dependencies.
func (r *Rendered) Templates() int { return len(r.templates) }

// TemplateAt returns Helm's name for the template in a file, such as shop/templates/deployment.yaml; "" if the file is
// not a template of an enabled chart.
func (r *Rendered) TemplateAt(file string) string {
	for name, at := range r.templates {
		if at.File == file {
			return name
		}
	}
	return ""
}

// Render renders the chart as helm template does. Unlike Helm it does not stop at the first failure: it ignores the
// schema of the values, and a template that fails costs its own objects only.
func (c *Chart) Render(v Variant) *Rendered {
	r := c.renderText(v)
	r.readObjects()
	return r
}

// RenderEach renders the chart for variants that differ only in the Kubernetes version, the oldest first. Variants
// whose templates print the same share the rendering for the newest of them.
func (c *Chart) RenderEach(variants []Variant) []*Rendered {
	rendered, last := make([]*Rendered, len(variants)), len(variants)-1
	rendered[last] = c.renderText(variants[last])
	if last > 0 {
		rendered[0] = rendered[last].orSame(c.renderText(variants[0]))
	}
	for i := last - 1; i > 0; i-- {
		if rendered[0] == rendered[last] && !c.mentionsMinor(variants[i]) {
			// Templates that print the same for the oldest and the newest version, and do not name the versions between,
			// print the same for those too.
			rendered[i] = rendered[last]
			continue
		}
		rendered[i] = rendered[i+1].orSame(c.renderText(variants[i]))
	}
	if last > 0 {
		rendered[0] = rendered[1].orSame(rendered[0])
	}
	read := map[*Rendered]bool{}
	for _, r := range rendered {
		if !read[r] {
			read[r] = true
			r.readObjects()
		}
	}
	return rendered
}

// orSame returns r, if the templates printed the same in the other rendering, except for what they draw at random, or
// else the other one.
func (r *Rendered) orSame(other *Rendered) *Rendered {
	if slices.Equal(r.RenderFailures, other.RenderFailures) &&
		slices.Equal(r.ManifestFailures, other.ManifestFailures) && r.printsTheSame(other) {
		return r
	}
	return other
}

// printsTheSame reports whether the templates printed the same in the other rendering, except for lines that are drawn
// at random.
func (r *Rendered) printsTheSame(other *Rendered) bool {
	if maps.Equal(r.files, other.files) {
		return true
	}
	again := r.redrawn()
	if again == nil || len(r.files) != len(other.files) {
		return false
	}
	for name, printed := range r.files {
		if printed != other.files[name] && !differsByChance(printed, other.files[name], again.files[name]) {
			return false
		}
	}
	return true
}

// differsByChance reports whether two outputs differ only in lines that differ from those of a third, too, which was
// rendered for the same variant as the first.
func differsByChance(printed, other, again string) bool {
	lines, others, repeated := strings.Split(printed, "\n"), strings.Split(other, "\n"), strings.Split(again, "\n")
	if len(lines) != len(others) || len(lines) != len(repeated) {
		return false
	}
	for i, line := range lines {
		if line != others[i] && line == repeated[i] {
			return false
		}
	}
	return true
}

// renderText renders the templates, without reading the objects that they print.
func (c *Chart) renderText(v Variant) *Rendered {
	if v.capabilities == nil {
		newest, _ := NewVariant(DefaultKubeVersion) // a constant that tests parse
		v.capabilities = newest.capabilities
	}
	r := &Rendered{chart: c, helm: c.helm, variant: v, templates: map[string]Position{}}
	if failures := v.values.failures(); len(failures) > 0 {
		r.RenderFailures = failures
		return r
	}
	if err := r.prepare(); err != nil {
		r.fail(Failure{Position: c.ValuesFile(), Message: err.Error()})
		return r
	}
	r.render()
	r.dropExcess()
	return r
}

// KubeVersionFailures returns a failure if the kubeVersion in Chart.yaml excludes a Kubernetes version such as
// v1.37.2. It is the check of helm install.
func (c *Chart) KubeVersionFailures(version string) []Failure {
	constraint := c.helm.Metadata.KubeVersion
	if constraint == "" || chartutil.IsCompatibleRange(constraint, version) {
		return nil
	}
	return []Failure{{
		Position: c.MetadataPosition("kubeVersion"),
		Message:  fmt.Sprintf("the chart's kubeVersion %q excludes Kubernetes versions that it is linted for", constraint),
	}}
}

// prepare enables dependencies according to the values, merges the values and records the positions of the templates.
func (r *Rendered) prepare() (err error) {
	defer recoverHelm(&err)
	helm := r.withDefaults(r.chart.fresh())
	overrides := chartutil.Values(r.variant.values.overrides()).AsMap()
	if err := chartutil.ProcessDependenciesWithMerge(helm, overrides); err != nil {
		return fmt.Errorf("process the chart's dependencies: %w", err)
	}
	r.helm, r.folders = helm, r.chart.folders
	r.restrict()
	r.helm = r.withKeys(r.helm)
	r.dot, err = r.renderValues()
	if err != nil {
		return fmt.Errorf("merge the values: %w", err)
	}
	r.values, err = r.dot.Table("Values")
	if err != nil {
		return fmt.Errorf("merge the values: %w", err)
	}
	r.nameTemplates(helm)
	return nil
}

func (r *Rendered) nameTemplates(helm *helmchart.Chart) {
	folder := r.folders[rawFile(helm, metadataYAML)]
	for _, t := range helm.Templates {
		r.templates[path.Join(helm.ChartFullPath(), t.Name)] = r.chart.file(path.Join(folder, t.Name))
	}
	for _, dependency := range helm.Dependencies() {
		r.nameTemplates(dependency)
	}
}

// renderValues returns the dot for the templates.
func (r *Rendered) renderValues() (chartutil.Values, error) {
	release := r.variant.releaseOrDefault().options()
	const skipSchemas = true // package valuesschema reports all violations
	overrides, capabilities := r.variant.values.overrides(), r.variant.capabilities
	return chartutil.ToRenderValuesWithSchemaValidation(r.helm, overrides, release, capabilities, skipSchemas)
}

// maxRenderFailures limits how often a chart is rendered whose templates all fail.
const maxRenderFailures = 25

// render renders the templates. After a failure it empties the template that failed and renders the others again. It
// gives up on a partial that fails: other templates depend on it.
func (r *Rendered) render() {
	emptied := map[string]bool{}
	for len(emptied) < maxRenderFailures {
		files, err := r.execute(r.helm)
		if err == nil {
			r.files = files
			return
		}
		failure, template := r.renderFailure(err)
		r.fail(failure)
		if template == "" || isPartial(template) || emptied[template] {
			return
		}
		emptied[template] = true
		r.helm = edit(r.helm, func(name string, content []byte) []byte {
			if emptied[name] {
				return nil
			}
			return content
		})
	}
}

// isPartial reports whether a template is only meant to be included by others.
func isPartial(template string) bool { return strings.HasPrefix(path.Base(template), "_") }

func (r *Rendered) execute(helm *helmchart.Chart) (files map[string]string, err error) {
	defer recoverHelm(&err)
	return engine.Render(helm, r.freshDot())
}

// freshDot returns a copy of the dot, whose values templates may modify.
func (r *Rendered) freshDot() chartutil.Values {
	dot := maps.Clone(r.dot)
	values := copyValues(r.dot["Values"].(chartutil.Values).AsMap()).(map[string]any)
	dot["Values"] = chartutil.Values(values)
	return dot
}

// fail records a render failure. A partial fails in the same way for every template that includes it; the failure is
// recorded once.
func (r *Rendered) fail(failure Failure) {
	const maxLength = 2000 // Helm quotes the whole text that is passed to tpl, once for each nested call
	failure.Message = truncate(failure.Message, maxLength)
	if !slices.Contains(r.RenderFailures, failure) {
		r.RenderFailures = append(r.RenderFailures, failure)
	}
}

// location matches a position in errors of text/template and of Helm's engine: "template: NAME:LINE:COLUMN:" and "at
// (NAME:LINE)". Lines count from 1, columns from 0.
var location = regexp.MustCompile(`(?:template: |at \()([^\n]+?):(\d+)(?::(\d+))?(?:: |\): )`)

// executing matches the name of the template, which text/template repeats between the position and the action.
var executing = regexp.MustCompile(`^executing "[^"]*" at `)

// tplCall matches a call of tpl in errors, with the whole text.
var tplCall = regexp.MustCompile(
	`(?:<[^\n]{0,200}?>: )?error calling tpl: error during tpl function execution for "(?:[^"\\]|\\.)*": (?:template: )?`)

// renderFailure parses an error of the engine. It returns the failure with its innermost position, and the outermost
// template, which was being rendered.
func (r *Rendered) renderFailure(err error) (Failure, string) {
	text := withoutKeys.ReplaceAllString(strings.TrimSpace(err.Error()), "$1")
	failure, outermost, innermost := Failure{Position: r.chart.file("templates"), Message: text}, "", ""
	for _, found := range location.FindAllStringSubmatchIndex(text, -1) {
		name := text[found[2]:found[3]]
		at, isFile := r.templates[name]
		if !isFile {
			continue // a text that was passed to tpl
		}
		if outermost == "" {
			outermost = name
		}
		innermost = name
		at.Line, _ = strconv.Atoi(text[found[4]:found[5]])
		if found[6] >= 0 {
			column, _ := strconv.Atoi(text[found[6]:found[7]])
			at.Column = column + 1
		}
		message := tplCall.ReplaceAllString(executing.ReplaceAllString(text[found[1]:], ""), "in a text passed to tpl: ")
		failure = Failure{Position: at, Message: message}
	}
	failure.Demand = strings.HasPrefix(text, demand)
	return r.explainNull(failure, innermost), outermost
}

// edit returns a copy of a chart and its dependencies with the content of each template replaced by change.
func edit(helm *helmchart.Chart, change func(name string, content []byte) []byte) *helmchart.Chart {
	edited := *helm
	edited.Templates = make([]*helmchart.File, len(helm.Templates))
	for i, t := range helm.Templates {
		edited.Templates[i] = &helmchart.File{Name: t.Name, Data: change(path.Join(helm.ChartFullPath(), t.Name), t.Data)}
	}
	dependencies := make([]*helmchart.Chart, len(helm.Dependencies()))
	for i, d := range helm.Dependencies() {
		dependencies[i] = edit(d, change)
	}
	edited.SetDependencies(dependencies...)
	return &edited
}

// maxOutput is the limit for the output of all templates, in bytes. It is generous: etcd limits objects, and Helm's
// releases, to 1.5 MiB.
const maxOutput = 16 << 20

// dropExcess refuses the templates that exceed the limit of the chart's output.
func (r *Rendered) dropExcess() {
	left := maxOutput
	for _, template := range r.manifests() {
		size := len(r.files[template])
		if size <= left {
			left -= size
			continue
		}
		r.ManifestFailures = append(r.ManifestFailures, Failure{
			Position: r.templates[template],
			Message: fmt.Sprintf("the template prints %.1f MiB, and the chart more than the limit of %d MiB",
				float64(size)/(1<<20), maxOutput>>20),
		})
		delete(r.files, template)
	}
}

// manifests returns the names of the templates that print manifests, sorted.
func (r *Rendered) manifests() []string {
	var names []string
	for name := range r.files {
		if path.Base(name) != notesFile {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
