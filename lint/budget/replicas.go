package budget

import (
	"math"
	"strconv"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
)

// Pods is how many pods of a kind there are.
type Pods struct {
	Usual int64 // as the release is installed
	Most  int64 // when an autoscaler has scaled it up, or a CronJob's runs overlap
	Surge int64 // made on top of that while a new version rolls out
}

// countPods counts the pods that an object makes.
func countPods(o *chart.Object, nodes policy.Nodes, scalers autoscalers) Pods {
	spec := o.Get("spec")
	switch o.Kind {
	case "Pod":
		return steady(1)
	case "PodTemplate":
		return Pods{} // others make pods from it
	case "DaemonSet":
		pods := steady(int64(nodes.Count))
		if strategy := spec.Get("updateStrategy"); rolls(strategy) {
			pods.Surge = share(strategy.Get("rollingUpdate", "maxSurge"), "0", pods.Most)
		}
		return pods
	case "Job":
		return steady(parallelism(spec))
	case "CronJob":
		return cronPods(spec)
	}
	pods := replicas(o, scalers)
	if strategy := spec.Get("strategy"); o.Kind == "Deployment" && rolls(strategy) {
		pods.Surge = share(strategy.Get("rollingUpdate", "maxSurge"), "25%", pods.Most)
	}
	return pods
}

func steady(n int64) Pods { return Pods{Usual: n, Most: n} }

// parallelism is how many pods of a Job run at once: never more than are still to complete.
func parallelism(job chart.Node) int64 {
	n := whole(job.Get("parallelism"), 1)
	if completions := job.Get("completions"); completions.Exists() {
		n = min(n, whole(completions, n))
	}
	return n
}

// cronPods are those of one run of a CronJob; of two at the most where nothing ends one before the next begins: Kubernetes has no
// bound there, and three are a failure of another kind.
func cronPods(spec chart.Node) Pods {
	job := spec.Get("jobTemplate", "spec")
	pods := steady(parallelism(job))
	policy := spec.Get("concurrencyPolicy").Text()
	if mayOverlap := policy == "" || policy == "Allow"; mayOverlap && !job.Get("activeDeadlineSeconds").Exists() {
		pods.Most *= 2
	}
	return pods
}

// replicas are those that an object names, 1 by default, or that its autoscalers set. Custom resources name them in spec.replicas
// as well, by convention.
func replicas(o *chart.Object, scalers autoscalers) Pods {
	pods := steady(whole(o.Get("spec", "replicas"), 1))
	if pods.Usual == 0 {
		return pods // an autoscaler leaves alone what is scaled to 0
	}
	for _, hpa := range scalers[target{o.Namespace(), o.Kind, o.Name}] {
		pods.Usual = max(pods.Usual, whole(hpa.Get("spec", "minReplicas"), 1))
		pods.Most = max(pods.Most, pods.Usual, whole(hpa.Get("spec", "maxReplicas"), 1))
	}
	return pods
}

// autoscalers are the HorizontalPodAutoscalers of a release, by what they scale.
type autoscalers map[target][]*chart.Object

type target struct{ namespace, kind, name string }

func readAutoscalers(objects []*chart.Object) autoscalers {
	scalers := autoscalers{}
	for _, o := range objects {
		if o.Kind == "HorizontalPodAutoscaler" && o.Group() == "autoscaling" {
			ref := o.Get("spec", "scaleTargetRef")
			t := target{o.Namespace(), ref.Get("kind").Text(), ref.Get("name").Text()}
			scalers[t] = append(scalers[t], o)
		}
	}
	return scalers
}

// rolls says whether a strategy replaces pods bit by bit, as it does by default.
func rolls(strategy chart.Node) bool {
	named := strategy.Get("type").Text()
	return named == "" || named == "RollingUpdate"
}

// share is a number or a percentage of the pods, which counts up to the next pod; never more than there are: a rollout makes no
// more new pods than it needs.
func share(n chart.Node, otherwise string, pods int64) int64 {
	text := n.Text()
	if text == "" {
		text = otherwise
	}
	value := intstr.Parse(text)
	const roundUp = true
	surge, err := intstr.GetScaledValueFromIntOrPercent(&value, int(pods), roundUp)
	if err != nil {
		return 0 // the API server refuses it
	}
	return min(max(int64(surge), 0), pods)
}

// whole is a count: not negative, and within the 32 bits that the API has for it. Helm prints large numbers as 1e+06.
func whole(n chart.Node, otherwise int64) int64 {
	count, err := strconv.ParseFloat(n.Text(), 64)
	if err != nil || math.IsNaN(count) {
		return otherwise
	}
	return int64(min(max(count, 0), math.MaxInt32))
}
