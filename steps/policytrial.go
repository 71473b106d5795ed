package steps

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// policyTrial finds out whether the network of the cluster enforces NetworkPolicies, once for all scenarios.
type policyTrial struct {
	mu     sync.Mutex // held during the trial
	done   bool
	reason string
}

// result returns the reason why NetworkPolicies have no effect, or "" if they are enforced. The first scenario that
// asks starts the trial, and the others wait for it. After an error, the next scenario tries again.
func (p *policyTrial) result(ctx context.Context, suite *Suite) (reason string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return p.reason, nil
	}
	reason = "it cannot be tried whether the network of this cluster enforces them: its nodes cannot be given images"
	if suite.images != nil {
		if reason, err = tryPolicy(ctx, newScenario(suite.own())); err != nil {
			return "", fmt.Errorf("try whether the network enforces NetworkPolicies: %w", err)
		}
	}
	p.done, p.reason = true, reason
	return reason, nil
}

// The objects of the trial: a pod that serves, and a policy that forbids all connections to it.
const (
	policyServer = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: server}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: server
          image: traderadmin-charts/server:1
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 200m, memory: 64Mi}}
`
	denyAll = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all}
spec:
  podSelector: {}
  policyTypes: [Ingress]
`
	// policyTakes is the time within which a network that enforces NetworkPolicies should do so.
	policyTakes = 10 * time.Second
)

// tryPolicy connects to a pod, forbids it, and checks whether the pod can still be reached.
func tryPolicy(ctx context.Context, s *scenario) (reason string, err error) {
	defer func() { err = errors.Join(err, cleanUp(s)) }()
	if err := s.sender.applyDocuments(ctx, "", policyServer); err != nil {
		return "", err
	}
	servers, err := s.cluster.rolledOut(ctx, "deployment/server", "")
	if err != nil {
		return "", err
	}
	client, err := s.sender.startClient(ctx, "")
	if err != nil {
		return "", err
	}
	url := "tcp://" + net.JoinHostPort(servers[0].Status.PodIP, "8080")
	reached := func(want bool) func(context.Context) error {
		return func(ctx context.Context) error {
			answer, err := s.streams.containers.request(ctx, client, url)
			if err == nil && (answer.Error == "") != want {
				err = fmt.Errorf("%s: %s", url, outcome(answer))
			}
			return err
		}
	}
	if err := s.cluster.until(ctx, reached(true)); err != nil {
		return "", err
	}
	if err := s.sender.applyDocuments(ctx, "", denyAll); err != nil {
		return "", err
	}
	within, cancel := context.WithTimeout(ctx, policyTakes)
	defer cancel()
	switch err := s.cluster.until(within, reached(false)); {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	return fmt.Sprintf("the network of this cluster does not enforce them: a pod was reached %s after "+
		"a NetworkPolicy forbade it", policyTakes), nil
}

func outcome(answer contract.Answer) string {
	if answer.Error == "" {
		return "it is reached"
	}
	return answer.Error
}
