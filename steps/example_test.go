package steps_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/cucumber/godog"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/traderadmin/charts/steps"
)

// shopSteps adds a step to the built-in ones: it checks an object in the cluster, and waits for it.
func shopSteps(_ *godog.ScenarioContext, s *steps.Scenario) {
	s.Step(steps.Step{
		Phrase: `the shop sells "NAME"`,
		Does:   "Waits until the ConfigMap `goods` of the release has a key of this name.",
		Example: `
When I run helm install shop ./charts/shop
Then the shop sells "tea"`,
		Method: func(ctx context.Context, name string) error {
			return s.Await(ctx, "the shop to sell "+name, func(ctx context.Context) error {
				goods, err := s.Client().CoreV1().ConfigMaps(s.Namespace("")).Get(ctx, "goods", metav1.GetOptions{})
				if err != nil {
					return steps.Permanent(err)
				}
				if _, ok := goods.Data[name]; !ok {
					return fmt.Errorf("configmap/goods has no key %q", name)
				}
				return nil
			})
		},
	})
}

// The steps of all scenarios are checked before there is a cluster, those of the suite's own, too.
func ExampleNewVocabulary() {
	vocabulary, err := steps.NewVocabulary(shopSteps)
	if err != nil {
		fmt.Println(err)
		return
	}
	features, err := godog.TestSuite{Options: &godog.Options{
		Paths: []string{"shop.feature"},
		FS: fstest.MapFS{"shop.feature": {Data: []byte(`Feature: Shop
  Scenario: Goods
    When I run helm install shop ./charts/shop
    Then the shop sell "tea"
`)}},
	}}.RetrieveFeatures()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(vocabulary.Check(features[0].GherkinDocument, features[0].Pickles))
	// Output:
	// shop.feature:4: unknown step `the shop sell "tea"`; the nearest is
	//   the shop sells "NAME"
}
