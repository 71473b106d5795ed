// Package netpol evaluates NetworkPolicies: whether they allow a connection between two pods, and which of them decide.
//
// It follows the API documentation of NetworkPolicy, and sends no packet, so it does not show whether the cluster's
// network plugin enforces policies. A connection is allowed if the egress policies of the source and the ingress
// policies of the destination allow it. The address of a pod is not known in advance, so a peer that is an ipBlock
// matches no pod; a denial that such a peer could change says so. Other kinds of policies are not considered.
package netpol

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Pod is one end of a connection.
type Pod struct {
	Name            string // used in reasons only
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string
	Ports           []corev1.ContainerPort // declared by its containers; named ports of policies refer to them
}

// Port is the destination port of a connection.
type Port struct {
	Number   int32
	Protocol corev1.Protocol
}

func (p Port) String() string { return fmt.Sprintf("%d/%s", p.Number, p.Protocol) }

// Verdict says whether a connection is allowed, and which policies decide that.
type Verdict struct {
	Allowed bool
	Reason  string
}

// Evaluate decides whether policies allow from to connect to a port of to. Policies of other namespaces than those of
// the two pods have no effect. It fails if a policy has an invalid label selector.
func Evaluate(policies []networkingv1.NetworkPolicy, from, to Pod, port Port) (Verdict, error) {
	egress, err := side{
		direction: networkingv1.PolicyTypeEgress, name: "egress from " + from.Name,
		pod: from, peer: to, destination: to, port: port,
	}.evaluate(policies)
	if err != nil {
		return Verdict{}, err
	}
	ingress, err := side{
		direction: networkingv1.PolicyTypeIngress, name: "ingress to " + to.Name,
		pod: to, peer: from, destination: to, port: port,
	}.evaluate(policies)
	if err != nil || !egress.Allowed {
		return egress, err
	}
	return Verdict{ingress.Allowed, egress.Reason + "; " + ingress.Reason}, nil
}

// side is a connection as the policies of one of its two pods see it.
type side struct {
	direction   networkingv1.PolicyType
	name        string
	pod, peer   Pod // the policies that select pod decide about peer
	destination Pod // one of the two
	port        Port
}

func (s side) evaluate(policies []networkingv1.NetworkPolicy) (Verdict, error) {
	var restricting []string
	ignoredBlock := false
	for _, policy := range policies {
		applies, err := s.isRestrictedBy(policy)
		if err != nil {
			return Verdict{}, fmt.Errorf("networkpolicy/%s: %w", policy.Name, err)
		}
		if !applies {
			continue
		}
		restricting = append(restricting, "networkpolicy/"+policy.Name)
		for _, r := range rules(policy, s.direction) {
			if !s.portMatches(r.ports) {
				continue
			}
			allowed, err := s.peerMatches(r.peers, policy.Namespace)
			if err != nil {
				return Verdict{}, fmt.Errorf("networkpolicy/%s: %w", policy.Name, err)
			}
			if allowed {
				return Verdict{true, fmt.Sprintf("networkpolicy/%s allows %s on port %s", policy.Name, s.name, s.port)}, nil
			}
			ignoredBlock = ignoredBlock || slices.ContainsFunc(r.peers, isBlock)
		}
	}
	if len(restricting) == 0 {
		return Verdict{true, "no policy restricts " + s.name}, nil
	}
	return Verdict{false, s.denial(restricting, ignoredBlock)}, nil
}

func (s side) denial(restricting []string, ignoredBlock bool) string {
	allowed := fmt.Sprintf("%s on port %s", s.peer.Name, s.port)
	if s.direction == networkingv1.PolicyTypeEgress {
		allowed = fmt.Sprintf("port %s of %s", s.port, s.peer.Name)
	}
	policies := strings.Join(restricting, ", ")
	reason := fmt.Sprintf("%s is restricted by %s, and no rule allows %s", s.name, policies, allowed)
	if ignoredBlock {
		reason += " (ipBlock peers are not evaluated, because the addresses of pods are not known in advance)"
	}
	return reason
}

// isRestrictedBy reports whether a policy selects the pod and concerns this direction. By default, a policy concerns
// ingress, and egress only if it has egress rules.
func (s side) isRestrictedBy(policy networkingv1.NetworkPolicy) (bool, error) {
	selected, err := matches(&policy.Spec.PodSelector, s.pod.Labels)
	if err != nil || !selected || policy.Namespace != s.pod.Namespace {
		return false, err
	}
	if types := policy.Spec.PolicyTypes; len(types) > 0 {
		return slices.Contains(types, s.direction), nil
	}
	return s.direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0, nil
}

// rule is an ingress or egress rule.
type rule struct {
	peers []networkingv1.NetworkPolicyPeer
	ports []networkingv1.NetworkPolicyPort
}

func rules(policy networkingv1.NetworkPolicy, direction networkingv1.PolicyType) []rule {
	var all []rule
	if direction == networkingv1.PolicyTypeIngress {
		for _, r := range policy.Spec.Ingress {
			all = append(all, rule{r.From, r.Ports})
		}
		return all
	}
	for _, r := range policy.Spec.Egress {
		all = append(all, rule{r.To, r.Ports})
	}
	return all
}

func isBlock(peer networkingv1.NetworkPolicyPeer) bool { return peer.IPBlock != nil }

func matches(selector *metav1.LabelSelector, set map[string]string) (bool, error) {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, err
	}
	return parsed.Matches(labels.Set(set)), nil
}

// peerMatches reports whether the other pod is one of the peers of a policy in this namespace. An empty list matches
// every pod.
func (s side) peerMatches(peers []networkingv1.NetworkPolicyPeer, namespace string) (bool, error) {
	if len(peers) == 0 {
		return true, nil
	}
	for _, peer := range peers {
		if isBlock(peer) {
			continue
		}
		inNamespace, isPod := s.peer.Namespace == namespace, true
		var err error
		if peer.NamespaceSelector != nil {
			if inNamespace, err = matches(peer.NamespaceSelector, s.peer.NamespaceLabels); err != nil {
				return false, err
			}
		}
		if peer.PodSelector != nil {
			if isPod, err = matches(peer.PodSelector, s.peer.Labels); err != nil {
				return false, err
			}
		}
		if inNamespace && isPod {
			return true, nil
		}
	}
	return false, nil
}

// portMatches reports whether the destination port is one of ports. An empty list matches every port.
func (s side) portMatches(ports []networkingv1.NetworkPolicyPort) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		protocol := corev1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		switch {
		case protocol != s.port.Protocol:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return slices.ContainsFunc(s.destination.Ports, func(declared corev1.ContainerPort) bool {
				return declared.Name == p.Port.StrVal && declared.ContainerPort == s.port.Number
			})
		case p.EndPort != nil:
			return p.Port.IntVal <= s.port.Number && s.port.Number <= *p.EndPort
		}
		return p.Port.IntVal == s.port.Number
	})
}
