package chart

import (
	"fmt"
	"path"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"

	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// The release that a chart is rendered as. Helm's own lint and template use such a name too.
const (
	releaseName      = "release-name"
	releaseNamespace = "default"
)

// notesFile is shown to the user, and is no manifest.
const notesFile = "NOTES.txt"

// Rendered is a chart rendered for one variant: what Helm would install, and what kept it from rendering all of it.
type Rendered struct {
	Objects []*Object

	// RenderFailures are what Helm refuses before there is any YAML: values that do not parse or cannot be merged, templates that
	// do not parse or fail.
	RenderFailures []Failure

	// ManifestFailures are rendered documents that are no Kubernetes objects: not YAML, or without apiVersion and kind.
	ManifestFailures []Failure

	chart     *Chart
	helm      *helmchart.Chart // with its dependencies enabled for the variant
	variant   Variant
	values    chartutil.Values
	folders   map[*helmchart.File]string
	templates map[string]Position // where each template stands, by Helm's name for it
	files     map[string]string   // what each template printed

	memo

	traceOnce sync.Once
	traces    map[string][]int
}

// Chart is the chart that is rendered.
func (r *Rendered) Chart() *Chart { return r.chart }

// Values are the merged values that the templates see, or nil if they could not be merged. They must not be changed.
func (r *Rendered) Values() map[string]any { return r.values }

// Failure is something about a chart that Helm would refuse, in words, at its place.
type Failure struct {
	Position Position
	Message  string
}

// Render renders the chart as `helm template` would, but past everything that a person would want to know in the same pass:
// values that break their schema, and templates that fail, each of which costs its own objects only.
func (c *Chart) Render(v Variant) *Rendered {
	if v.capabilities == nil {
		v, _ = NewVariant(DefaultKubeVersion) // a constant that the tests parse
	}
	r := &Rendered{chart: c, helm: c.helm, variant: v, templates: map[string]Position{}}
	if failures := v.values.failures(); len(failures) > 0 {
		r.RenderFailures = failures
		return r
	}
	if err := r.prepare(); err != nil {
		r.fail(c.ValuesFile(), err.Error())
		return r
	}
	r.render()
	r.dropEndless()
	r.split()
	return r
}

// KubeVersionFailures is the check that `helm install` makes of Chart.yaml's kubeVersion: a failure if it excludes a version, such
// as v1.37.2.
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

// prepare enables the dependencies that the values ask for, merges the values and names the templates.
func (r *Rendered) prepare() (err error) {
	defer recoverHelm(&err)
	helm, folders, err := r.chart.fresh()
	if err != nil {
		return fmt.Errorf("load the chart again: %w", err)
	}
	if err := chartutil.ProcessDependenciesWithMerge(helm, chartutil.Values(r.variant.values.overrides()).AsMap()); err != nil {
		return fmt.Errorf("process the chart's dependencies: %w", err)
	}
	r.helm, r.folders = helm, folders
	values, err := r.renderValues()
	if err != nil {
		return fmt.Errorf("merge the values: %w", err)
	}
	r.values, err = values.Table("Values")
	if err != nil {
		return fmt.Errorf("merge the values: %w", err)
	}
	r.nameTemplates(helm)
	return nil
}

func (r *Rendered) nameTemplates(helm *helmchart.Chart) {
	folder := r.folders[rawFile(helm, metadataFile)]
	for _, t := range helm.Templates {
		r.templates[path.Join(helm.ChartFullPath(), t.Name)] = r.chart.file(path.Join(folder, t.Name))
	}
	for _, dependency := range helm.Dependencies() {
		r.nameTemplates(dependency)
	}
}

// renderValues is what the templates see as their dot: new for each rendering, for templates may alter it.
func (r *Rendered) renderValues() (chartutil.Values, error) {
	release := chartutil.ReleaseOptions{Name: releaseName, Namespace: releaseNamespace, Revision: 1, IsInstall: true}
	const skipSchemas = true // package valuesschema reports all of their violations
	return chartutil.ToRenderValuesWithSchemaValidation(r.helm, r.variant.values.overrides(), release, r.variant.capabilities, skipSchemas)
}

// maxRenderFailures bounds the renderings of a chart whose templates all fail.
const maxRenderFailures = 25

// render renders, and after each failure once more with the failing template emptied, so that the others are seen too. Other
// templates rely on a partial: when one fails, that is all there is to see.
func (r *Rendered) render() {
	emptied := map[string]bool{}
	for len(emptied) < maxRenderFailures {
		files, err := r.execute(r.helm)
		if err == nil {
			r.files = files
			return
		}
		failure, template := r.renderFailure(err)
		r.fail(failure.Position, failure.Message)
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

// isPartial says whether Helm keeps a template for others to include and does not print it itself.
func isPartial(template string) bool { return strings.HasPrefix(path.Base(template), "_") }

func (r *Rendered) execute(helm *helmchart.Chart) (files map[string]string, err error) {
	defer recoverHelm(&err)
	values, err := r.renderValues()
	if err != nil {
		return nil, err
	}
	return engine.Render(helm, values)
}

// fail notes a render failure, once: a partial that fails does so for every template that includes it.
func (r *Rendered) fail(at Position, message string) {
	const most = 2000 // characters; the engine quotes a text given to tpl as a whole, once for each call inside another
	failure := Failure{Position: at, Message: cut(message, most)}
	for _, known := range r.RenderFailures {
		if known == failure {
			return
		}
	}
	r.RenderFailures = append(r.RenderFailures, failure)
}

// location is how text/template and Helm's engine name a place in their errors: "template: NAME:LINE:COLUMN:",
// "at (NAME:LINE)". Lines count from 1, columns from 0.
var location = regexp.MustCompile(`(?:template: |at \()([^\n]+?):(\d+)(?::(\d+))?(?:: |\): )`)

// executing is how text/template goes on after the place: the template's name once more, and the action, which says more.
var executing = regexp.MustCompile(`^executing "[^"]*" at `)

// renderFailure reads the engine's error: where it happened, innermost, and the template being rendered, outermost.
func (r *Rendered) renderFailure(err error) (Failure, string) {
	text := strings.TrimSpace(err.Error())
	failure, outermost := Failure{Position: r.chart.file("templates"), Message: text}, ""
	for _, found := range location.FindAllStringSubmatchIndex(text, -1) {
		name := text[found[2]:found[3]]
		at, ours := r.templates[name]
		if !ours {
			continue // the text given to a tpl call, which is no file
		}
		if outermost == "" {
			outermost = name
		}
		at.Line, _ = strconv.Atoi(text[found[4]:found[5]])
		if found[6] >= 0 {
			column, _ := strconv.Atoi(text[found[6]:found[7]])
			at.Column = column + 1
		}
		failure = Failure{Position: at, Message: executing.ReplaceAllString(text[found[1]:], "")}
	}
	return failure, outermost
}

// edit is a copy of a chart and its dependencies with each template's content replaced by what change makes of it.
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

// maxPrinted bounds what is read of what a chart prints, in bytes, all templates together. Kubernetes stores no object, and Helm no
// release, above some 1.5 MiB.
const maxPrinted = 16 << 20

// dropEndless refuses the templates that print more than can be meant.
func (r *Rendered) dropEndless() {
	left := maxPrinted
	for _, template := range r.manifests() {
		size := len(r.files[template])
		if size <= left {
			left -= size
			continue
		}
		r.ManifestFailures = append(r.ManifestFailures, Failure{
			Position: r.templates[template],
			Message: fmt.Sprintf("the template prints %.1f MiB, with which the chart prints more than the %d MiB that are read of it",
				float64(size)/(1<<20), maxPrinted>>20),
		})
		delete(r.files, template)
	}
}

// manifests are the names of the templates that print manifests, in order.
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
