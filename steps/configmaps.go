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

// configMapSteps are the steps about the data of ConfigMaps and Secrets.
type configMapSteps struct{ *view }

// exampleConfig is the object that the examples below use.
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

func (s configMapSteps) rows() []Step {
	return []Step{
		{
			Phrase: `the MAP "NAME" holds "KEY"[ in namespace "NAMESPACE"]`, Method: s.holds, Text: "TEXT",
			Does: "Compares the value of a key in a ConfigMap or a Secret with the text, character by character. A newline " +
				"at the end makes no difference.",
			Example: exampleConfig + `
Then the configmap "settings" holds "config.yaml"
  """
  # how often
  interval: 30
  hosts: [a, b]
  """`,
		},
		{
			Phrase: `the MAP "NAME" holds "KEY" as FORMAT[ in namespace "NAMESPACE"]`, Method: s.holdsData, Text: "YAML",
			Does: "Parses the value of a key in a ConfigMap or a Secret as `yaml` or `json`, and compares the data. The " +
				"order of keys, comments, quotes and indentation make no difference.",
			Example: exampleConfig + `
Then the configmap "settings" holds "config.json" as json
  """
  hosts: [a, b]
  interval: 30
  """`,
		},
		{
			Phrase: `the MAP "NAME" holds "KEY" as FORMAT with[ in namespace "NAMESPACE"]`, Method: s.holdsFields,
			Columns: []string{"path", "value"},
			Does: "Parses the value of a key in a ConfigMap or a Secret as `yaml` or `json`, and compares fields, by their " +
				"JSONPath, with values in YAML.",
			Example: exampleConfig + `
Then the configmap "settings" holds "config.yaml" as yaml with
  | path      | value |
  | .interval | 30    |
  | .hosts[1] | b     |
  | .port     |       |`,
		},
	}
}

// lookAtKey holds the value of a key to check.
func (s configMapSteps) lookAtKey(
	ctx context.Context, kind, name, namespace, key string, check func(text string) error,
) error {
	return s.look(ctx, kind, name, namespace, func(object map[string]any) mismatch {
		text, err := valueOf(kind, object, key)
		if err != nil {
			return permanent(err)
		}
		return permanent(check(text))
	})
}

// lookAtData holds the parsed value of a key to check.
func (s configMapSteps) lookAtData(
	ctx context.Context, kind, name, namespace, key, format string, check func(data any) error,
) error {
	return s.lookAtKey(ctx, kind, name, namespace, key, func(got string) error {
		data, err := parseAs(format, got)
		if err != nil {
			return fmt.Errorf("%q is not valid %s: %w\n%s", key, format, err, got)
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
		return "", fmt.Errorf("it has no key %q%s", key, only(slices.Sorted(maps.Keys(data))))
	}
	if kind != "secret" {
		return text, nil
	}
	decoded, err := base64.StdEncoding.DecodeString(text)
	return string(decoded), err
}

func (s configMapSteps) holds(ctx context.Context, kind, name, key, namespace string, text *godog.DocString) error {
	return s.lookAtKey(ctx, kind, name, namespace, key, func(got string) error {
		return sameText(fmt.Sprintf("%q", key), strings.TrimSuffix(got, "\n"), strings.TrimSuffix(text.Content, "\n"))
	})
}

// sameText returns an error with the unified diff if two versions of a named text differ.
func sameText(name, got, want string) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s differs (-want +got):\n%s", name, diff(want, got))
}

func (s configMapSteps) holdsData(
	ctx context.Context, kind, name, key, format, namespace string, text *godog.DocString,
) error {
	want, err := docData(text)
	if err != nil {
		return err
	}
	return s.lookAtData(ctx, kind, name, namespace, key, format, func(data any) error {
		if same(data, want) {
			return nil
		}
		return sameText(fmt.Sprintf("%q", key), asYAML(data), asYAML(want))
	})
}

func (s configMapSteps) holdsFields(
	ctx context.Context, kind, name, key, format, namespace string, table *godog.Table,
) error {
	all, err := expectations(table)
	if err != nil {
		return err
	}
	return s.lookAtData(ctx, kind, name, namespace, key, format, func(data any) error { return compare(data, all).error })
}

// parseAs parses text as yaml or json. A duplicate key in YAML is an error.
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
