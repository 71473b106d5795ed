package budget

import (
	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/workload"
)

func autoscalersOf(objects []*chart.Object) workload.Autoscalers {
	autoscalers := workload.Autoscalers{}
	for _, o := range objects {
		autoscalers.Add(manifest(o))
	}
	return autoscalers
}

func manifest(o *chart.Object) workload.Manifest {
	return workload.Manifest{
		Group:     o.Group(),
		Kind:      o.Kind,
		Namespace: o.Namespace(),
		Name:      o.Name,
		Field:     func(path ...string) string { return o.Get(path...).Text() },
	}
}
