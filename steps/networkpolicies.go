package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// NetworkPolicies is the tag of a scenario that needs a network which enforces NetworkPolicies. Where it is found by trying that the cluster's does not, the scenario is
// skipped.
const NetworkPolicies = "@networkpolicies"

// enforcement is what trying has shown, once for all scenarios.
type enforcement struct {
	tried   bool
	missing string // why NetworkPolicies show nothing here; "" where they are enforced
}

// enforced says why NetworkPolicies show nothing here; "" where they are enforced. The first scenario that asks tries it, the others wait for it. An error is
// that of trying: it says nothing of the network.
func (s *Suite) enforced(ctx context.Context) (missing string, err error) {
	s.trying.Lock()
	defer s.trying.Unlock()
	if s.enforces.tried {
		return s.enforces.missing, nil
	}
	if s.images == nil {
		missing = "whether the network of this cluster enforces them cannot be tried, as its nodes can be given no images"
	} else {
		missing, err = s.tryPolicy(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("try whether the network enforces NetworkPolicies: %w", err)
	}
	s.enforces = enforcement{true, missing}
	return missing, nil
}

// policyServer is a pod that serves, and policyAgainst lets nobody reach it.
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
          image: ` + serverImage + `
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 200m, memory: 64Mi}}
`
	policyAgainst = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: nobody}
spec:
  podSelector: {}
  policyTypes: [Ingress]
`
	serverImage = "traderadmin-charts/server:1"
	// policyTakes is the time in which a network that enforces NetworkPolicies should do so.
	policyTakes = 10 * time.Second
)

// tryPolicy reaches a pod, forbids it, and sees whether it is reached still.
func (suite *Suite) tryPolicy(ctx context.Context) (missing string, err error) {
	s := newScenario(suite)
	defer func() { err = errors.Join(err, s.cleanUp()) }()
	if err := s.applyObjects(ctx, "", &godog.DocString{Content: policyServer}); err != nil {
		return "", err
	}
	servers, err := s.pods(ctx, "deployment/server", "")
	if err != nil {
		return "", err
	}
	client, err := s.startClient(ctx, "")
	if err != nil {
		return "", err
	}
	url := fmt.Sprintf("tcp://%s:8080", servers[0].Status.PodIP)
	if strings.Contains(servers[0].Status.PodIP, ":") {
		url = fmt.Sprintf("tcp://[%s]:8080", servers[0].Status.PodIP)
	}
	reached := func(ctx context.Context, wanted bool) error {
		answer, err := suite.ask(ctx, client, url)
		if err == nil && (answer.Error == "") != wanted {
			err = fmt.Errorf("%s: %s", url, outcome(answer))
		}
		return err
	}
	if err := s.eventually(ctx, func(ctx context.Context) error { return reached(ctx, true) }); err != nil {
		return "", err
	}
	if err := s.applyObjects(ctx, "", &godog.DocString{Content: policyAgainst}); err != nil {
		return "", err
	}
	within, cancel := context.WithTimeout(ctx, policyTakes)
	defer cancel()
	err = s.eventually(within, func(ctx context.Context) error { return reached(ctx, false) })
	switch {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	}
	return fmt.Sprintf("the network of this cluster does not enforce them: a pod was reached %s after a NetworkPolicy forbade it", policyTakes), nil
}

// outcome is an answer in words.
func outcome(answer contract.Answer) string {
	if answer.Error == "" {
		return "it is reached"
	}
	return answer.Error
}
