package netpol_test

import (
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
		Name: name, Namespace: namespace, Labels: map[string]string{"app": name}, NamespaceLabels: map[string]string{"team": namespace},
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8000, Protocol: corev1.ProtocolTCP}},
	}
}

func TestAsk(t *testing.T) {
	t.Parallel()
	for name, example := range map[string]struct {
		policies string // YAML, in the namespace "mine"
		from     netpol.Pod
		passes   bool
		why      string
	}{
		"none": {`[]`, pod("web", "mine"), true, "no policy restricts what leaves web; no policy restricts what comes to db"},
		"default deny": {
			`[{podSelector: {}}]`, pod("web", "mine"), false,
			"what comes to db is restricted by networkpolicy/p0, and no rule lets web reach port 8000/TCP",
		},
		"default deny of what leaves": {
			`[{podSelector: {}, policyTypes: [Egress]}]`, pod("web", "mine"), false,
			"what leaves web is restricted by networkpolicy/p0, and no rule lets it reach port 8000/TCP of db",
		},
		"of another pod": {`[{podSelector: {matchLabels: {app: other}}}]`, pod("web", "mine"), true, "no policy restricts"},
		"all may come":   {`[{podSelector: {}, ingress: [{}]}]`, pod("web", "mine"), true, "networkpolicy/p0 lets it pass"},
		"one adds to the other": {
			`[{podSelector: {}}, {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}]`, pod("web", "mine"), true,
			"networkpolicy/p1 lets it pass",
		},
		"a pod of the same labels elsewhere": {
			`[{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}]`, pod("web", "theirs"), false, "no rule lets web reach",
		},
		"a namespace": {
			`[{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: theirs}}}]}]}]`, pod("web", "theirs"), true, "lets it pass",
		},
		"a pod of a namespace": {
			`[{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: api}}}]}]}]`, pod("web", "theirs"), false, "no rule",
		},
		"a named port":       {`[{podSelector: {}, ingress: [{ports: [{port: http}]}]}]`, pod("web", "mine"), true, "lets it pass"},
		"another named port": {`[{podSelector: {}, ingress: [{ports: [{port: admin}]}]}]`, pod("web", "mine"), false, "no rule"},
		"another port":       {`[{podSelector: {}, ingress: [{ports: [{port: 8001}]}]}]`, pod("web", "mine"), false, "no rule"},
		"a range":            {`[{podSelector: {}, ingress: [{ports: [{port: 7000, endPort: 8000}]}]}]`, pod("web", "mine"), true, "lets it pass"},
		"another protocol":   {`[{podSelector: {}, ingress: [{ports: [{port: 8000, protocol: UDP}]}]}]`, pod("web", "mine"), false, "no rule"},
		"an address": {
			`[{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}]`, pod("web", "mine"), false, "rules for an ipBlock are not evaluated",
		},
		"both ends": {
			`[{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {}}]}]},
			  {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: http}]}]}]`,
			pod("web", "mine"), true, "networkpolicy/p1 lets it pass to port 8000; networkpolicy/p0 lets it pass to port 8000",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var specs []networkingv1.NetworkPolicySpec
			require.NoError(t, yaml.Unmarshal([]byte(example.policies), &specs))
			var policies []networkingv1.NetworkPolicy
			for i, spec := range specs {
				policy := networkingv1.NetworkPolicy{Spec: spec}
				policy.Name, policy.Namespace = "p"+string(rune('0'+i)), "mine"
				policies = append(policies, policy)
			}

			answer, err := netpol.Ask(policies, example.from, pod("db", "mine"), netpol.Port{Number: 8000, Protocol: corev1.ProtocolTCP})

			require.NoError(t, err)
			assert.Equal(t, example.passes, answer.Passes, answer.Why)
			assert.Contains(t, answer.Why, example.why)
		})
	}
}

func TestAnUnreadableSelectorIsAnError(t *testing.T) {
	t.Parallel()
	var policy networkingv1.NetworkPolicy
	require.NoError(t, yaml.Unmarshal([]byte(`{metadata: {name: p}, spec: {podSelector: {matchExpressions: [{key: a, operator: Like}]}}}`), &policy))

	_, err := netpol.Ask([]networkingv1.NetworkPolicy{policy}, pod("a", ""), pod("b", ""), netpol.Port{Number: 1, Protocol: corev1.ProtocolTCP})

	assert.ErrorContains(t, err, `networkpolicy/p: "Like" is not a valid label selector operator`)
}
