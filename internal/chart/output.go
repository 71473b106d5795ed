package chart

// Release returns the release that the chart was rendered for.
func (r *Rendered) Release() Release { return r.variant.releaseOrDefault() }

// WithOutput returns the rendering of the same variant whose templates print the given outputs, by Helm's names of the
// templates, such as shop/templates/web.yaml. Another Helm may print other ones.
func (r *Rendered) WithOutput(files map[string]string) *Rendered {
	other := &Rendered{
		chart: r.chart, helm: r.helm, variant: r.variant, dot: r.dot, values: r.values, folders: r.folders,
		templates: r.templates, files: files,
	}
	other.readObjects()
	return other
}
