package rule

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "reference-object-missing",
		Title: "Every object that the release counts on is made by it, unless it may be in the cluster already",
		Why: "A pod waits for a ConfigMap, Secret or volume claim that never comes; one with a service account that is not there is not " +
			"even created; an autoscaler, an Ingress or a RoleBinding without its target does nothing. A name is taken to be of the " +
			"release if it carries the release's name, or is that of another of its objects but for a letter. Every other object is " +
			"expected in the cluster.",
		Bad: `volumes:
  - name: config
    configMap: {name: {{ .Release.Name }}-settings}
---
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}`,
		Good: `volumes:
  - name: config
    configMap: {name: {{ .Release.Name }}-config}
---
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-config}`,
		Severity: Error,
		Check:    checkReferenceObjectMissing,
	})
}

func checkReferenceObjectMissing(p *Pass) {
	if !isComplete(p) {
		return
	}
	r := releaseOf(p)
	for _, o := range p.Rendered.Objects {
		for _, ref := range objectReferences(o) {
			r.checkReference(p, o, ref)
		}
	}
}

// objectReference is a place where an object counts on another.
type objectReference struct {
	to        objectKey
	at        chart.Node
	container string
	says      string
	least     Severity // where nothing but the place says that the other object is to be of the release
	most      Severity // if not zero, where pods run without the other object
}

func (r *release) checkReference(p *Pass, from *chart.Object, ref objectReference) {
	if ref.to.name == "" || r.has(ref.to) {
		return
	}
	severity, reason := r.suspicion(ref.to)
	severity = max(severity, ref.least)
	if ref.most != 0 {
		severity = min(severity, ref.most)
	}
	if severity == 0 {
		return
	}
	p.Report(Finding{
		Severity:  severity,
		Node:      ref.at,
		Message:   fmt.Sprintf("%s %s, which the release does not make%s", ref.says, ref.to, reason),
		Fix:       fmt.Sprintf("Correct the name, or render the %s whenever the %s is rendered.", ref.to.kind, from.Kind),
		Object:    from.String(),
		Container: ref.container,
	})
}

// objectReferences are all such places of an object.
func objectReferences(o *chart.Object) []objectReference {
	var found []objectReference
	add := func(group, kind string, name chart.Node, says string) *objectReference {
		found = append(found, objectReference{
			to: objectKey{group, kind, o.Namespace(), name.Text()}, at: name, says: o.String() + " " + says,
		})
		return &found[len(found)-1]
	}
	for _, ref := range configReferences(o) {
		if ref.key == "" {
			found = append(found, objectReference{to: ref.to, at: ref.at, container: ref.container, says: ref.says})
		}
	}
	spec := o.PodSpec()
	add("", "ServiceAccount", spec.Get("serviceAccountName"), "runs as")
	for volume := range spec.Get("volumes").Items() {
		add("", "PersistentVolumeClaim", volume.Get("persistentVolumeClaim", "claimName"), "mounts")
	}
	for secret := range spec.Get("imagePullSecrets").Items() {
		add("", "Secret", secret.Get("name"), "pulls its images with").most = Info
	}
	switch (schema.GroupKind{Group: o.Group(), Kind: o.Kind}).String() {
	case "StatefulSet.apps":
		ref := add("", "Service", o.Get("spec", "serviceName"), "names its pods after")
		ref.least, ref.most = Warning, Warning
	case "HorizontalPodAutoscaler.autoscaling":
		target := o.Get("spec", "scaleTargetRef")
		group, _ := schema.ParseGroupVersion(target.Get("apiVersion").Text())
		add(group.Group, target.Get("kind").Text(), target.Get("name"), "scales").least = Warning
	case "Ingress.networking.k8s.io", "Ingress.extensions":
		for _, backend := range ingressBackends(o) {
			add("", "Service", backend.service, "sends requests to")
		}
	case "RoleBinding.rbac.authorization.k8s.io", "ClusterRoleBinding.rbac.authorization.k8s.io":
		role := o.Get("roleRef")
		add(o.Group(), role.Get("kind").Text(), role.Get("name"), "grants")
		for subject := range o.Get("subjects").Items() {
			if subject.Get("kind").Text() != "ServiceAccount" {
				continue
			}
			ref := add("", "ServiceAccount", subject.Get("name"), "grants its role to")
			if namespace := subject.Get("namespace").Text(); namespace != "" {
				ref.to.namespace = namespace
			}
		}
	case "ValidatingWebhookConfiguration.admissionregistration.k8s.io", "MutatingWebhookConfiguration.admissionregistration.k8s.io":
		for webhook := range o.Get("webhooks").Items() {
			service := webhook.Get("clientConfig", "service")
			add("", "Service", service.Get("name"), "calls").to.namespace = service.Get("namespace").Text()
		}
	}
	return found
}
