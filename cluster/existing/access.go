package existing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
)

// access is what a run does with the objects of one resource.
type access struct {
	group, resource string
	clusterScoped   bool
	verbs           []string
}

func (a access) String() string {
	scope := "in the namespaces of the run"
	if a.clusterScoped {
		scope = "in the whole cluster"
	}
	name := a.resource
	if a.group != "" {
		name += "." + a.group
	}
	return fmt.Sprintf("%s %s %s", strings.Join(a.verbs, ", "), name, scope)
}

var (
	reads  = []string{"get", "list", "watch"}
	writes = []string{"get", "create", "patch", "delete"} // what Helm does with the objects of a chart
)

// commonAccess is what every run does in its namespaces, whatever the chart contains.
var commonAccess = []access{
	{resource: "secrets", verbs: []string{"get", "list", "create", "update", "delete"}}, // Helm stores releases in them
	{group: "coordination.k8s.io", resource: "leases", verbs: []string{"get", "list", "create", "patch", "delete"}},
	{resource: "pods", verbs: reads},
	{resource: "events", verbs: reads},
	{group: "apps", resource: "deployments", verbs: reads},
	{group: "apps", resource: "replicasets", verbs: reads},
	{group: "apps", resource: "statefulsets", verbs: reads},
	{group: "apps", resource: "daemonsets", verbs: reads},
	{group: "batch", resource: "jobs", verbs: reads},
}

// requiredAccess returns what a run with these options does.
func (o Options) requiredAccess(mapper meta.RESTMapper) ([]access, error) {
	required := slices.Clone(commonAccess)
	if o.Namespace == "" {
		required = append(required, access{
			resource: "namespaces", clusterScoped: true,
			verbs: []string{"get", "list", "watch", "create", "patch", "delete"},
		})
	}
	for _, kind := range o.Kinds {
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if meta.IsNoMatchError(err) {
			continue // a CRD of the chart, or of another Kubernetes version: the scenarios show the outcome
		}
		if err != nil {
			return nil, fmt.Errorf("look up the kind %s: %w", kind.Kind, err)
		}
		required = append(required, access{
			group: mapping.Resource.Group, resource: mapping.Resource.Resource, verbs: writes,
			clusterScoped: mapping.Scope.Name() == meta.RESTScopeNameRoot,
		})
	}
	return required, nil
}

// checkAccess asks the cluster whether the user may do what the run does. The error lists all missing permissions.
func checkAccess(ctx context.Context, client kubernetes.Interface, o Options) error {
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	required, err := o.requiredAccess(mapper)
	if err != nil {
		return err
	}
	namespace := o.Namespace
	if namespace == "" {
		namespace = "charts-any" // permissions in future namespaces come from a ClusterRoleBinding
	}
	missing := make([]access, len(required))
	reviews, ctx := errgroup.WithContext(ctx)
	reviews.SetLimit(8)
	for i, a := range required {
		missing[i] = a
		missing[i].verbs = nil
		reviews.Go(func() error {
			for _, verb := range a.verbs {
				allowed, err := isAllowed(ctx, client, a, verb, namespace)
				if err != nil {
					return err
				}
				if !allowed {
					missing[i].verbs = append(missing[i].verbs, verb)
				}
			}
			return nil
		})
	}
	if err := reviews.Wait(); err != nil {
		return fmt.Errorf("check the permissions of the user: %w", err)
	}
	var lines []string
	for _, a := range missing {
		if line := "    " + a.String(); len(a.verbs) > 0 && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	advice := "Grant these permissions"
	if o.Namespace == "" {
		advice += ", or use a single namespace in which the user has them, with -namespace"
	}
	return errors.New("the user of the context may not\n" + strings.Join(lines, "\n") + "\nNothing was created. " + advice)
}

func isAllowed(ctx context.Context, client kubernetes.Interface, a access, verb, namespace string) (bool, error) {
	if a.clusterScoped {
		namespace = ""
	}
	reviews := client.AuthorizationV1().SelfSubjectAccessReviews()
	review, err := reviews.Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: verb, Group: a.group, Resource: a.resource,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
