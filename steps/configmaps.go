package steps

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cucumber/godog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// exampleConfig is what the examples below look at.
const exampleConfig = `
Given the objects
  """
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: settings
  data:
    config.yaml: |
      # how often
      interval: 30
      hosts: [a, b]
    config.json: '{"interval": 30, "hosts": ["a", "b"]}'
  """`

func (s *scenario) configMapSteps() []Step {
	return []Step{
		{
			Phrase: `the MAP "NAME" holds "KEY"[ in namespace "NAMESPACE"]`, Method: s.mapHolds, Text: "TEXT",
			Does: "Compares what a ConfigMap or a Secret has for a key with the text, letter for letter; only a line end after the last line makes no difference.",
			Example: exampleConfig + `
Then the configmap "settings" holds "config.yaml"
  """
  # how often
  interval: 30
  hosts: [a, b]
  """`,
		},
		{
			Phrase: `the MAP "NAME" holds "KEY" as FORMAT[ in namespace "NAMESPACE"]`, Method: s.mapHoldsData, Text: "YAML",
			Does: "Reads what a ConfigMap or a Secret has for a key, as `yaml` or `json`, and compares it as data: neither order of keys nor comments, quotes or indentation make a difference.",
			Example: exampleConfig + `
Then the configmap "settings" holds "config.json" as json
  """
  hosts: [a, b]
  interval: 30
  """`,
		},
		{
			Phrase: `the MAP "NAME" holds "KEY" as FORMAT with[ in namespace "NAMESPACE"]`, Method: s.mapHoldsFields, Columns: []string{"path", "value"},
			Does: "Reads what a ConfigMap or a Secret has for a key, as `yaml` or `json`, and compares some fields, by their JSONPath, with values in YAML.",
			Example: exampleConfig + `
Then the configmap "settings" holds "config.yaml" as yaml with
  | path      | value |
  | .interval | 30    |
  | .hosts[1] | b     |
  | .port     |       |`,
		},
	}
}

// lookAtKey holds what a ConfigMap or a Secret has for a key to check.
func (s *scenario) lookAtKey(ctx context.Context, kind, name, namespace, key string, check func(text string) error) error {
	return s.look(ctx, kind, name, namespace, func(object map[string]any) (bool, error) {
		text, err := valueOf(kind, object, key)
		if err != nil {
			return true, err
		}
		return true, check(text)
	})
}

// lookAtData holds the data that a ConfigMap or a Secret has for a key, in a format, to check.
func (s *scenario) lookAtData(ctx context.Context, kind, name, namespace, key, format string, check func(data any) error) error {
	return s.lookAtKey(ctx, kind, name, namespace, key, func(held string) error {
		data, err := parseAs(format, held)
		if err != nil {
			return fmt.Errorf("%q is no %s: %w; it is\n%s", key, format, err, held)
		}
		return check(data)
	})
}

func valueOf(kind string, object map[string]any, key string) (string, error) {
	data, _, err := unstructured.NestedStringMap(object, "data")
	if err != nil {
		return "", err
	}
	text, has := data[key]
	if !has {
		return "", fmt.Errorf("it has no key %q, only %s", key, listed(slices.Sorted(maps.Keys(data))))
	}
	if kind != "secret" {
		return text, nil
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	return string(plain), err
}

// listed are names for the end of a sentence.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (s *scenario) mapHolds(ctx context.Context, kind, name, key, namespace string, text *godog.DocString) error {
	return s.lookAtKey(ctx, kind, name, namespace, key, func(held string) error {
		held, wanted := strings.TrimSuffix(held, "\n"), strings.TrimSuffix(text.Content, "\n")
		if held == wanted {
			return nil
		}
		return fmt.Errorf("%q is otherwise:\n%s", key, otherwise(held, wanted))
	})
}

func (s *scenario) mapHoldsData(ctx context.Context, kind, name, key, format, namespace string, text *godog.DocString) error {
	wanted, err := docData(text)
	if err != nil {
		return err
	}
	return s.lookAtData(ctx, kind, name, namespace, key, format, func(data any) error {
		if same(data, wanted) {
			return nil
		}
		return fmt.Errorf("%q is otherwise:\n%s", key, otherwise(asYAML(data), asYAML(wanted)))
	})
}

func (s *scenario) mapHoldsFields(ctx context.Context, kind, name, key, format, namespace string, table *godog.Table) error {
	all, err := expectations(table)
	if err != nil {
		return err
	}
	return s.lookAtData(ctx, kind, name, namespace, key, format, func(data any) error {
		_, wrong := meet(data, all)
		return wrong
	})
}

// parseAs reads text as yaml or json. A key that is there twice is an error in YAML.
func parseAs(format, text string) (data any, err error) {
	if format == "json" {
		err = json.Unmarshal([]byte(text), &data)
	} else {
		err = yaml.UnmarshalStrict([]byte(text), &data)
	}
	return data, err
}

func asYAML(data any) string {
	text, err := yaml.Marshal(data)
	if err != nil {
		return fmt.Sprint(data)
	}
	return string(text)
}

// otherwise is the difference between what there is and what there should be.
func otherwise(held, wanted string) string {
	return unified(titled{"as it should be", wanted}, titled{"as it is", held})
}
