package helm

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
)

// template renders without the cluster, unless --validate or --dry-run=server asks for it.
func (i *invocation) template() *cobra.Command {
	client := action.NewInstall(i.config)
	command := &cobra.Command{
		Use:   "template [NAME] CHART",
		Short: "locally render templates",
		Args:  needs(cobra.RangeArgs(1, 2)),
	}
	flags := command.Flags()
	options := installFlags(flags, client)
	kubeVersion := i.kubeVersionFlag(flags)
	showOnly := flags.StringArrayP("show-only", "s", nil, "only show manifests rendered from the given templates")
	validate := flags.Bool("validate", false, "validate the manifests against the cluster, as install does")
	flags.BoolVar(&client.IncludeCRDs, "include-crds", false, "include CRDs in the output")
	skipTests := flags.Bool("skip-tests", false, "leave tests out of the output")
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
		client.Replace = true // there is no name to be in use
		client.ClientOnly = !*validate
		client.APIVersions = chartutil.VersionSet(*apiVersions)

		failure := i.runInstall(command.Context(), client, options, args)
		if failure != nil && (i.release == nil || !i.settings.Debug) {
			if i.release != nil {
				failure = fmt.Errorf("%w\n\nUse --debug flag to render out invalid YAML", failure)
			}
			return failure
		}
		manifests := renderedManifests(i.release, !client.DisableHooks, !*skipTests)
		if len(*showOnly) > 0 {
			if manifests, err = manifestsOf(manifests, *showOnly); err != nil {
				return err
			}
		}
		fmt.Fprint(&i.stdout, manifests)
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

// source finds the comment with which Helm starts each manifest, and the template's path without the chart's name.
var source = regexp.MustCompile("# Source: [^/]+/(.+)")

// manifestsOf returns the manifests that come from templates, which are paths or patterns of filepath.Match.
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
			comment := source.FindStringSubmatch(split[key])
			if comment == nil {
				continue
			}
			if matches, _ := filepath.Match(filepath.ToSlash(template), comment[1]); matches {
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
