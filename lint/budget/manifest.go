package budget

import (
	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/workload"
)

// Autoscalers returns the HorizontalPodAutoscalers among the objects of a release.
func Autoscalers(objects []*chart.Object) workload.Autoscalers {
	autoscalers := workload.Autoscalers{}
	for _, o := range objects {
		autoscalers.Add(Manifest(o))
	}
	return autoscalers
}

// Manifest returns a rendered object in the form that package workload reads.
func Manifest(o *chart.Object) workload.Manifest {
	return workload.Manifest{
		Group:     o.Group(),
		Kind:      o.Kind,
		Namespace: o.Namespace(),
		Name:      o.Name,
		Field:     func(path ...string) string { return o.Get(path...).Text() },
	}
}
