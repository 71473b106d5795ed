package steps

import (
	"context"
	"fmt"
)

// noteSteps are the steps that remember the value of a field, and compare it later.
type noteSteps struct {
	*view
	noted map[string]any
}

func (s noteSteps) rows() []Step {
	return []Step{
		{
			Phrase: `I note PATH of the KIND "NAME"[ in namespace "NAMESPACE"]`, Method: s.note,
			Does: "Remembers the value of a field, by its JSONPath, for a later comparison.",
			Example: `
When I run helm install shop ./shop
And I note .metadata.uid of the deployment "shop"
And I run helm upgrade with --set image.tag=1.27
Then .metadata.uid of the deployment "shop" is as noted`,
		},
		{
			Phrase: `PATH of the KIND "NAME" is as noted[ in namespace "NAMESPACE"]`, Method: s.isAsNoted,
			Does: "Checks that a field still has the value that was noted, such as a generated password that an upgrade must " +
				"keep.",
			Example: `
When I run helm install shop ./shop
And I note .spec.clusterIP of the service "shop"
And I run helm upgrade with --set service.port=8080
Then .spec.clusterIP of the service "shop" is as noted`,
		},
		{
			Phrase: `PATH of the KIND "NAME" has changed[ in namespace "NAMESPACE"]`, Method: s.hasChanged,
			Does: "Checks that a field has another value than the one that was noted.",
			Example: `
When I run helm install shop ./shop
And I note .metadata.generation of the deployment "shop"
And I run helm upgrade with --set image.tag=1.27
Then .metadata.generation of the deployment "shop" has changed`,
		},
	}
}

func (s noteSteps) note(ctx context.Context, path, kind, name, namespace string) error {
	key, value, err := s.field(ctx, path, kind, name, namespace)
	if err != nil {
		return err
	}
	s.noted[key] = value
	return nil
}

func (s noteSteps) isAsNoted(ctx context.Context, path, kind, name, namespace string) error {
	return s.compare(ctx, path, kind, name, namespace, func(key string, noted, value any) error {
		if same(noted, value) {
			return nil
		}
		return fmt.Errorf("%s is %s; it was %s when it was noted", key, asJSON(value), asJSON(noted))
	})
}

func (s noteSteps) hasChanged(ctx context.Context, path, kind, name, namespace string) error {
	return s.compare(ctx, path, kind, name, namespace, func(key string, noted, value any) error {
		if !same(noted, value) {
			return nil
		}
		return fmt.Errorf("%s is still %s, as when it was noted", key, asJSON(value))
	})
}

func (s noteSteps) compare(
	ctx context.Context, path, kind, name, namespace string, check func(key string, noted, value any) error,
) error {
	key, value, err := s.field(ctx, path, kind, name, namespace)
	if err != nil {
		return err
	}
	noted, ok := s.noted[key]
	if !ok {
		return fmt.Errorf("%s was not noted: add `I note %s of the %s %q` before this step", key, path, kind, name)
	}
	return check(key, noted, value)
}

// field returns the value of a field, and a name for the field.
func (s noteSteps) field(ctx context.Context, path, kind, name, namespace string) (key string, value any, err error) {
	parsed, err := parsePath(path)
	if err != nil {
		return "", nil, err
	}
	subject, err := s.subject(kind, name, namespace)
	if err != nil {
		return "", nil, err
	}
	object, err := subject.get(ctx)
	if err != nil {
		return "", nil, err
	}
	key = fmt.Sprintf("%s of the %s", path, subject)
	found, err := find(parsed, object.Object)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", key, err)
	}
	if len(found) == 0 {
		return "", nil, fmt.Errorf("%s does not exist", key)
	}
	return key, one(found), nil
}
