package netpol_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/steps/internal/netpol"
)

func pod(name, namespace string) netpol.Pod {
	return netpol.Pod{
		Name:            name,
		Namespace:       namespace,
		NamespaceLabels: map[string]string{"team": namespace},
		Labels:          map[string]string{"app": name},
		Ports:           []corev1.ContainerPort{{Name: "http", ContainerPort: 8000, Protocol: corev1.ProtocolTCP}},
	}
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		policies []string // the specs of policies p0, p1, … in the namespace "mine", as YAML
		from     string   // the namespace of the source, "mine" by default
		allowed  bool
		reason   string
	}{
		"no policy": {
			allowed: true,
			reason:  "no policy restricts egress from web; no policy restricts ingress to db",
		},
		"default deny of ingress": {
			policies: []string{`podSelector: {}`},
			reason:   "ingress to db is restricted by networkpolicy/p0, and no rule allows web on port 8000/TCP",
		},
		"default deny of egress": {
			policies: []string{`{podSelector: {}, policyTypes: [Egress]}`},
			reason:   "egress from web is restricted by networkpolicy/p0, and no rule allows port 8000/TCP of db",
		},
		"policy of another pod": {
			policies: []string{`podSelector: {matchLabels: {app: other}}`},
			allowed:  true,
			reason:   "no policy restricts",
		},
		"allow all ingress": {
			policies: []string{`{podSelector: {}, ingress: [{}]}`},
			allowed:  true,
			reason:   "networkpolicy/p0 allows ingress to db",
		},
		"policies are additive": {
			policies: []string{
				`podSelector: {}`,
				`{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}`,
			},
			allowed: true,
			reason:  "networkpolicy/p1 allows ingress to db",
		},
		"pod with the same labels in another namespace": {
			policies: []string{`{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}`},
			from:     "theirs",
			reason:   "no rule allows web",
		},
		"namespace selector": {
			policies: []string{`{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: theirs}}}]}]}`},
			from:     "theirs",
			allowed:  true,
			reason:   "networkpolicy/p0 allows ingress to db",
		},
		"namespace and pod selector": {
			policies: []string{
				`{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: api}}}]}]}`,
			},
			from:   "theirs",
			reason: "no rule allows web",
		},
		"named port": {
			policies: []string{`{podSelector: {}, ingress: [{ports: [{port: http}]}]}`},
			allowed:  true,
			reason:   "networkpolicy/p0 allows ingress to db on port 8000/TCP",
		},
		"other named port": {
			policies: []string{`{podSelector: {}, ingress: [{ports: [{port: admin}]}]}`},
			reason:   "no rule allows web on port 8000/TCP",
		},
		"other port": {
			policies: []string{`{podSelector: {}, ingress: [{ports: [{port: 8001}]}]}`},
			reason:   "no rule allows web on port 8000/TCP",
		},
		"port range": {
			policies: []string{`{podSelector: {}, ingress: [{ports: [{port: 7000, endPort: 8000}]}]}`},
			allowed:  true,
			reason:   "networkpolicy/p0 allows ingress to db",
		},
		"other protocol": {
			policies: []string{`{podSelector: {}, ingress: [{ports: [{port: 8000, protocol: UDP}]}]}`},
			reason:   "no rule allows web on port 8000/TCP",
		},
		"ipBlock": {
			policies: []string{`{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}`},
			reason:   "ipBlock peers are not evaluated",
		},
		"both directions": {
			policies: []string{
				`{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]}`,
				`{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress],
				  egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: http}]}]}`,
			},
			allowed: true,
			reason: "networkpolicy/p1 allows egress from web on port 8000/TCP; " +
				"networkpolicy/p0 allows ingress to db on port 8000/TCP",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var policies []networkingv1.NetworkPolicy
			for i, spec := range test.policies {
				policy := networkingv1.NetworkPolicy{}
				policy.Name, policy.Namespace = fmt.Sprint("p", i), "mine"
				require.NoError(t, yaml.UnmarshalStrict([]byte(spec), &policy.Spec))
				policies = append(policies, policy)
			}
			from := test.from
			if from == "" {
				from = "mine"
			}
			port := netpol.Port{Number: 8000, Protocol: corev1.ProtocolTCP}

			verdict, err := netpol.Evaluate(policies, pod("web", from), pod("db", "mine"), port)

			require.NoError(t, err)
			assert.Equal(t, test.allowed, verdict.Allowed, verdict.Reason)
			assert.Contains(t, verdict.Reason, test.reason)
		})
	}
}

func TestInvalidSelectorIsAnError(t *testing.T) {
	t.Parallel()
	const invalid = `{metadata: {name: p}, spec: {podSelector: {matchExpressions: [{key: a, operator: Like}]}}}`
	var policy networkingv1.NetworkPolicy
	require.NoError(t, yaml.Unmarshal([]byte(invalid), &policy))

	_, err := netpol.Evaluate([]networkingv1.NetworkPolicy{policy}, pod("a", ""), pod("b", ""), netpol.Port{Number: 1})

	assert.ErrorContains(t, err, "networkpolicy/p: ")
	assert.ErrorContains(t, err, "Like")
}
