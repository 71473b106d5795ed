package steps

import (
	"context"
	"fmt"
)

func (s *scenario) noteSteps() []Step {
	return []Step{
		{
			Phrase: `I note PATH of the KIND "NAME"[ in namespace "NAMESPACE"]`, Method: s.note,
			Does: "Remembers the value of a field, by its JSONPath, to be compared later.",
			Example: `
When I run helm install shop ./shop
And I note .metadata.uid of the deployment "shop"
And I run helm upgrade with --set image.tag=1.27
Then .metadata.uid of the deployment "shop" is as noted`,
		},
		{
			Phrase: `PATH of the KIND "NAME" is as noted[ in namespace "NAMESPACE"]`, Method: s.isAsNoted,
			Does: "Holds when a field has the value that was noted: a generated password that an upgrade must keep, for instance.",
			Example: `
When I run helm install shop ./shop
And I note .spec.clusterIP of the service "shop"
And I run helm upgrade with --set service.port=8080
Then .spec.clusterIP of the service "shop" is as noted`,
		},
		{
			Phrase: `PATH of the KIND "NAME" has changed[ in namespace "NAMESPACE"]`, Method: s.hasChanged,
			Does: "Holds when a field has another value than the one that was noted.",
			Example: `
When I run helm install shop ./shop
And I note .metadata.generation of the deployment "shop"
And I run helm upgrade with --set image.tag=1.27
Then .metadata.generation of the deployment "shop" has changed`,
		},
	}
}

func (s *scenario) note(ctx context.Context, path, kind, name, namespace string) error {
	key, value, err := s.field(ctx, path, kind, name, namespace)
	if err != nil {
		return err
	}
	if s.noted == nil {
		s.noted = map[string]any{}
	}
	s.noted[key] = value
	return nil
}

func (s *scenario) isAsNoted(ctx context.Context, path, kind, name, namespace string) error {
	return s.compareNote(ctx, path, kind, name, namespace, func(key string, noted, value any) error {
		if same(noted, value) {
			return nil
		}
		return fmt.Errorf("%s is %s; it was %s when it was noted", key, asJSON(value), asJSON(noted))
	})
}

func (s *scenario) hasChanged(ctx context.Context, path, kind, name, namespace string) error {
	return s.compareNote(ctx, path, kind, name, namespace, func(key string, noted, value any) error {
		if !same(noted, value) {
			return nil
		}
		return fmt.Errorf("%s is %s still, as when it was noted", key, asJSON(value))
	})
}

func (s *scenario) compareNote(ctx context.Context, path, kind, name, namespace string, compare func(key string, noted, value any) error) error {
	key, value, err := s.field(ctx, path, kind, name, namespace)
	if err != nil {
		return err
	}
	noted, ok := s.noted[key]
	if !ok {
		return fmt.Errorf("%s was not noted: write `I note %s of the %s %q` above this step, before what may change it", key, path, kind, name)
	}
	return compare(key, noted, value)
}

// field returns what a path leads to in an object, and a name for that.
func (s *scenario) field(ctx context.Context, path, kind, name, namespace string) (key string, value any, err error) {
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
	found, err := find(parsed, object.Object)
	if err != nil {
		return "", nil, fmt.Errorf("%s of the %s: %w", path, subject, err)
	}
	if len(found) == 0 {
		return "", nil, fmt.Errorf("%s of the %s is not there", path, subject)
	}
	return fmt.Sprintf("%s of the %s", path, subject), one(found), nil
}
