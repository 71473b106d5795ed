package acceptance

import (
	"context"
	"fmt"

	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/acceptance/internal/policies"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/lint/admission"
	"github.com/traderadmin/charts/steps"
)

// checkPolicies returns an error if the folder of -policies has a mistake, with its file and line.
func (r *suiteRun) checkPolicies() error {
	if r.flags.policies == "" {
		return nil
	}
	_, err := admission.Load(r.flags.policies)
	return err
}

// installPolicies installs the policies in the folder of -policies for this run. On a cluster that others may use, it
// does so only with -install-policies. remove is never nil.
func (r *suiteRun) installPolicies(
	ctx context.Context, on cluster.Provider, suite *steps.Suite,
) (remove func(context.Context) error, err error) {
	nothing := func(context.Context) error { return nil }
	folder := r.flags.policies
	switch {
	case folder == "":
		return nothing, nil
	case on.Persistent() && !r.flags.installPolicies:
		fmt.Fprintf(r.out, "The policies in %s are not installed, because others may use this cluster; the linter has "+
			"evaluated them. -install-policies installs them for the namespaces of this run.\n", folder)
		return nothing, nil
	}
	client, err := kubernetes.NewForConfig(on.Config())
	if err != nil {
		return nothing, err
	}
	scope := policies.Scope{Label: steps.RunLabel, Run: suite.ID(), Shared: on.Persistent()}
	if single, ok := on.(cluster.SingleNamespace); ok {
		scope.Namespace = single.Namespace()
	}
	return policies.Install(ctx, client, folder, scope)
}
