package chart

import (
	"fmt"
	"reflect"

	helmchart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Reusing returns the variant with the values of an installed release, as helm upgrade --reuse-values has it: the
// defaults of the chart that was installed replace those of the chart. It returns an error if Helm could not merge the
// values of the release.
func (v Variant) Reusing(installed *Rendered) (Variant, error) {
	values := installed.variant.values
	defaults, err := chartutil.CoalesceValues(installed.helm, values.overrides())
	if err != nil {
		return v, fmt.Errorf("reuse the values of %s: %w", installed.chart.path, err)
	}
	v.values, v.defaults = values, defaults
	return v, nil
}

// withDefaults returns a copy of a chart with the defaults of the variant, if it has its own.
func (r *Rendered) withDefaults(helm *helmchart.Chart) *helmchart.Chart {
	if r.variant.defaults == nil {
		return helm
	}
	replaced := *helm
	replaced.Values, _ = copyValues(r.variant.defaults).(map[string]any)
	return &replaced
}

// SetsTheSame reports whether two sets set the same values.
func (s *ValuesSet) SetsTheSame(other *ValuesSet) bool {
	was, is := s.overrides(), other.overrides()
	return len(was) == 0 && len(is) == 0 || reflect.DeepEqual(was, is)
}
