package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/internal/helm"
)

func (s *scenario) helmSteps() []Step {
	return []Step{
		{
			Phrase: `I run helm COMMAND`, Method: s.runHelm, Effects: RunsHelm,
			Does: "Runs a Helm command line as you type it, in the suite's namespace unless it names another, and fails when Helm does. `helm upgrade with --set a=b` means the " +
				"release under test and its chart, and a release that is not there is installed first; so does every command that takes a release or a chart.",
			Example: `
When I run helm install shop ./shop --set image.tag=1.27
And I run helm upgrade with --set replicaCount=2
Then deployment/shop appears in namespace "shop"`,
		},
		{
			Phrase: `I try helm COMMAND`, Method: s.tryHelm, Effects: RunsHelm,
			Does: "Runs a Helm command line that may fail. A later step says whether it should have, by `it fails with` or `it succeeds`; a scenario that says neither fails.",
			Example: `
When I try helm install shop ./nowhere
Then it fails with "nowhere"`,
		},
		{
			Phrase: `it fails with "TEXT"`, Method: s.failsWith,
			Does: "Holds when what was tried last failed, and its error or warnings contain the text.",
			Example: `
When I try helm install shop ./shop --set replicaCount=many
Then it fails with "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas"`,
		},
		{
			Phrase: `it fails with`, Method: s.failsWithDoc, Text: "TEXT",
			Does: "The same for a text of several lines, or with quotes in it.",
			Example: `
When I try helm upgrade other ./shop
Then it fails with
  """
  "other" has no deployed releases
  """`,
		},
		{
			Phrase: `it succeeds`, Method: s.succeeds,
			Does: "Holds when what was tried last did not fail.",
			Example: `
When I try helm lint with --strict
Then it succeeds`,
		},
		{
			Phrase: `helm prints "TEXT"`, Method: s.prints,
			Does: "Holds when the last Helm command printed the text, to standard output or as a warning.",
			Example: `
When I run helm template shop ./shop --set replicaCount=3
Then helm prints "replicas: 3"`,
		},
		{
			Phrase: `helm prints`, Method: s.printsDoc, Text: "TEXT",
			Does: "The same for a text of several lines.",
			Example: `
When I run helm template shop ./shop --set image.tag=1.27
Then helm prints
  """
            image: "nginx:1.27"
            imagePullPolicy: IfNotPresent
  """`,
		},
		{
			Phrase: `helm does not print "TEXT"`, Method: s.doesNotPrint,
			Does: "Holds when the last Helm command did not print the text.",
			Example: `
When I run helm template shop ./shop
Then helm does not print "kind: Ingress"`,
		},
	}
}

// runHelm runs a Helm command line as a person types it, in the suite's namespace unless it names another. It fails when
// Helm does.
//
// `helm upgrade with --set a=b` means the release under test and its chart, and a release that is not there is installed first.
// So does every command that takes a release or a chart: `helm rollback with 1`, `helm get values with --all`.
func (s *scenario) runHelm(ctx context.Context, line string) error {
	if err := s.tried.unchecked(); err != nil {
		return err
	}
	s.tried = nil
	return s.runHelmLine(ctx, line)
}

// tryHelm runs a Helm command line that may fail.
func (s *scenario) tryHelm(ctx context.Context, line string) error {
	return s.try("helm "+line, func() error { return s.runHelmLine(ctx, line) })
}

func (s *scenario) runHelmLine(ctx context.Context, line string) error {
	words, ofInstalled, err := expand(line, s.release, s.chart)
	if err != nil {
		return err
	}
	if ofInstalled {
		if err := s.ensureInstalled(ctx); err != nil {
			return err
		}
	}
	return s.runHelmWords(ctx, words)
}

