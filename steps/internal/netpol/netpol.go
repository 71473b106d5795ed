// Package netpol says whether NetworkPolicies let one pod reach another, and which of them decide it.
//
// It reads the policies as the API documents them and sends nothing: whether a cluster's network enforces them is not its business. A connection passes
// when the policies of both ends let it: those for what leaves the one, and those for what comes to the other. Peers that are an ipBlock are about
// addresses, which pods get by chance; they match nothing here, and an answer that they could change says so.
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
	Name            string // for people
	Namespace       string
	NamespaceLabels map[string]string
	Labels          map[string]string
	Ports           []corev1.ContainerPort // that its containers declare, by which named ports are found
}

// Port is where a connection goes to.
type Port struct {
	Number   int32
	Protocol corev1.Protocol
}

// Answer is whether a connection passes, and why.
type Answer struct {
	Passes bool
	Why    string
}

// Ask says whether policies, which may be of several namespaces, let from reach a port of to. The error is about a selector that cannot be read.
func Ask(policies []networkingv1.NetworkPolicy, from, to Pod, port Port) (Answer, error) {
	out, err := decide(policies, networkingv1.PolicyTypeEgress, from, to, to, port)
	if err != nil {
		return Answer{}, err
	}
	in, err := decide(policies, networkingv1.PolicyTypeIngress, to, from, to, port)
	if err != nil || !out.Passes {
		return out, err
	}
	return Answer{in.Passes, out.Why + "; " + in.Why}, nil
}

// rule is one of a policy, for either direction.
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

// restricts says whether a policy is about a direction. Where it does not say, it is about what comes, and about what leaves if it has rules for that.
func restricts(policy networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if types := policy.Spec.PolicyTypes; len(types) > 0 {
		return slices.Contains(types, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
}

// decide asks the policies of one end, own, about the other.
func decide(policies []networkingv1.NetworkPolicy, direction networkingv1.PolicyType, own, other, target Pod, port Port) (Answer, error) {
	what := "what comes to " + own.Name
	if direction == networkingv1.PolicyTypeEgress {
		what = "what leaves " + own.Name
	}
	var restricting []string
	blocks := false
	for _, policy := range policies {
		applies, err := matches(&policy.Spec.PodSelector, own.Labels)
		if err != nil {
			return Answer{}, fmt.Errorf("networkpolicy/%s: %w", policy.Name, err)
		}
		if !applies || policy.Namespace != own.Namespace || !restricts(policy, direction) {
			continue
		}
		restricting = append(restricting, "networkpolicy/"+policy.Name)
		for _, r := range rules(policy, direction) {
			if !portMatches(r.ports, target, port) {
				continue
			}
			passes, err := peerMatches(r.peers, policy.Namespace, other)
			if err != nil {
				return Answer{}, fmt.Errorf("networkpolicy/%s: %w", policy.Name, err)
			}
			if passes {
				return Answer{true, fmt.Sprintf("networkpolicy/%s lets it pass to port %d", policy.Name, port.Number)}, nil
			}
			blocks = blocks || slices.ContainsFunc(r.peers, func(p networkingv1.NetworkPolicyPeer) bool { return p.IPBlock != nil })
		}
	}
	if len(restricting) == 0 {
		return Answer{true, "no policy restricts " + what}, nil
	}
	who, where := other.Name, ""
	if direction == networkingv1.PolicyTypeEgress {
		who, where = "it", " of "+target.Name
	}
	why := fmt.Sprintf("%s is restricted by %s, and no rule lets %s reach port %d/%s%s",
		what, strings.Join(restricting, ", "), who, port.Number, port.Protocol, where)
	if blocks {
		why += " (rules for an ipBlock are not evaluated: which address a pod gets is chance)"
	}
	return Answer{false, why}, nil
}

func matches(selector *metav1.LabelSelector, set map[string]string) (bool, error) {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, err
	}
	return parsed.Matches(labels.Set(set)), nil
}

// peerMatches says whether a pod is one of the peers. No peers are all.
func peerMatches(peers []networkingv1.NetworkPolicyPeer, namespace string, pod Pod) (bool, error) {
	if len(peers) == 0 {
		return true, nil
	}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			continue
		}
		inNamespace, isPod := pod.Namespace == namespace, true
		var err error
		if peer.NamespaceSelector != nil {
			if inNamespace, err = matches(peer.NamespaceSelector, pod.NamespaceLabels); err != nil {
				return false, err
			}
		}
		if peer.PodSelector != nil {
			if isPod, err = matches(peer.PodSelector, pod.Labels); err != nil {
				return false, err
			}
		}
		if inNamespace && isPod {
			return true, nil
		}
	}
	return false, nil
}

// portMatches says whether a port of target is one of ports. No ports are all.
func portMatches(ports []networkingv1.NetworkPolicyPort, target Pod, port Port) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		protocol := corev1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		switch {
		case protocol != port.Protocol:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return slices.ContainsFunc(target.Ports, func(declared corev1.ContainerPort) bool {
				return declared.Name == p.Port.StrVal && declared.ContainerPort == port.Number
			})
		case p.EndPort != nil:
			return p.Port.IntVal <= port.Number && port.Number <= *p.EndPort
		}
		return p.Port.IntVal == port.Number
	})
}
