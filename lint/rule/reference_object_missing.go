package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "reference-object-missing",
		Title: "Every object that the release refers to exists",
		Why: "A pod waits forever for a missing ConfigMap, Secret or volume claim, and is not even created without its " +
			"service account. An autoscaler, Ingress or RoleBinding without its target has no effect. An object is " +
			"expected in the release if its name contains the release's name, or differs by one letter from that of " +
			"another object in the release. Any other object is assumed to exist in the cluster. A name that the values " +
			"themselves give is an info.",
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

// objectReference is a place where an object refers to another.
type objectReference struct {
	to        objectKey
	node      chart.Node
	container string
	subject   string   // the start of a message: "Ingress/app sends requests to"
	atLeast   Severity // if the kind of reference alone implies that the object belongs to the release
	atMost    Severity // if pods run without the object; zero is no bound
}

func (r *release) checkReference(p *Pass, from *chart.Object, ref objectReference) {
	if ref.to.name == "" || r.contains(ref.to) {
		return
	}
	if isAutoscaler(from) && r.namesake(ref.to) != nil {
		return // autoscaler-target-wrong reports it
	}
	severity, reason := r.missing(ref.to)
	if elsewhere := r.elsewhere(ref.to); elsewhere != nil && !r.mayCreate(ref.to) {
		r.reportElsewhere(p, from, ref, elsewhere, max(severity, Warning))
		return
	}
	_, misspelled := r.similar.find(r, ref.to.normalized())
	if severity > Info && !misspelled && givenByValues(p, ref.to.name) {
		severity = Info // users bring what they name themselves
	}
	severity = max(severity, ref.atLeast)
	if ref.atMost != 0 {
		severity = min(severity, ref.atMost)
	}
	if severity == 0 {
		return
	}
	p.Report(Finding{
		Severity:  severity,
		Node:      ref.node,
		Message:   fmt.Sprintf("%s %s, which the release does not contain%s", ref.subject, ref.to, reason),
		Fix:       fmt.Sprintf("Correct the name, or render the %s whenever the %s is rendered.", ref.to.kind, from.Kind),
		Object:    from.String(),
		Container: ref.container,
		Several: fmt.Sprintf("{count} objects refer to %s, which the release does not contain%s: {parts}",
			ref.to, reason),
		Part: from.String(),
	})
}

// elsewhere returns the object of the release that has the right name, but is in another namespace; nil if none has.
func (r *release) elsewhere(key objectKey) *chart.Object {
	for _, namespace := range r.namespaces {
		other := key
		if other.namespace = namespace; r.objects[other] != nil {
			return r.objects[other]
		}
	}
	return nil
}

func (r *release) reportElsewhere(
	p *Pass, from *chart.Object, ref objectReference, elsewhere *chart.Object, severity Severity,
) {
	if ref.atMost != 0 {
		severity = min(severity, ref.atMost)
	}
	p.Report(Finding{
		Severity: severity,
		Node:     ref.node,
		Message: fmt.Sprintf("%s %s, which is in the namespace %s instead of %s", ref.subject, ref.to,
			elsewhere.Namespace(), ref.to.namespace),
		Fix:       "Render both in the same namespace: " + elsewhere.Position().String() + " renders the other one.",
		Object:    from.String(),
		Container: ref.container,
		Several: fmt.Sprintf("{count} objects refer to %s, which is in the namespace %s instead of %s: {parts}",
			ref.to, elsewhere.Namespace(), ref.to.namespace),
		Part: from.String(),
	})
}

// objectReferences returns the references of an object, those of its pods first.
func objectReferences(o *chart.Object) []objectReference {
	found := podReferences(o)
	switch (schema.GroupKind{Group: o.Group(), Kind: o.Kind}).String() {
	case "StatefulSet.apps":
		found = append(found, governingService(o))
	case "HorizontalPodAutoscaler.autoscaling":
		found = append(found, scaleTarget(o))
	case "Ingress.networking.k8s.io", "Ingress.extensions":
		for _, backend := range ingressBackends(o) {
			found = append(found, refer(o, "sends requests to", "", "Service", backend.service))
		}
	case "RoleBinding.rbac.authorization.k8s.io", "ClusterRoleBinding.rbac.authorization.k8s.io":
		found = append(found, bindingReferences(o)...)
	case "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
		"MutatingWebhookConfiguration.admissionregistration.k8s.io":
		found = append(found, webhookServices(o)...)
	}
	return found
}

