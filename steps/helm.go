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

func (s *scenario) helmSteps() []step {
	return []step{
		{
			phrase: `I run helm COMMAND`, method: s.runHelm,
			does: "Runs a Helm command line as you type it, in the suite's namespace unless it names another, and fails when Helm does. `helm upgrade with --set a=b` means the " +
				"release under test and its chart, and a release that is not there is installed first; so does every command that takes a release or a chart.",
			example: `
When I run helm install shop ./shop --set image.tag=1.27
And I run helm upgrade with --set replicaCount=2
Then deployment/shop appears in namespace "shop"`,
		},
		{
			phrase: `I try helm COMMAND`, method: s.tryHelm,
			does: "Runs a Helm command line that may fail. A later step says whether it should have, by `it fails with` or `it succeeds`; a scenario that says neither fails.",
			example: `
When I try helm install shop ./nowhere
Then it fails with "nowhere"`,
		},
		{
			phrase: `it fails with "TEXT"`, method: s.failsWith,
			does: "Holds when what was tried last failed, and its error or warnings contain the text.",
			example: `
When I try helm install shop ./shop --set replicaCount=many
Then it fails with "cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas"`,
		},
		{
			phrase: `it fails with`, method: s.failsWithDoc, text: "TEXT",
			does: "The same for a text of several lines, or with quotes in it.",
			example: `
When I try helm upgrade other ./shop
Then it fails with
  """
  "other" has no deployed releases
  """`,
		},
		{
			phrase: `it succeeds`, method: s.succeeds,
			does: "Holds when what was tried last did not fail.",
			example: `
When I try helm lint with --strict
Then it succeeds`,
		},
		{
			phrase: `helm prints "TEXT"`, method: s.prints,
			does: "Holds when the last Helm command printed the text, to standard output or as a warning.",
			example: `
When I run helm template shop ./shop --set replicaCount=3
Then helm prints "replicas: 3"`,
		},
		{
			phrase: `helm prints`, method: s.printsDoc, text: "TEXT",
			does: "The same for a text of several lines.",
			example: `
When I run helm template shop ./shop --set image.tag=1.27
Then helm prints
  """
            image: "nginx:1.27"
            imagePullPolicy: IfNotPresent
  """`,
		},
		{
			phrase: `helm does not print "TEXT"`, method: s.doesNotPrint,
			does: "Holds when the last Helm command did not print the text.",
			example: `
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

// runHelmLine runs a command line, in which "with" stands for the release under test and its chart.
func (s *scenario) runHelmLine(ctx context.Context, line string) error {
	words, err := helm.Split(line)
	if err != nil {
		return err
	}
	if i := slices.Index(words, "with"); i == 1 || i == 2 { // after the command, of which `get values` has two words
		return s.runHelmWith(ctx, words[:i], words[i+1:])
	}
	return s.runHelmWords(ctx, words)
}

// needNoRelease are the commands that work without an installed release.
var needNoRelease = []string{"install", "template", "lint", "package", "show"}

// runHelmWith runs command with what it takes, the release under test or its chart or both, put in front of flags.
func (s *scenario) runHelmWith(ctx context.Context, command, flags []string) error {
	subject := []string{s.release}
	switch command[0] {
	case "install", "upgrade", "template":
		subject = append(subject, s.chart)
	case "lint", "package", "show":
		subject = []string{s.chart}
	}
	if !slices.Contains(needNoRelease, command[0]) {
		if err := s.ensureInstalled(ctx); err != nil {
			return err
		}
	}
	return s.runHelmWords(ctx, slices.Concat(command, subject, flags))
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
