package steps

import (
	"context"
	"errors"

	"github.com/cucumber/godog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func (s *scenario) objectSteps() []Step {
	return []Step{
		{
			Phrase: `the KIND "NAME" has[ in namespace "NAMESPACE"]`, Method: s.objectHas, Columns: []string{"path", "value"},
			Does: "Compares fields of an object, by their JSONPath, with values in YAML: `2` is a number, `\"2\"` a string, `[a, b]` a list, and an empty cell means that the field is not " +
				"there. A path that leads to several fields is compared with a list. Fields below `.status` are waited for; all others are looked at once.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2
Then the deployment "shop" has
  | path                                    | value              |
  | .spec.replicas                          | 2                  |
  | .spec.template.spec.containers[*].image | ["nginx:1.16.0"]   |
  | .spec.paused                            |                    |
  | .metadata.labels                        | {app.kubernetes.io/name: shop, app.kubernetes.io/instance: shop, app.kubernetes.io/version: 1.16.0, app.kubernetes.io/managed-by: Helm, helm.sh/chart: shop-0.1.0} |
  | .status.readyReplicas                   | 2                  |`,
		},
		{
			Phrase: `the KIND "NAME" has PATH = VALUE[ in namespace "NAMESPACE"]`, Method: s.objectHasOne,
			Does: "The same for one field, on one line.",
			Example: `
When I run helm install shop ./shop
Then the svc "shop" has .spec.ports[0].targetPort = http`,
		},
		{
			Phrase: `the KIND "NAME" satisfies "CEL"[ in namespace "NAMESPACE"]`, Method: s.objectSatisfies,
			Does: "Holds when an expression in CEL says true of the object, which it calls `self`. Kubernetes' own functions are there too, such as `quantity()`. It is waited for when " +
				"the expression looks at `self.status`.",
			Example: `
When I run helm install shop ./shop --set resources.requests.memory=1Gi
Then the deployment "shop" satisfies "self.spec.template.spec.containers.all(c, quantity(c.resources.requests.memory).isLessThan(quantity('2Gi')))"
And the deployment "shop" satisfies "self.status.readyReplicas == self.spec.replicas"`,
		},
		{
			Phrase: `the KIND "NAME" satisfies[ in namespace "NAMESPACE"]`, Method: s.objectSatisfiesDoc, Text: "CEL",
			Does: "The same for an expression of several lines.",
			Example: `
When I run helm install shop ./shop --set autoscaling.enabled=true
Then the hpa "shop" satisfies
  """
  self.spec.minReplicas == 1 &&
  self.spec.maxReplicas > self.spec.minReplicas &&
  self.spec.scaleTargetRef.name == "shop"
  """`,
		},
		{
			Phrase: `there is a[n] KIND "NAME"[ in namespace "NAMESPACE"]`, Method: s.thereIs,
			Does: "Holds when the object is there now. The kind is as kubectl takes it: singular, plural, short, with its group or not.",
			Example: `
When I run helm install shop ./shop
Then there is a serviceaccount "shop"
And there is a deploy "shop"
And there is a services "shop"`,
		},
		{
			Phrase: `there is no KIND "NAME"[ in namespace "NAMESPACE"]`, Method: s.thereIsNo,
			Does: "Holds when the object is not there. One that is being deleted is waited for.",
			Example: `
When I run helm install shop ./shop
Then there is no ingress "shop"`,
		},
	}
}

// errAbsent is for an object that is not there, until more is said of it.
var errAbsent = errors.New("it is not there")

// look holds an object to check. What check calls settled is not waited for, nor is an object that is not there.
func (s *scenario) look(ctx context.Context, kind, name, namespace string, check func(object map[string]any) (settled bool, wrong error)) error {
	subject, err := s.subject(kind, name, namespace)
	if err != nil {
		return err
	}
	err = s.awaitObject(ctx, subject.client, name, func(object *unstructured.Unstructured) (bool, error) {
		if object == nil {
			return true, errAbsent
		}
		return check(object.Object)
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errAbsent):
		return subject.absent(ctx)
	}
	return about{subject.String(), err}
}

// about says which object an error is about.
type about struct {
	what string
	error
}

func (a about) Error() string { return a.what + ": " + a.error.Error() }

func (a about) Unwrap() error { return a.error }

func (s *scenario) objectHas(ctx context.Context, kind, name, namespace string, table *godog.Table) error {
	all, err := expectations(table)
	if err != nil {
		return err
	}
	return s.objectMeets(ctx, kind, name, namespace, all)
}

func (s *scenario) objectHasOne(ctx context.Context, kind, name, path, value, namespace string) error {
	e, err := expect(path, value)
	if err != nil {
		return err
	}
	return s.objectMeets(ctx, kind, name, namespace, []expectation{e})
}

func (s *scenario) objectMeets(ctx context.Context, kind, name, namespace string, all []expectation) error {
	return s.look(ctx, kind, name, namespace, func(object map[string]any) (bool, error) {
		return meet(object, all)
	})
}

func (s *scenario) objectSatisfiesDoc(ctx context.Context, kind, name, namespace string, text *godog.DocString) error {
	return s.objectSatisfies(ctx, kind, name, text.Content, namespace)
}

func (s *scenario) objectSatisfies(ctx context.Context, kind, name, expression, namespace string) error {
	rule, err := parseRule(expression)
	if err != nil {
		return err
	}
	return s.look(ctx, kind, name, namespace, func(object map[string]any) (bool, error) {
		return rule.settled(), rule.check(object)
	})
}

func (s *scenario) thereIs(ctx context.Context, kind, name, namespace string) error {
	return s.look(ctx, kind, name, namespace, func(map[string]any) (bool, error) { return true, nil })
}

func (s *scenario) thereIsNo(ctx context.Context, kind, name, namespace string) error {
	subject, err := s.subject(kind, name, namespace)
	if err != nil {
		return err
	}
	if err := s.awaitObject(ctx, subject.client, name, gone); err != nil {
		return about{subject.String(), err}
	}
	return nil
}

// gone holds for an object that is not there. One that nobody deletes stays.
func gone(object *unstructured.Unstructured) (bool, error) {
	switch {
	case object == nil:
		return true, nil
	case object.GetDeletionTimestamp() != nil:
		return false, errors.New("it is there still, being deleted")
	}
	return true, errors.New("it is there, and nobody deletes it")
}