// refer returns a reference to an object of the same namespace.
func refer(from *chart.Object, verb, group, kind string, name chart.Node) objectReference {
	return objectReference{
		to:      objectKey{group, kind, from.Namespace(), name.Text()},
		node:    name,
		subject: from.String() + " " + verb,
	}
}

func podReferences(o *chart.Object) []objectReference {
	var found []objectReference
	for _, ref := range configReferences(o) {
		if ref.key == "" {
			found = append(found, objectReference{to: ref.to, node: ref.node, container: ref.container, subject: ref.subject})
		}
	}
	spec := o.PodSpec()
	found = append(found, refer(o, "runs as", "", "ServiceAccount", spec.Get("serviceAccountName")))
	for volume := range spec.Get("volumes").Items() {
		claim := volume.Get("persistentVolumeClaim", "claimName")
		found = append(found, refer(o, "mounts", "", "PersistentVolumeClaim", claim))
	}
	for secret := range spec.Get("imagePullSecrets").Items() {
		ref := refer(o, "pulls its images with", "", "Secret", secret.Get("name"))
		ref.atMost = Info
		found = append(found, ref)
	}
	return found
}

func governingService(statefulSet *chart.Object) objectReference {
	ref := refer(statefulSet, "is governed by", "", "Service", statefulSet.Get("spec", "serviceName"))
	ref.atLeast, ref.atMost = Warning, Warning
	return ref
}

func scaleTarget(autoscaler *chart.Object) objectReference {
	target := autoscaler.Get("spec", "scaleTargetRef")
	version, _ := schema.ParseGroupVersion(target.Get("apiVersion").Text())
	ref := refer(autoscaler, "scales", version.Group, target.Get("kind").Text(), target.Get("name"))
	ref.atLeast = Warning
	return ref
}

func bindingReferences(binding *chart.Object) []objectReference {
	role := binding.Get("roleRef")
	found := []objectReference{refer(binding, "grants", binding.Group(), role.Get("kind").Text(), role.Get("name"))}
	for subject := range binding.Get("subjects").Items() {
		if subject.Get("kind").Text() != "ServiceAccount" {
			continue
		}
		ref := refer(binding, "grants its role to", "", "ServiceAccount", subject.Get("name"))
		if namespace := subject.Get("namespace").Text(); namespace != "" {
			ref.to.namespace = namespace
		}
		found = append(found, ref)
	}
	return found
}

func webhookServices(configuration *chart.Object) []objectReference {
	var found []objectReference
	for webhook := range configuration.Get("webhooks").Items() {
		service := webhook.Get("clientConfig", "service")
		ref := refer(configuration, "calls", "", "Service", service.Get("name"))
		ref.to.namespace = service.Get("namespace").Text()
		found = append(found, ref)
	}
	return found
}

var releaseNameAction = regexp.MustCompile(`\{\{-?\s*\$?\.Release\.Name\s*-?\}\}`)

// givenByValues reports whether a name is a text in the values, with actions perhaps that tpl executes. A name that the
// chart builds from others, by fullnameOverride for example, is not.
func givenByValues(p *Pass, name string) bool {
	release := p.Rendered.Release().Name
	var names func(key string, value any) bool
	names = func(key string, value any) bool {
		switch value := value.(type) {
		case string:
			return !strings.HasSuffix(key, "Override") && releaseNameAction.ReplaceAllLiteralString(value, release) == name
		case []any:
			return slices.ContainsFunc(value, func(item any) bool { return names("", item) })
		case map[string]any:
			for key, below := range value {
				if names(key, below) {
					return true
				}
			}
		}
		return false
	}
	return names("", p.Rendered.Values())
}
