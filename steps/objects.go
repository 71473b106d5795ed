package steps

import (
	"context"
	"errors"

	"github.com/cucumber/godog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// objectSteps are the steps about objects of any kind.
type objectSteps struct {
	*view
	sender *sender
}

func (s objectSteps) rows() []Step {
	return []Step{
		{
			Phrase: `the objects[ in namespace "NAMESPACE"]`, Method: s.apply, Text: "YAML, one or several documents",
			Does: "Applies Kubernetes objects, as `kubectl apply --server-side --force-conflicts` does, so that it can also " +
				"change fields that Helm wrote. An object that names no namespace is applied in the step's, or in the suite's. " +
				"The step waits until a ResourceQuota is in force. A cluster-scoped object is deleted after the scenario; " +
				"scenarios that create the same one need the tag `" + Serial + "`.",
			Example: `
Given the objects
  """
  apiVersion: v1
  kind: ResourceQuota
  metadata:
    name: small
  spec:
    hard:
      count/deployments.apps: "1"
  """
When I run helm install shop ./shop
And I try helm install other-shop ./shop
Then it fails with "exceeded quota: small"`,
		},
		{
			Phrase: `another manager sets PATH of the KIND "NAME" to VALUE[ in namespace "NAMESPACE"]`, Method: s.setByAnother,
			Does: "Sets a field as a controller does that shares the object with Helm: an autoscaler that sets the " +
				"replicas, or an injector that adds a container. It owns the field from then on, by server-side apply. The " +
				"value is YAML. Elements of a list that has keys are merged with those that are there.",
			Example: `
When I run helm install shop ./shop --set autoscaling.enabled=true
And another manager sets .spec.replicas of the deployment "shop" to 3
And another manager sets .spec.template.spec.containers of the deployment "shop" to [{name: proxy, image: "proxy:1"}]
And I run helm upgrade with --set autoscaling.enabled=true --set image.tag=1.27
Then deployment/shop is rolled out with 3 pods
And the deployment "shop" has .spec.template.spec.containers[*].name = [shop, proxy]`,
		},
		{
			Phrase: `the KIND "NAME" has[ in namespace "NAMESPACE"]`, Method: s.has, Columns: []string{"path", "value"},
			Does: "Compares fields of an object, by their JSONPath, with values in YAML: `2` is a number, `\"2\"` is a " +
				"string, `[a, b]` is a list, and an empty cell means that the field does not exist. A path that leads to " +
				"several fields is compared with a list. The step waits for fields below `.status`, and for no others.",
			Example: `
When I run helm install shop ./shop --set replicaCount=2
Then the deployment "shop" has
  | path                                    | value                                                            |
  | .spec.replicas                          | 2                                                                |
  | .spec.template.spec.containers[*].image | ["nginx:1.16.0"]                                                 |
  | .spec.paused                            |                                                                  |
  | .metadata.labels['helm\.sh/chart']      | shop-0.1.0                                                       |
  | .spec.selector.matchLabels              | {app.kubernetes.io/name: shop, app.kubernetes.io/instance: shop} |
  | .status.readyReplicas                   | 2                                                                |`,
		},
		{
			Phrase: `the KIND "NAME" has PATH = VALUE[ in namespace "NAMESPACE"]`, Method: s.hasField,
			Does: "Does the same for one field.",
			Example: `
When I run helm install shop ./shop
Then the svc "shop" has .spec.ports[0].targetPort = http`,
		},
		{
			Phrase: `the KIND "NAME" satisfies "CEL"[ in namespace "NAMESPACE"]`, Method: s.satisfies,
			Does: "Checks that a CEL expression is true for the object, which it calls `self`. The functions that Kubernetes " +
				"adds to CEL are available, such as `quantity()`. The step waits if the expression uses `self.status`.",
			Example: `
When I run helm install shop ./shop --set resources.requests.memory=1Gi
Then the deployment "shop" satisfies "self.spec.template.spec.containers.all(c, has(c.resources.requests))"
And the deployment "shop" satisfies "self.status.readyReplicas == self.spec.replicas"`,
		},
		{
			Phrase: `the KIND "NAME" satisfies[ in namespace "NAMESPACE"]`, Method: s.satisfiesDoc, Text: "CEL",
			Does: "Does the same for an expression with several lines.",
			Example: `
When I run helm install shop ./shop --set resources.requests.memory=1Gi
Then the deployment "shop" satisfies
  """
  self.spec.template.spec.containers.all(c,
    quantity(c.resources.requests.memory).isLessThan(quantity('2Gi')))
  """`,
		},
		{
			Phrase: `there is a[n] KIND "NAME"[ in namespace "NAMESPACE"]`, Method: s.exists,
			Does: "Checks that the object exists, without waiting. The kind is as kubectl takes it: singular, plural or " +
				"short, with or without its group.",
			Example: `
When I run helm install shop ./shop
Then there is a serviceaccount "shop"
And there is a deploy "shop"
And there is a services "shop"`,
		},
		{
			Phrase: `there is no KIND "NAME"[ in namespace "NAMESPACE"]`, Method: s.doesNotExist,
			Does: "Checks that the object does not exist. The step waits if it is being deleted.",
			Example: `
When I run helm install shop ./shop
Then there is no ingress "shop"`,
		},
	}
}

func (s objectSteps) apply(ctx context.Context, namespace string, text *godog.DocString) error {
	return s.sender.applyDocuments(ctx, namespace, text.Content)
}

func (s objectSteps) has(ctx context.Context, kind, name, namespace string, table *godog.Table) error {
	all, err := expectations(table)
	if err != nil {
		return err
	}
	return s.meets(ctx, kind, name, namespace, all)
}

func (s objectSteps) hasField(ctx context.Context, kind, name, path, value, namespace string) error {
	e, err := expect(path, value)
	if err != nil {
		return err
	}
	return s.meets(ctx, kind, name, namespace, []expectation{e})
}

func (s objectSteps) meets(ctx context.Context, kind, name, namespace string, all []expectation) error {
	return s.look(ctx, kind, name, namespace, func(object map[string]any) mismatch { return compare(object, all) })
}

func (s objectSteps) satisfiesDoc(ctx context.Context, kind, name, namespace string, text *godog.DocString) error {
	return s.satisfies(ctx, kind, name, text.Content, namespace)
}

func (s objectSteps) satisfies(ctx context.Context, kind, name, expression, namespace string) error {
	rule, err := parseRule(expression)
	if err != nil {
		return err
	}
	return s.look(ctx, kind, name, namespace, func(object map[string]any) mismatch {
		return mismatch{rule.check(object), !rule.usesStatus()}
	})
}

func (s objectSteps) exists(ctx context.Context, kind, name, namespace string) error {
	return s.look(ctx, kind, name, namespace, func(map[string]any) mismatch { return met })
}

func (s objectSteps) doesNotExist(ctx context.Context, kind, name, namespace string) error {
	subject, err := s.subject(kind, name, namespace)
	if err != nil {
		return err
	}
	return aboutIf(subject.String(), s.object(ctx, subject.client, name, gone))
}

// gone holds if an object does not exist. Waiting only helps if it is being deleted.
func gone(object *unstructured.Unstructured) mismatch {
	switch {
	case object == nil:
		return met
	case object.GetDeletionTimestamp() != nil:
		return pending(errors.New("it still exists, and is being deleted"))
	}
	return permanent(errors.New("it exists, and is not being deleted"))
}
