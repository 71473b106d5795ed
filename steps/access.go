package steps

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	authorization "k8s.io/api/authorization/v1"
	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/traderadmin/charts/internal/suggest"
)

// accessSteps are the steps about the permissions of service accounts.
//
// They ask the API server in an access review about the user and the groups that it would authenticate a token of the
// service account as. Nothing is impersonated: impersonation needs a permission of its own, and would have to carry out
// a request in order to learn whether it is allowed.
type accessSteps struct{ *view }

// exampleReader adds a Role to a copy of the chart, and installs it.
const exampleReader = `
Given a copy of the folder "shop"
And the file "shop/templates/reader.yaml"
  """
  apiVersion: rbac.authorization.k8s.io/v1
  kind: Role
  metadata: {name: reader}
  rules:
    - {apiGroups: [""], resources: [pods, pods/log], verbs: [get, list, watch]}
    - {apiGroups: [""], resources: [configmaps], verbs: [update], resourceNames: [state]}
  ---
  apiVersion: rbac.authorization.k8s.io/v1
  kind: RoleBinding
  metadata: {name: reader}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
  subjects: [{kind: ServiceAccount, name: shop, namespace: "{{ .Release.Namespace }}"}]
  """
When I run helm install shop ./shop`

func (s accessSteps) rows() []Step {
	return []Step{
		{
			Phrase: `serviceaccount/NAME may VERBS RESOURCE[ "OBJECT"][ in namespace "NAMESPACE"]`, Method: s.may,
			Does: "Checks that the API server lets pods with this service account do all of the verbs, in an access review. " +
				"The resource is a kind, or a subresource such as `pods/log`. The object is the name of a single one. The " +
				"service account is that of the namespace, or else that of the suite's namespace.",
			Example: exampleReader + `
Then serviceaccount/shop may get, list and watch pods
And serviceaccount/shop may get pods/log
And serviceaccount/shop may update configmap "state"`,
		},
		{
			Phrase: `serviceaccount/NAME may not VERBS RESOURCE[ "OBJECT"][ in namespace "NAMESPACE"]`, Method: s.mayNot,
			Does: "Checks that the API server refuses each of the verbs.",
			Example: exampleReader + `
Then serviceaccount/shop may not create or delete pods
And serviceaccount/shop may not update configmap "other"
And serviceaccount/shop may not get nodes`,
		},
		{
			Phrase: `serviceaccount/NAME may VERBS RESOURCE in all namespaces`, Method: s.mayEverywhere,
			Does: "Checks that the API server lets pods with this service account of the suite's namespace do the verbs in " +
				"every namespace.",
			Example: `
Given a copy of the folder "shop"
And the file "shop/templates/viewer.yaml"
  """
  apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: "viewer-of-{{ .Release.Namespace }}"}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
  subjects: [{kind: ServiceAccount, name: shop, namespace: "{{ .Release.Namespace }}"}]
  """
When I run helm install shop ./shop
Then serviceaccount/shop may list pods in all namespaces`,
		},
		{
			Phrase: `serviceaccount/NAME may not VERBS RESOURCE in all namespaces`, Method: s.mayNotEverywhere,
			Does: "Checks that the API server refuses each of the verbs where the request is for every namespace.",
			Example: exampleReader + `
Then serviceaccount/shop may not delete pods in all namespaces`,
		},
	}
}

func (s accessSteps) may(ctx context.Context, account, verbs, resource, object, namespace string) error {
	return s.review(ctx, account, verbs, access{resource, object, s.inCluster(namespace)}, true)
}

func (s accessSteps) mayNot(ctx context.Context, account, verbs, resource, object, namespace string) error {
	return s.review(ctx, account, verbs, access{resource, object, s.inCluster(namespace)}, false)
}

func (s accessSteps) mayEverywhere(ctx context.Context, account, verbs, resource string) error {
	return s.review(ctx, account, verbs, access{resource: resource}, true)
}

func (s accessSteps) mayNotEverywhere(ctx context.Context, account, verbs, resource string) error {
	return s.review(ctx, account, verbs, access{resource: resource}, false)
}

