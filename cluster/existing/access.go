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

// access is what a run does to the objects of one resource.
type access struct {
	group, resource string
	clusterScoped   bool
	verbs           []string
}

func (a access) String() string {
	where := "in the namespaces of the run"
	if a.clusterScoped {
		where = "in the whole cluster"
	}
	name := a.resource
	if a.group != "" {
		name += "." + a.group
	}
	return fmt.Sprintf("%s %s %s", strings.Join(a.verbs, ", "), name, where)
}

var (
	reads  = []string{"get", "list", "watch"}
	writes = []string{"get", "create", "patch", "delete"} // what Helm does to what a chart renders
)

// suiteNeeds is what every run does in its namespaces, whatever the chart renders.
var suiteNeeds = []access{
	{resource: "secrets", verbs: []string{"get", "list", "create", "update", "delete"}}, // Helm keeps its releases in them
	{group: "coordination.k8s.io", resource: "leases", verbs: []string{"get", "list", "create", "patch", "delete"}},
	{resource: "pods", verbs: reads},
	{resource: "events", verbs: reads},
	{group: "apps", resource: "deployments", verbs: reads},
	{group: "apps", resource: "replicasets", verbs: reads},
	{group: "apps", resource: "statefulsets", verbs: reads},
	{group: "apps", resource: "daemonsets", verbs: reads},
	{group: "batch", resource: "jobs", verbs: reads},
}

// needs is what a run with these options does.
func (o Options) needs(mapper meta.RESTMapper) ([]access, error) {
	needs := slices.Clone(suiteNeeds)
	if o.Namespace == "" {
		needs = append(needs, access{resource: "namespaces", clusterScoped: true, verbs: []string{"get", "list", "watch", "create", "patch", "delete"}})
	}
	for _, kind := range o.Kinds {
		mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		if meta.IsNoMatchError(err) {
			continue // of a CRD that the chart brings, or of another Kubernetes version: what comes of it the scenarios say
		}
		if err != nil {
			return nil, fmt.Errorf("look for the kind %s: %w", kind.Kind, err)
		}
		needs = append(needs, access{
			group: mapping.Resource.Group, resource: mapping.Resource.Resource, verbs: writes,
			clusterScoped: mapping.Scope.Name() == meta.RESTScopeNameRoot,
		})
	}
	return needs, nil
}

// checkAccess asks the cluster whether the user may do what the run needs. The error lists all that the user may not.
func checkAccess(ctx context.Context, client kubernetes.Interface, o Options) error {
	needs, err := o.needs(restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery())))
	if err != nil {
		return err
	}
	namespace := o.Namespace
	if namespace == "" {
		namespace = "charts-any" // rights in namespaces that are not there yet come from a ClusterRoleBinding
	}
	missing := make([]access, len(needs))
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(8)
	for i, need := range needs {
		missing[i] = need
		missing[i].verbs = nil
		asking.Go(func() error {
			for _, verb := range need.verbs {
				may, err := may(ctx, client, need, verb, namespace)
				if err != nil {
					return err
				}
				if !may {
					missing[i].verbs = append(missing[i].verbs, verb)
				}
			}
			return nil
		})
	}
	if err := asking.Wait(); err != nil {
		return fmt.Errorf("ask whether the user of the context may do what the run needs: %w", err)
	}
	var lines []string
	for _, lacks := range missing {
		if line := "    " + lacks.String(); len(lacks.verbs) > 0 && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	advice := "Have the user given these rights"
	if o.Namespace == "" {
		advice += ", or use one namespace, in which they are enough, with -namespace"
	}
	return errors.New("the user of the context may not\n" + strings.Join(lines, "\n") + "\nNothing was made. " + advice)
}

func may(ctx context.Context, client kubernetes.Interface, need access, verb, namespace string) (bool, error) {
	if need.clusterScoped {
		namespace = ""
	}
	review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: verb, Group: need.group, Resource: need.resource,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}