// expand splits a command line into words, and puts the release and the chart under test, as far as the command takes
// them, in the place of the word "with" after the command. ofInstalled says that it did so for a command that needs an
// installed release.
func expand(line, release, chart string) (words []string, ofInstalled bool, err error) {
	words, err = helm.Split(line)
	if err != nil {
		return nil, false, err
	}
	with := slices.Index(words, "with")
	if with != 1 && with != 2 { // `get values` has two words
		return words, false, nil
	}
	command, flags := words[:with], words[with+1:]
	takesRelease, takesChart, err := helm.Subject(command)
	if err != nil {
		return nil, false, err
	}
	var subject []string
	if takesRelease {
		subject = append(subject, release)
	}
	if takesChart {
		subject = append(subject, chart)
	}
	ofInstalled = takesRelease && command[0] != "install" && command[0] != "template"
	return slices.Concat(command, subject, flags), ofInstalled, nil
}

// ensureInstalled installs the release under test with the chart's own values, unless it is installed.
func (s *scenario) ensureInstalled(ctx context.Context) error {
	err := s.runHelmWords(ctx, []string{"status", s.release})
	if !errors.Is(err, helm.ErrReleaseNotFound) {
		return err
	}
	return s.runHelmWords(ctx, []string{"install", s.release, s.chart})
}

// runHelmWords runs one command line, and takes note of the release that it is about and the chart that this release is made from.
func (s *scenario) runHelmWords(ctx context.Context, words []string) error {
	if err := s.makeDefaultNamespace(ctx); err != nil {
		return err
	}
	words, err := s.owned(words)
	if err != nil {
		return err
	}
	folder, err := s.scratchFolder()
	if err != nil {
		return err
	}
	if err := s.rememberPods(ctx, words); err != nil {
		return err
	}
	namespace, made := s.namespacesOf(ctx, words)
	scope := helm.Scope{Namespace: namespace, Folder: folder, Prepare: s.prepare}
	result, err := s.suite.helm.Run(ctx, scope, words...)
	s.last = result
	s.releases.note(result.Release)
	if result.Release != nil {
		s.release = result.Release.Name
	}
	if result.Chart != "" {
		s.chart = result.Chart
	}
	if err != nil {
		return explainHelm(err, result.Warnings)
	}
	return made()
}

// createNamespace is Helm's flag.
const createNamespace = "--create-namespace"

// namespacesOf says what the namespaces of a command line are called in the cluster. Those that Helm is to make are made before it comes to that, so that they
// never are without the label of this run; made says when that failed.
func (s *scenario) namespacesOf(ctx context.Context, words []string) (namespace func(string) string, made func() error) {
	if !slices.Contains(words, createNamespace) {
		return s.namespaces.real, func() error { return nil }
	}
	var failed error
	return func(called string) string {
		failed = errors.Join(failed, s.ensureNamespace(ctx, called))
		return s.namespaces.real(called)
	}, func() error { return failed }
}

// explainHelm adds to Helm's error what Helm warned of before, and, where scenarios got into each other's way, what to do.
func explainHelm(err error, warnings string) error {
	if warnings != "" {
		err = fmt.Errorf("%w\n%s", err, warnings)
	}
	if strings.Contains(err.Error(), `in namespace "" exists and cannot be imported`) {
		err = fmt.Errorf("%w\nIt is in no namespace, so that scenarios which make it cannot run side by side: give them the tag %s", err, Serial)
	}
	return err
}

func (s *scenario) failsWithDoc(text *godog.DocString) error { return s.failsWith(text.Content) }

func (s *scenario) printsDoc(text *godog.DocString) error { return s.prints(text.Content) }

// prints holds when the last command's output, or its warnings, have text in them.
func (s *scenario) prints(text string) error {
	printed, err := s.printed()
	if err == nil && !strings.Contains(printed, text) {
		err = fmt.Errorf("%s does not print %q; it prints\n%s", s.last.Command, text, printed)
	}
	return err
}

func (s *scenario) doesNotPrint(text string) error {
	printed, err := s.printed()
	if err == nil && strings.Contains(printed, text) {
		err = fmt.Errorf("%s prints %q:\n%s", s.last.Command, text, printed)
	}
	return err
}

func (s *scenario) printed() (string, error) {
	if s.last == nil {
		return "", errors.New("no Helm command ran before this step: write `I run helm …` above it")
	}
	return s.last.Output + s.last.Warnings, nil
}