// access is what a service account may do, apart from the verb.
type access struct {
	resource  string // in the words of the step: a kind, or a kind and a subresource
	object    string // "" means all
	namespace string // in the cluster; "" means all
}

// verbSeparators stand between verbs: "get, list and watch", "create or delete".
var verbSeparators = regexp.MustCompile(`,? and |,? or |, `)

// review checks whether the API server allows all verbs, or refuses all.
func (s accessSteps) review(ctx context.Context, account, verbs string, a access, allowed bool) error {
	home, err := s.home(ctx, account, a.namespace)
	if err != nil {
		return err
	}
	kind, subresource, _ := strings.Cut(a.resource, "/")
	mapping, err := s.resources.find(kind)
	if err != nil {
		return err
	}
	if !namespaced(mapping) {
		a.namespace = ""
	}
	known, err := s.resources.verbs(mapping.Resource, subresource)
	if err != nil {
		return err
	}
	var wrong []error
	for _, verb := range verbSeparators.Split(verbs, -1) {
		if !slices.Contains(known, verb) {
			return fmt.Errorf("unknown verb %q of %s, whose verbs are %s%s",
				verb, a.resource, strings.Join(known, ", "), suggest.For(verb, known))
		}
		request := &authorization.ResourceAttributes{
			Namespace: a.namespace, Verb: verb, Group: mapping.Resource.Group, Version: mapping.Resource.Version,
			Resource: mapping.Resource.Resource, Subresource: subresource, Name: a.object,
		}
		wrong = append(wrong, s.awaitVerdict(ctx, identity{account, home}, a.describe(verb), request, allowed))
	}
	return errors.Join(wrong...)
}

// describe returns the access in words, such as `get pods "a"`.
func (a access) describe(verb string) string {
	words := verb + " " + a.resource
	if a.object != "" {
		words += fmt.Sprintf(" %q", a.object)
	}
	return words
}

// home returns the namespace of a service account: the given one, or else the suite's.
func (s accessSteps) home(ctx context.Context, account, namespace string) (string, error) {
	for _, home := range []string{namespace, s.inCluster("")} {
		if home == "" {
			continue
		}
		_, err := s.client.CoreV1().ServiceAccounts(home).Get(ctx, account, metav1.GetOptions{})
		if !apierrors.IsNotFound(err) {
			return home, err
		}
	}
	subject, err := s.subject("serviceaccount", account, "")
	if err != nil {
		return "", err
	}
	return "", subject.absent(ctx)
}

// specialVerbs are verbs that no request uses, and that the API server checks besides it.
var specialVerbs = []string{"approve", "attest", "bind", "escalate", "impersonate", "sign", "use"}

// verbs returns the verbs of a resource or a subresource, sorted.
func (r *resources) verbs(resource schema.GroupVersionResource, subresource string) ([]string, error) {
	list, err := r.discovery.ServerResourcesForGroupVersion(resource.GroupVersion().String())
	if err != nil {
		return nil, err
	}
	var others []string
	for _, served := range list.APIResources {
		name, sub, _ := strings.Cut(served.Name, "/")
		switch {
		case name != resource.Resource:
		case sub == subresource:
			all := append(slices.Clone(specialVerbs), served.Verbs...)
			slices.Sort(all)
			return slices.Compact(all), nil
		case sub != "":
			others = append(others, sub)
		}
	}
	return nil, fmt.Errorf("%s have no subresource %q%s", resource.Resource, subresource, only(others))
}

// identity is a service account with its namespace in the cluster.
type identity struct{ name, namespace string }

func (i identity) String() string { return "serviceaccount/" + i.name }

// groups returns the groups of a service account.
func (i identity) groups() []string {
	return append(serviceaccount.MakeGroupNames(i.namespace), user.AllAuthenticated)
}

const (
	// authorizerLimit is how long the API server may take until its authorizer has seen new roles and bindings.
	authorizerLimit = 5 * time.Second
	// refusedFor is how long a refusal must last before it counts: it may only mean that the authorizer has not seen the
	// newest roles yet, and no answer of the API server says which ones it has seen.
	refusedFor = time.Second
)

