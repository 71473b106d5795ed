package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cucumber/godog"
)

// helmSteps are the steps that run Helm commands and check their outcome.
type helmSteps struct {
	helm *helmRunner
	*attempts
}

func (s helmSteps) rows() []Step {
	return []Step{
		{
			Phrase: `I run helm COMMAND`, Method: s.run, Effects: RunsHelm,
			Does: "Runs a Helm command line as you would type it, and fails if Helm fails. It runs in the suite's namespace, " +
				"unless it names another. The word `with` after the command stands for the release under test, for its chart, " +
				"or for both, whatever the command takes: `helm upgrade with --set a=b`, `helm rollback with 1`. If the command " +
				"needs an installed release, and the release under test is not installed, it is installed first.",
			Example: `
When I run helm install shop ./shop --set image.tag=1.27
And I run helm upgrade with --set replicaCount=2
Then deployment/shop appears in namespace "shop"`,
		},
		{
			Phrase: `I try helm COMMAND`, Method: s.try, Effects: RunsHelm,
			Does: "Runs a Helm command line that may fail. A later step must check the outcome, with `it fails with` or `it " +
				"succeeds`; otherwise the scenario fails.",
			Example: `
When I try helm install shop ./nowhere
Then it fails with "nowhere"`,
		},
		{
			Phrase: `it fails with "TEXT"`, Method: s.failsWith,
			Does: "Checks that the last step `I try …` failed, and that its error or Helm's warnings contain the text.",
			Example: `
When I try helm install shop ./shop --set replicaCount=many
Then it fails with "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas"`,
		},
		{
			Phrase: `it fails with`, Method: s.failsWithDoc, Text: "TEXT",
			Does: "Does the same for a text with several lines or quotes.",
			Example: `
When I try helm upgrade other ./shop
Then it fails with
  """
  "other" has no deployed releases
  """`,
		},
		{
			Phrase: `it fails with each of`, Method: s.failsWithEach, Columns: []string{"text"},
			Does: "Does the same for several texts, such as the errors of several values.",
			Example: `
When I try helm install shop ./shop --set service.port=none --set replicaCount=many
Then it fails with each of
  | text                 |
  | field ServicePort    |
  | field DeploymentSpec |`,
		},
		{
			Phrase: `it succeeds`, Method: s.succeeds,
			Does: "Checks that the last step `I try …` succeeded.",
			Example: `
When I try helm lint with --strict
Then it succeeds`,
		},
		{
			Phrase: `helm prints "TEXT"`, Method: s.prints,
			Does: "Checks that the last Helm command printed the text, to standard output or as a warning. Namespaces have " +
				"their names in the scenario.",
			Example: `
When I run helm template shop ./shop --set replicaCount=3
Then helm prints "replicas: 3"
When I run helm install shop ./shop
Then helm prints "NAMESPACE: shop"`,
		},
		{
			Phrase: `helm prints`, Method: s.printsDoc, Text: "TEXT",
			Does: "Does the same for a text with several lines.",
			Example: `
When I run helm template shop ./shop --set image.tag=1.27
Then helm prints
  """
            image: "nginx:1.27"
            imagePullPolicy: IfNotPresent
  """`,
		},
		{
			Phrase: `the API server warns of nothing`, Method: s.warnsOfNothing,
			Does: "Checks that the API server answered no Helm command of the scenario with a warning: about an unknown or " +
				"duplicate field, a deprecated API, a pod that violates the Pod Security level that the namespace warns " +
				"about, and so on.",
			Example: `
When I run helm install shop ./shop
And I run helm upgrade with --set replicaCount=2
Then the API server warns of nothing`,
		},
		{
			Phrase: `the API server warns of "TEXT"`, Method: s.warnsOf,
			Does: "Checks that the API server answered a Helm command of the scenario with a warning that contains the text.",
			Example: `
When I run helm install shop ./shop --set podSecurityContext.fsGruop=1
Then the API server warns of "unknown field"`,
		},
		{
			Phrase: `helm does not print "TEXT"`, Method: s.doesNotPrint,
			Does: "Checks that the last Helm command did not print the text.",
			Example: `
When I run helm template shop ./shop
Then helm does not print "kind: Ingress"`,
		},
	}
}

func (s helmSteps) run(ctx context.Context, line string) error {
	if err := s.clear(); err != nil {
		return err
	}
	return s.helm.run(ctx, line)
}

func (s helmSteps) try(ctx context.Context, line string) error {
	return s.attempts.try("helm "+line, func() error { return s.helm.run(ctx, line) })
}

func (s helmSteps) failsWithDoc(text *godog.DocString) error { return s.failsWith(text.Content) }

func (s helmSteps) failsWithEach(table *godog.Table) error {
	var failed []error
	for _, row := range records(table) {
		failed = append(failed, s.failsWith(row["text"]))
	}
	return errors.Join(failed...)
}

func (s helmSteps) prints(text string) error {
	printed, err := s.printed()
	if err == nil && !strings.Contains(printed, text) {
		err = fmt.Errorf("%s does not print %q; it prints\n%s", s.helm.last.Command, text, printed)
	}
	return err
}

func (s helmSteps) printsDoc(text *godog.DocString) error { return s.prints(text.Content) }

func (s helmSteps) doesNotPrint(text string) error {
	printed, err := s.printed()
	if err == nil && strings.Contains(printed, text) {
		err = fmt.Errorf("%s prints %q:\n%s", s.helm.last.Command, text, printed)
	}
	return err
}

func (s helmSteps) warnsOfNothing() error {
	warned, err := s.warnings()
	if err == nil && len(warned) > 0 {
		err = fmt.Errorf("the API server warns:\n%s", strings.Join(warned, "\n"))
	}
	return err
}

func (s helmSteps) warnsOf(text string) error {
	warned, err := s.warnings()
	switch {
	case err != nil:
		return err
	case len(warned) == 0:
		return fmt.Errorf("the API server does not warn of %q, nor of anything else", text)
	case !strings.Contains(strings.Join(warned, "\n"), text):
		return fmt.Errorf("the API server does not warn of %q; it warns:\n%s", text, strings.Join(warned, "\n"))
	}
	return nil
}

// warnings returns the warnings of the API server, each with its Helm command.
func (s helmSteps) warnings() ([]string, error) {
	if s.helm.last == nil {
		return nil, errors.New("no Helm command ran before this step: add `I run helm …` before it")
	}
	return s.helm.warned, nil
}

// printed returns the output and the warnings of the last command, with the names that namespaces have in the scenario.
func (s helmSteps) printed() (string, error) {
	if s.helm.last == nil {
		return "", errors.New("no Helm command ran before this step: add `I run helm …` before it")
	}
	return s.helm.asNamed(s.helm.last.Output + s.helm.last.Warnings), nil
}
