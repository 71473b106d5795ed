package steps

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/internal/helm"
)

func (s *scenario) historySteps() []Step {
	return []Step{
		{
			Phrase: `release "NAME" has revision N and status "STATUS"[ in namespace "NAMESPACE"]`, Method: s.releaseHas,
			Does: "Compares the newest revision of a release with a number and a status as Helm has them: `deployed`, `failed`, `pending-upgrade` or `uninstalled`, for instance.",
			Example: `
When I run helm install shop ./shop
And I run helm upgrade with --set replicaCount=2
Then release "shop" has revision 2 and status "deployed"`,
		},
		{
			Phrase: `the history of release "NAME" is[ in namespace "NAMESPACE"]`, Method: s.historyIs,
			Columns: []string{"revision", "status?", "chart?", "app version?", "description?"},
			Does:    "Compares all revisions of a release, the oldest first, with the columns of `helm history`.",
			Example: `
When I run helm install shop ./shop
And I run helm upgrade with --set replicaCount=2
And I run helm rollback with 1
Then the history of release "shop" is
  | revision | status     | description      |
  | 1        | superseded | Install complete |
  | 2        | superseded | Upgrade complete |
  | 3        | deployed   | Rollback to 1    |`,
		},
		{
			Phrase: `the values of release "NAME" are[ in namespace "NAMESPACE"]`, Method: s.valuesAre, Text: "YAML",
			Does: "Compares the values that were given to the newest revision of a release, all of them, as `helm get values` prints them. `{}` is none.",
			Example: `
When I run helm install shop ./shop --set image.tag=1.27
And I run helm upgrade with --reuse-values --set replicaCount=2
Then the values of release "shop" are
  """
  image: {tag: "1.27"}
  replicaCount: 2
  """`,
		},
		{
			Phrase: `the values of release "NAME" include[ in namespace "NAMESPACE"]`, Method: s.valuesInclude, Text: "YAML",
			Does: "The same for some of all values, those of the chart included, as `helm get values --all` prints them.",
			Example: `
When I run helm install shop ./shop --set image.tag=1.27
Then the values of release "shop" include
  """
  image: {tag: "1.27", pullPolicy: IfNotPresent}
  replicaCount: 1
  """`,
		},
	}
}

// ask runs a Helm command that changes nothing, and of which steps about what Helm prints know nothing.
func (s *scenario) ask(ctx context.Context, namespace string, words ...string) (*helm.Result, error) {
	scope := helm.Scope{Namespace: s.namespaces.real}
	return s.suite.helm.Run(ctx, scope, append(words, "--namespace", s.named(namespace))...)
}

// history are the revisions of a release, the oldest first.
func (s *scenario) history(ctx context.Context, name, namespace string) ([]*helm.Release, error) {
	result, err := s.ask(ctx, namespace, "history", name)
	if err != nil {
		return nil, fmt.Errorf("release %q in namespace %q: %w", name, s.named(namespace), err)
	}
	return result.Releases, nil
}

func (s *scenario) releaseHas(ctx context.Context, name string, revision int, status, namespace string) error {
	if !slices.Contains(helm.Statuses, helm.Status(status)) {
		return fmt.Errorf("Helm has no status %q, only %s", status, join(helm.Statuses)) //nolint:staticcheck // Helm is a name
	}
	revisions, err := s.history(ctx, name, namespace)
	if err != nil {
		return err
	}
	newest := revisions[len(revisions)-1]
	if newest.Revision != revision || newest.Status != helm.Status(status) {
		return fmt.Errorf("release %q has revision %d and status %q (%s), not revision %d and status %q",
			name, newest.Revision, newest.Status, newest.Description, revision, status)
	}
	return nil
}

func join[T ~string](words []T) string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return strings.Join(all, ", ")
}

func (s *scenario) historyIs(ctx context.Context, name, namespace string, table *godog.Table) error {
	revisions, err := s.history(ctx, name, namespace)
	if err != nil {
		return err
	}
	var held []record
	for _, revision := range revisions {
		held = append(held, asRecord(revision))
	}
	wanted := records(table)
	var wrong []error
	for i := range max(len(held), len(wanted)) {
		switch {
		case i >= len(wanted):
			wrong = append(wrong, fmt.Errorf("revision %s is there, too (%s)", held[i]["revision"], held[i]["description"]))
		case i >= len(held):
			wrong = append(wrong, fmt.Errorf("revision %s is not there", wanted[i]["revision"]))
		default:
			for _, column := range slices.Sorted(maps.Keys(wanted[i])) {
				wrong = append(wrong, differs(fmt.Sprintf("the %s in line %d", column, i+1), held[i][column], wanted[i][column]))
			}
		}
	}
	if err := errors.Join(wrong...); err != nil {
		return about{fmt.Sprintf("the history of release %q", name), err}
	}
	return nil
}

// asRecord is a revision in the columns of `helm history`.
func asRecord(of *helm.Release) record {
	r := record{"revision": strconv.Itoa(of.Revision), "status": string(of.Status), "description": of.Description}
	if of.Chart.Name != "" {
		r["chart"] = of.Chart.Name + "-" + of.Chart.Version
		r["app version"] = of.Chart.AppVersion
	}
	return r
}

func (s *scenario) valuesAre(ctx context.Context, name, namespace string, text *godog.DocString) error {
	return s.compareValues(ctx, name, namespace, text, false, func(held, wanted any) error {
		if same(held, wanted) {
			return nil
		}
		return fmt.Errorf("they are otherwise:\n%s", otherwise(asYAML(held), asYAML(wanted)))
	})
}

func (s *scenario) valuesInclude(ctx context.Context, name, namespace string, text *godog.DocString) error {
	return s.compareValues(ctx, name, namespace, text, true, func(held, wanted any) error { return includes(held, wanted, "") })
}

func (s *scenario) compareValues(ctx context.Context, name, namespace string, text *godog.DocString, all bool, compare func(held, wanted any) error) error {
	wanted, err := docData(text)
	if err != nil {
		return err
	}
	words := []string{"get", "values", name, "--output", "json"}
	if all {
		words = append(words, "--all")
	}
	result, err := s.ask(ctx, namespace, words...)
	if err != nil {
		return err
	}
	held, err := parseYAML(result.Output)
	if err != nil {
		return fmt.Errorf("%s: %w", result.Command, err)
	}
	if held == nil {
		held = map[string]any{} // Helm prints null where no values were given
	}
	if wanted == nil {
		wanted = map[string]any{}
	}
	if err := compare(held, wanted); err != nil {
		return about{fmt.Sprintf("the values of release %q", name), err}
	}
	return nil
}
