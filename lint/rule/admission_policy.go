package rule

import (
	"fmt"
	"strings"

	"github.com/traderadmin/charts/lint/admission"
)

func init() {
	register(&Rule{
		ID:    "admission-policy",
		Title: "Every object satisfies the admission policies of the cluster",
		Why: "The API server refuses an object that violates a ValidatingAdmissionPolicy, so Helm cannot install the " +
			"release. " +
			"The flag --policies names the folder of the policies. A policy that only warns or audits is an info.",
		Bad: `# --policies: object.spec.replicas >= 2
kind: Deployment
spec:
  replicas: 1`,
		Good: `# --policies: object.spec.replicas >= 2
kind: Deployment
spec:
  replicas: 2`,
		Severity: Error,
		Check:    checkAdmissionPolicy,
	})
}

func checkAdmissionPolicy(p *Pass) {
	for _, policy := range p.AdmissionPolicies {
		if policy.Unsupported != "" {
			p.Report(Finding{
				Position: policy.Position,
				Severity: Info,
				Message:  fmt.Sprintf("the admission policy %s is not evaluated: %s", policy.Name, policy.Unsupported),
				Fix:      "Test the policy on a cluster.",
			})
			continue
		}
		for i, o := range p.Rendered.Objects {
			fields, _ := p.jsonObjects()[i].(map[string]any)
			for _, message := range policy.Violations(admission.Object{
				APIVersion: o.APIVersion, Kind: o.Kind, Name: o.Name, Namespace: o.Namespace(), Fields: fields,
			}) {
				finding := Finding{
					Node: o.Node,
					Message: fmt.Sprintf("%s violates the admission policy %s: %s",
						o, policy.Name, strings.TrimSuffix(message, ".")),
					Fix:    fmt.Sprintf("Change the object so that it satisfies the policy in %s.", policy.Position),
					Object: o.String(),
				}
				if !policy.Denies {
					finding.Severity = Info
				}
				p.Report(finding)
			}
		}
	}
}
