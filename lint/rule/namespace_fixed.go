package rule

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "namespace-fixed",
		Title: "Objects and subjects are in the namespace of the release",
		Why: "A binding whose subject is in another namespace than its ServiceAccount grants nothing to the pods, and a " +
			"RoleBinding finds Roles of its own namespace only. An object with a namespace that is written down ends up " +
			"there wherever the release is installed. All of that works as long as the release is in that namespace.",
		Bad: `subjects:
  - kind: ServiceAccount
    name: {{ .Release.Name }}
    namespace: default`,
		Good: `subjects:
  - kind: ServiceAccount
    name: {{ .Release.Name }}
    namespace: {{ .Release.Namespace }}`,
		Severity:         Error,
		ComparesReleases: true,
		Check:            checkNamespaceFixed,
	})
}

func checkNamespaceFixed(p *Pass) {
	accounts, roles := namespacesOf(p.Other, "ServiceAccount"), namespacesOf(p.Other, "Role")
	for _, pair := range p.Pairs {
		base, other := pair.Base, pair.Other
		const written = "default" // other namespaces, such as kube-system, are chosen on purpose
		if other.Get("metadata", "namespace").Text() == written && !isChosenNamespace(p, written) {
			p.Report(Finding{
				Severity: Warning,
				Node:     base.Get("metadata", "namespace"),
				Message:  fmt.Sprintf("%s is in the namespace %s, wherever the release is", base, written),
				Fix:      "Use {{ .Release.Namespace }}, or leave the namespace out.",
				Object:   base.String(),
			})
		}
		if other.Kind == "RoleBinding" || other.Kind == "ClusterRoleBinding" {
			checkSubjects(p, base, other, accounts)
		}
		if other.Kind == "RoleBinding" {
			checkRoleNamespace(p, base, other, roles)
		}
	}
}

// isChosenNamespace reports whether a value for a namespace is the given one.
func isChosenNamespace(p *Pass, namespace string) bool {
	return eachValue(p.Rendered.Values(), "", func(key, value string) bool {
		return value == namespace && strings.Contains(strings.ToLower(key), "namespace")
	})
}

// namespacesOf returns the namespaces of the objects of a kind by the names of the objects.
func namespacesOf(r *chart.Rendered, kind string) map[string][]string {
	namespaces := map[string][]string{}
	for _, o := range r.Objects {
		if o.Kind == kind {
			namespaces[o.Name] = append(namespaces[o.Name], o.Namespace())
		}
	}
	return namespaces
}

func checkSubjects(p *Pass, base, other *chart.Object, accounts map[string][]string) {
	var written []chart.Node
	for subject := range base.Get("subjects").Items() {
		written = append(written, subject)
	}
	i := -1
	for subject := range other.Get("subjects").Items() {
		i++
		namespace, name := subject.Get("namespace").Text(), subject.Get("name").Text()
		at := accounts[name]
		if i >= len(written) || namespace == "" || subject.Get("kind").Text() != "ServiceAccount" || len(at) != 1 ||
			namespace == at[0] {
			continue
		}
		node := written[i].Get("namespace")
		p.Report(Finding{
			Node: node,
			Message: fmt.Sprintf("%s grants its role to ServiceAccount/%s in the namespace %s, but the chart makes it in %s",
				base, written[i].Get("name").Text(), namespace, describeNamespace(at[0])),
			Fix:    "Use the namespace of the ServiceAccount: {{ .Release.Namespace }}.",
			Object: base.String(),
		})
	}
}

func checkRoleNamespace(p *Pass, base, other *chart.Object, roles map[string][]string) {
	role := other.Get("roleRef")
	at := roles[role.Get("name").Text()]
	if role.Get("kind").Text() != "Role" || len(at) != 1 || at[0] == other.Namespace() {
		return
	}
	p.Report(Finding{
		Node: base.Get("roleRef", "name"),
		Message: fmt.Sprintf("%s is in %s, but its Role/%s is in %s", base, describeNamespace(other.Namespace()),
			base.Get("roleRef", "name").Text(), describeNamespace(at[0])),
		Fix:    "Render both in the same namespace.",
		Object: base.String(),
	})
}

func describeNamespace(namespace string) string {
	if namespace == chart.OtherRelease.Namespace {
		return "the namespace of the release"
	}
	return "the namespace " + namespace
}
