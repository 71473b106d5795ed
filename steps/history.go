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

// historySteps are the steps about the revisions and values of releases.
type historySteps struct{ helm *helmRunner }

func (s historySteps) rows() []Step {
	return []Step{
		{
			Phrase: `release "NAME" has revision N and status "STATUS"[ in namespace "NAMESPACE"]`, Method: s.has,
			Does: "Compares the newest revision of a release with a number, and its status with one of Helm's: `deployed`, " +
				"`failed`, `superseded`, `uninstalled`, `pending-upgrade` and so on.",
			Example: `
When I run helm install shop ./shop
And I run helm upgrade with --set replicaCount=2
Then release "shop" has revision 2 and status "deployed"`,
		},
		{
			Phrase: `the history of release "NAME" is[ in namespace "NAMESPACE"]`, Method: s.historyIs,
			Columns: []string{"revision", "status?", "chart?", "app version?", "description?"},
			Does:    "Compares all revisions of a release, the oldest first, with columns of `helm history`.",
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
			Does: "Compares all values that were given to the newest revision of a release, as `helm get values` prints " +
				"them. `{}` means that none were given.",
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
			Does: "Compares some of the values that a release uses, including the defaults of the chart, as `helm get values " +
				"--all` prints them.",
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

func (s historySteps) has(ctx context.Context, name string, revision int, status, namespace string) error {
	if !slices.Contains(helm.Statuses, helm.Status(status)) {
		return fmt.Errorf("unknown status %q: Helm has %s", status, join(helm.Statuses))
	}
	revisions, err := s.helm.history(ctx, name, namespace)
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

func (s historySteps) historyIs(ctx context.Context, name, namespace string, table *godog.Table) error {
	revisions, err := s.helm.history(ctx, name, namespace)
	if err != nil {
		return err
	}
	want := records(table)
	var wrong []error
	for i := range max(len(revisions), len(want)) {
		switch {
		case i >= len(want):
			wrong = append(wrong, fmt.Errorf("unexpected revision %d (%s)", revisions[i].Revision, revisions[i].Description))
		case i >= len(revisions):
			wrong = append(wrong, fmt.Errorf("revision %s is missing", want[i]["revision"]))
		default:
			got := historyRecord(revisions[i])
			for _, column := range slices.Sorted(maps.Keys(want[i])) {
				wrong = append(wrong, differs(fmt.Sprintf("the %s in line %d", column, i+1), got[column], want[i][column]))
			}
		}
	}
	return aboutIf(fmt.Sprintf("the history of release %q", name), errors.Join(wrong...))
}

// historyRecord returns a revision in the columns of `helm history`.
func historyRecord(release *helm.Release) record {
	r := record{
		"revision": strconv.Itoa(release.Revision), "status": string(release.Status), "description": release.Description,
	}
	if release.Chart.Name != "" {
		r["chart"] = release.Chart.Name + "-" + release.Chart.Version
		r["app version"] = release.Chart.AppVersion
	}
	return r
}

func (s historySteps) valuesAre(ctx context.Context, name, namespace string, text *godog.DocString) error {
	return s.compareValues(ctx, name, namespace, text, nil, func(got, want any) error {
		if same(got, want) {
			return nil
		}
		return fmt.Errorf("values differ (-want +got):\n%s", diff(asYAML(want), asYAML(got)))
	})
}

func (s historySteps) valuesInclude(ctx context.Context, name, namespace string, text *godog.DocString) error {
	return s.compareValues(ctx, name, namespace, text, []string{"--all"}, func(got, want any) error {
		return includes(got, want, "")
	})
}

func (s historySteps) compareValues(
	ctx context.Context, name, namespace string, text *godog.DocString, flags []string,
	compare func(got, want any) error,
) error {
	want, err := docData(text)
	if err != nil {
		return err
	}
	words := append([]string{"get", "values", name, "--output", "json"}, flags...)
	result, err := s.helm.query(ctx, namespace, words...)
	if err != nil {
		return err
	}
	got, err := parseYAML(result.Output)
	if err != nil {
		return fmt.Errorf("%s: %w", result.Command, err)
	}
	if got == nil {
		got = map[string]any{} // Helm prints null if no values were given
	}
	if want == nil {
		want = map[string]any{}
	}
	return aboutIf(fmt.Sprintf("the values of release %q", name), compare(got, want))
}
