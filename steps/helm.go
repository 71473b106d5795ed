package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/traderadmin/charts/internal/helm"
)

func (s *scenario) helmSteps() []step {
	return []step{
		{`^I run helm (.+)$`, s.runHelm},
	}
}

// runHelm runs a Helm command line as a person types it, in the suite's namespace unless it names another. It fails when
// Helm does.
//
// `helm upgrade with --set a=b` means the release under test and its chart, and a release that is not there is installed first.
// So does every command that takes a release or a chart: `helm rollback with 1`, `helm get values with --all`.
func (s *scenario) runHelm(ctx context.Context, line string) error {
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
	if !errors.Is(err, driver.ErrReleaseNotFound) {
		return err
	}
	return s.runHelmWords(ctx, []string{"install", s.release, s.chart})
}

// runHelmWords runs one command line, and takes note of the release that it is about and the chart that this release is made from.
func (s *scenario) runHelmWords(ctx context.Context, words []string) error {
	if err := s.makeDefaultNamespace(ctx); err != nil {
		return err
	}
	result, err := s.world.helm.WithNamespaces(s.namespaces.real).Run(ctx, words...)
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
	return s.labelNamespaces(ctx)
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
