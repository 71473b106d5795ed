// Package workload computes the number of pods of a workload, and their readiness, by the rules of Kubernetes'
// controllers.
//
// Each rule names the file and function of k8s.io/kubernetes that it follows. Two rules are not Kubernetes' own: at
// most two runs of a CronJob are assumed to overlap, although their number is unbounded; and a custom resource is
// assumed to have spec.replicas, by convention.
package workload

import "k8s.io/apimachinery/pkg/util/intstr"

// Pods is the number of pods of a workload at two times.
type Pods struct {
	// Initial is the number right after the install, and during a single run of a CronJob.
	Initial Scale
	// Peak is the number once an autoscaler has scaled the workload up, a suspended Job or CronJob has been resumed, or
	// the runs of a CronJob overlap.
	Peak Scale
}

// Scale is a number of pods. Terminating pods are not included: no controller waits for them during a rolling update.
type Scale struct {
	Replicas int64
	Surge    int64 // additional pods during a rolling update
}

// PodsOf returns the number of pods of a workload. A DaemonSet runs on the given number of nodes. Missing and invalid
// fields count as their defaults: the API server sets the former and refuses the latter.
func PodsOf(m Manifest, autoscalers Autoscalers, nodes int64) Pods {
	switch m.Kind {
	case "Pod":
		return constant(1)
	case "PodTemplate":
		return Pods{} // a template that no controller of Kubernetes uses
	case "DaemonSet":
		return withSurge(constant(nodes), daemonSetStrategy(m))
	case "Job":
		return jobPods(m)
	case "CronJob":
		return cronJobPods(m)
	case "Deployment":
		return withSurge(autoscalers.scale(m), deploymentStrategy(m))
	}
	return autoscalers.scale(m)
}

// constant returns the pods of a workload that nothing scales.
func constant(replicas int64) Pods {
	return Pods{Initial: Scale{Replicas: replicas}, Peak: Scale{Replicas: replicas}}
}

// jobPods returns the number of pods of a Job: spec.parallelism, but not more than spec.completions, and none while it
// is suspended. It follows manageJob in pkg/controller/job/job_controller.go and SetDefaults_Job in
// pkg/apis/batch/v1/defaults.go.
func jobPods(m Manifest) Pods {
	parallelism := m.count(1, "spec", "parallelism")
	pods := constant(min(parallelism, m.count(parallelism, "spec", "completions")))
	if m.suspended() {
		pods.Initial = Scale{}
	}
	return pods
}

// cronJobPods returns the number of pods of one run, and of two if runs may overlap: concurrencyPolicy is Allow, its
// default (SetDefaults_CronJob in pkg/apis/batch/v1/defaults.go), and no activeDeadlineSeconds ends a run. A suspended
// CronJob starts no run (syncCronJob in pkg/controller/cronjob/cronjob_controllerv2.go).
func cronJobPods(m Manifest) Pods {
	job := m.nested("spec", "jobTemplate")
	pods := jobPods(job)
	overlap := m.text("Allow", "spec", "concurrencyPolicy") == "Allow"
	if overlap && job.Field("spec", "activeDeadlineSeconds") == "" {
		pods.Peak.Replicas *= 2
	}
	if m.suspended() {
		pods.Initial = Scale{}
	}
	return pods
}

func (m Manifest) suspended() bool { return m.Field("spec", "suspend") == "true" }

// strategy is how a controller replaces the pods of an older template.
type strategy struct {
	kind     string
	maxSurge string
}

// deploymentStrategy reads the fields with the defaults of SetDefaults_Deployment in pkg/apis/apps/v1/defaults.go.
func deploymentStrategy(m Manifest) strategy {
	return strategy{
		kind:     m.text("RollingUpdate", "spec", "strategy", "type"),
		maxSurge: m.text("25%", "spec", "strategy", "rollingUpdate", "maxSurge"),
	}
}

// daemonSetStrategy reads the fields with the defaults of SetDefaults_DaemonSet in pkg/apis/apps/v1/defaults.go.
func daemonSetStrategy(m Manifest) strategy {
	return strategy{
		kind:     m.text("RollingUpdate", "spec", "updateStrategy", "type"),
		maxSurge: m.text("0", "spec", "updateStrategy", "rollingUpdate", "maxSurge"),
	}
}

func withSurge(pods Pods, s strategy) Pods {
	pods.Initial.Surge = s.surge(pods.Initial.Replicas)
	pods.Peak.Surge = s.surge(pods.Peak.Replicas)
	return pods
}

// surge returns how many pods a rolling update of so many replicas adds. A percentage of maxSurge is rounded up
// (ResolveFenceposts in pkg/controller/deployment/util/deployment_util.go, SurgeCount in
// pkg/controller/daemon/util/daemonset_util.go). There are never more new pods than replicas (NewRSNewReplicas in
// deployment_util.go) or nodes. maxUnavailable only decides how many old pods stay: it adds none.
func (s strategy) surge(replicas int64) int64 {
	if s.kind != "RollingUpdate" {
		return 0
	}
	const roundUp = true
	maxSurge := intstr.Parse(s.maxSurge)
	surge, err := intstr.GetScaledValueFromIntOrPercent(&maxSurge, int(replicas), roundUp)
	if err != nil {
		return 0
	}
	return min(max(int64(surge), 0), replicas)
}