// awaitVerdict waits until the API server allows or refuses a request.
func (s accessSteps) awaitVerdict(
	ctx context.Context, who identity, what string, request *authorization.ResourceAttributes, allowed bool,
) error {
	var refused time.Time // since when
	patient := waiter{min(s.limit, authorizerLimit)}
	err := patient.until(ctx, func(ctx context.Context) error {
		status, err := s.ask(ctx, who, request)
		switch {
		case err != nil:
			return permanentError{err}
		case status.Allowed && allowed:
			return nil
		case status.Allowed:
			refused = time.Time{}
			return fmt.Errorf("%s may %s%s: %s", who, what, place(request), status.Reason)
		case allowed:
			return fmt.Errorf("%s may not %s%s: %s", who, what, place(request), s.bindings(ctx, who, request.Namespace))
		case refused.IsZero():
			refused = time.Now()
		}
		if time.Since(refused) < refusedFor {
			return fmt.Errorf("%s may not %s%s only since a moment ago", who, what, place(request))
		}
		return nil
	})
	if timeout := (*timeoutError)(nil); errors.As(err, &timeout) {
		return timeout.last
	}
	return err
}

// ask asks for an access review. A review in a namespace needs fewer permissions than one of the whole cluster.
func (s accessSteps) ask(
	ctx context.Context, who identity, request *authorization.ResourceAttributes,
) (*authorization.SubjectAccessReviewStatus, error) {
	spec := authorization.SubjectAccessReviewSpec{
		User: serviceaccount.MakeUsername(who.namespace, who.name), Groups: who.groups(), ResourceAttributes: request,
	}
	reviews := s.client.AuthorizationV1()
	if request.Namespace == "" {
		review := &authorization.SubjectAccessReview{Spec: spec}
		answer, err := reviews.SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return nil, fmt.Errorf("ask for an access review: %w", err)
		}
		return &answer.Status, nil
	}
	review := &authorization.LocalSubjectAccessReview{
		ObjectMeta: metav1.ObjectMeta{Namespace: request.Namespace}, Spec: spec,
	}
	answer, err := reviews.LocalSubjectAccessReviews(request.Namespace).Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("ask for an access review: %w", err)
	}
	return &answer.Status, nil
}

// place returns where a request is made.
func place(request *authorization.ResourceAttributes) string {
	if request.Namespace == "" {
		return " in the cluster"
	}
	return " in namespace " + request.Namespace
}

// bindings returns the roles that are bound to a service account, as far as the user may list them.
func (s accessSteps) bindings(ctx context.Context, who identity, namespace string) string {
	var bound []string
	add := func(name, in string, role rbac.RoleRef, subjects []rbac.Subject) {
		if slices.ContainsFunc(subjects, func(subject rbac.Subject) bool { return who.is(subject, in) }) {
			bound = append(bound, fmt.Sprintf("%s (by %s)", strings.ToLower(role.Kind)+"/"+role.Name, name))
		}
	}
	if namespace != "" {
		if found, err := s.client.RbacV1().RoleBindings(namespace).List(ctx, everything); err == nil {
			for _, b := range found.Items {
				add("rolebinding/"+b.Name, b.Namespace, b.RoleRef, b.Subjects)
			}
		}
	}
	if found, err := s.client.RbacV1().ClusterRoleBindings().List(ctx, everything); err == nil {
		for _, b := range found.Items {
			add("clusterrolebinding/"+b.Name, "", b.RoleRef, b.Subjects)
		}
	}
	bound = slices.DeleteFunc(bound, func(role string) bool { return strings.HasPrefix(role, "clusterrole/system:") })
	if len(bound) == 0 {
		return "no role is bound to it"
	}
	return "no rule of the roles that are bound to it allows it: " + strings.Join(bound, ", ")
}

// is reports whether a subject of a binding is the service account or one of its groups. A service account without a
// namespace is one of the binding's.
func (i identity) is(subject rbac.Subject, namespace string) bool {
	switch subject.Kind {
	case rbac.ServiceAccountKind:
		in := subject.Namespace
		if in == "" {
			in = namespace
		}
		return subject.Name == i.name && in == i.namespace
	case rbac.GroupKind:
		return slices.Contains(i.groups(), subject.Name)
	}
	return subject.Name == serviceaccount.MakeUsername(i.namespace, i.name)
}
