package helm

import (
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
)

// template renders without the cluster, except with --validate or --dry-run=server.
func (e *execution) template() *cobra.Command {
	client := action.NewInstall(e.config)
	command := &cobra.Command{
		Use:         "template [NAME] CHART",
		Short:       "locally render templates",
		Args:        needs(cobra.RangeArgs(1, 2)),
		Annotations: argumentsName(releaseAndChart),
	}
	flags := command.Flags()
	options := installFlags(flags, client)
	kubeVersion := e.kubeVersionFlag(flags)
	showOnly := flags.StringArrayP("show-only", "s", nil, "print only the manifests of these templates")
	validate := flags.Bool("validate", false, "validate the manifests against the cluster, as install does")
	flags.BoolVar(&client.IncludeCRDs, "include-crds", false, "print CRDs, too")
	skipTests := flags.Bool("skip-tests", false, "do not print tests")
	flags.BoolVar(&client.IsUpgrade, "is-upgrade", false, "set .Release.IsUpgrade instead of .Release.IsInstall")
	apiVersions := flags.StringSliceP("api-versions", "a", nil, "API versions to add to .Capabilities.APIVersions")

	command.RunE = func(command *cobra.Command, args []string) error {
		var err error
		if client.KubeVersion, err = kubeVersion(); err != nil {
			return err
		}
		if client.DryRunOption == "" {
			client.DryRunOption = "true"
		}
		client.DryRun = true
		client.ReleaseName = "release-name"
		client.Replace = true // skips the check whether the name is in use
		client.ClientOnly = !*validate
		client.APIVersions = chartutil.VersionSet(*apiVersions)

		rendered, failure := e.runInstall(command.Context(), client, options, args)
		switch {
		case rendered == nil:
			return failure
		case failure != nil && !e.debug:
			return fmt.Errorf("%w\n\nUse --debug flag to render out invalid YAML", failure)
		}
		manifests := renderedManifests(rendered, !client.DisableHooks, !*skipTests)
		if len(*showOnly) > 0 {
			if manifests, err = manifestsOf(manifests, *showOnly); err != nil {
				return err
			}
		}
		fmt.Fprint(&e.stdout, manifests)
		return failure
	}
	return command
}

func renderedManifests(rendered *release.Release, hooks, tests bool) string {
	var manifests strings.Builder
	fmt.Fprintln(&manifests, strings.TrimSpace(rendered.Manifest))
	for _, hook := range rendered.Hooks {
		if hooks && (tests || !slices.Contains(hook.Events, release.HookTest)) {
			printHook(&manifests, hook)
		}
	}
	return manifests.String()
}

// manifestsOf returns the manifests of templates, which are paths in the chart or patterns of filepath.Match.
func manifestsOf(manifests string, templates []string) (string, error) {
	split := releaseutil.SplitManifests(manifests)
	keys := make([]string, 0, len(split))
	for key := range split {
		keys = append(keys, key)
	}
	sort.Sort(releaseutil.BySplitManifestsOrder(keys))

	var chosen strings.Builder
	for _, template := range templates {
		found := false
		for _, key := range keys {
			matches, _ := filepath.Match(filepath.ToSlash(template), sourceOf(split[key]))
			if matches {
				found = true
				fmt.Fprintf(&chosen, "---\n%s\n", split[key])
			}
		}
		if !found {
			return "", fmt.Errorf("could not find template %s in chart", template)
		}
	}
	return chosen.String(), nil
}

// sourceOf returns the path in the chart of a manifest's template. Helm writes it, after the chart's name, into a
// comment in front of the manifest.
func sourceOf(manifest string) string {
	_, comment, _ := strings.Cut(manifest, "# Source: ")
	line, _, _ := strings.Cut(comment, "\n")
	_, path, _ := strings.Cut(line, "/")
	return path
}
