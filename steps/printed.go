package steps

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/cucumber/godog"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// printedSteps are the steps about the objects that a Helm command prints.
type printedSteps struct {
	helmSteps
	resources *resources
}

func (s printedSteps) rows() []Step {
	return []Step{
		{
			Phrase: `helm prints the KIND "NAME" with`, Method: s.printsObject, Columns: []string{"path", "value"},
			Does: "Compares fields of an object that the last Helm command printed, as `the KIND \"NAME\" has` does. Unlike " +
				"that step, it sees hooks, what a template leaves to the API server's defaults, and charts that are not " +
				"installed: `helm template` prints everything, `helm get hooks` and `helm get manifest` what a release has.",
			Example: `
When I run helm template shop ./shop --set autoscaling.enabled=true
Then helm prints the deployment "shop" with
  | path           | value |
  | .spec.replicas |       |
When I run helm install shop ./shop
And I run helm get hooks shop
Then helm prints the pod "shop-test-connection" with
  | path                     | value       |
  | .spec.containers[0].args | ["shop:80"] |`,
		},
		{
			Phrase: `every object that helm prints has`, Method: s.allHave, Columns: []string{"path", "value"},
			Does: "Compares fields of every object that the last Helm command printed: the labels that all objects of a " +
				"release share, for example.",
			Example: `
When I run helm template shop ./shop --set ingress.enabled=true
Then every object that helm prints has
  | path                                             | value |
  | .metadata.labels['app\.kubernetes\.io/name']     | shop  |
  | .metadata.labels['app\.kubernetes\.io/instance'] | shop  |`,
		},
	}
}

func (s printedSteps) printsObject(kind, name string, table *godog.Table) error {
	all, err := expectations(table)
	if err != nil {
		return err
	}
	mapping, err := s.resources.find(kind)
	if err != nil {
		return err
	}
	objects, err := s.objects()
	if err != nil {
		return err
	}
	var named []*unstructured.Unstructured
	var others []string
	for _, o := range objects {
		switch {
		case o.GroupVersionKind().GroupKind() != mapping.GroupVersionKind.GroupKind():
		case o.GetName() == name:
			named = append(named, o)
		default:
			others = append(others, o.GetName())
		}
	}
	if len(named) == 0 {
		return fmt.Errorf("%s prints no %s %q%s", s.helm.last.Command, mapping.GroupVersionKind.Kind, name, only(others))
	}
	return compareAll(named, all)
}

func (s printedSteps) allHave(table *godog.Table) error {
	all, err := expectations(table)
	if err != nil {
		return err
	}
	objects, err := s.objects()
	if err != nil {
		return err
	}
	return compareAll(objects, all)
}

func compareAll(objects []*unstructured.Unstructured, all []expectation) error {
	var failed []error
	for _, o := range objects {
		failed = append(failed, aboutIf(fmt.Sprintf("%s %q", o.GetKind(), o.GetName()), compare(o.Object, all).error))
	}
	return errors.Join(failed...)
}

var (
	// separator is the line between two YAML documents.
	separator = regexp.MustCompile(`(?m)^---\s*$`)
	// notes begins what helm install and others print after the manifest.
	notes = regexp.MustCompile(`(?m)^NOTES:\s*$`)
)

// objects returns the objects that the last Helm command printed. Other texts around the manifest, such as the status
// of the release, are left out.
func (s printedSteps) objects() ([]*unstructured.Unstructured, error) {
	printed, err := s.printed()
	if err != nil {
		return nil, err
	}
	if at := notes.FindStringIndex(printed); at != nil {
		printed = printed[:at[0]]
	}
	var objects []*unstructured.Unstructured
	for _, document := range separator.Split(printed, -1) {
		o := new(unstructured.Unstructured)
		if content, err := yaml.YAMLToJSON([]byte(document)); err == nil && o.UnmarshalJSON(content) == nil {
			objects = append(objects, o)
		}
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("%s prints no object; it prints\n%s", s.helm.last.Command, strings.TrimSpace(printed))
	}
	return objects, nil
}
