package rule

import (
	"fmt"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "cluster-name-fixed",
		Title: "Names of objects without a namespace differ between releases",
		Why: "The whole cluster shares the names of ClusterRoles, webhook configurations and other kinds without a " +
			"namespace. If such a name does not contain that of the release, a second release fails with \"exists and " +
			"cannot be imported into the current release\". A name that comes from the values can be changed, and is " +
			"not reported.",
		Bad: `kind: ClusterRole
metadata:
  name: node-viewer`,
		Good: `kind: ClusterRole
metadata:
  name: {{ .Release.Name }}-node-viewer`,
		Severity:         Warning,
		ComparesReleases: true,
		Check:            checkClusterNameFixed,
	})
}

// sharedKinds are the kinds without a namespace whose names a chart chooses. Names of CustomResourceDefinitions and
// APIServices follow from what they define. Users refer to classes by name, so that their names are rather fixed.
var sharedKinds = map[string]bool{
	"ClusterRole": true, "ClusterRoleBinding": true, "ValidatingWebhookConfiguration": true,
	"MutatingWebhookConfiguration": true, "ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true,
	"PriorityClass": true, "PersistentVolume": true, "SecurityContextConstraints": true, "PodSecurityPolicy": true,
}

func checkClusterNameFixed(p *Pass) {
	for _, pair := range p.Pairs {
		o := pair.Base
		if !sharedKinds[o.Kind] || o.Hook() != chart.NoHook || o.Name != pair.Other.Name || isChosen(p, o.Name) {
			continue
		}
		p.Report(Finding{
			Node:    o.Get("metadata", "name"),
			Message: fmt.Sprintf("%s has this name in every release, so that a second release cannot be installed", o),
			Fix:     "Begin the name with that of the release, as in {{ .Release.Name }}-" + o.Name + ".",
			Object:  o.String(),
		})
	}
}
