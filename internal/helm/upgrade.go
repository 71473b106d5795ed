package helm

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/cli/output"
	"helm.sh/helm/v3/pkg/cli/values"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
)

func (i *invocation) upgrade() *cobra.Command {
	client := action.NewUpgrade(i.config)
	command := &cobra.Command{
		Use:   "upgrade RELEASE CHART",
		Short: "upgrade a release",
		Args:  needs(cobra.ExactArgs(2)),
	}
	flags := command.Flags()
	createNamespace := flags.Bool("create-namespace", false, "with --install, create the release's namespace if it is missing")
	i.upgradeFlags(flags, client)
	options := valueFlags(flags)
	format := outputFlag(flags)

	command.RunE = func(command *cobra.Command, args []string) error {
		client.Namespace = i.namespace()
		if client.DryRunOption == "" {
			client.DryRunOption = "none"
		}
		exists, uninstalled := true, false
		if client.Install {
			var err error
			if exists, uninstalled, err = i.lookUp(args[0]); err != nil {
				return err
			}
		}
		table := *format == output.Table
		if exists {
			if err := i.runUpgrade(command.Context(), client, options, args); err != nil {
				return err
			}
			if table {
				i.stdout.Printf("Release %q has been upgraded. Happy Helming!", args[0])
			}
		} else {
			if table {
				i.stdout.Printf("Release %q does not exist. Installing it now.", args[0])
			}
			install := installInstead(i.config, client)
			install.CreateNamespace, install.Replace = *createNamespace, uninstalled
			if err := i.runInstall(command.Context(), install, options, args); err != nil {
				return err
			}
		}
		return format.Write(&i.stdout, &statusPrinter{release: i.release, debug: i.settings.Debug, hideNotes: client.HideNotes})
	}
	return command
}

func (i *invocation) upgradeFlags(flags *pflag.FlagSet, client *action.Upgrade) {
	flags.BoolVarP(&client.Install, "install", "i", false, "install the release if there is none of this name")
	dryRunFlag(flags, &client.DryRunOption)
	flags.BoolVar(&client.HideSecret, "hide-secret", false, "hide Secrets in the output of --dry-run")
	recreateFlag(flags, &client.Recreate)
	flags.BoolVar(&client.Force, "force", false, "force resource updates through a replacement strategy")
	flags.BoolVar(&client.DisableHooks, "no-hooks", false, "do not run hooks")
	flags.BoolVar(&client.DisableOpenAPIValidation, "disable-openapi-validation", false, "do not validate against the OpenAPI schema")
	flags.BoolVar(&client.SkipCRDs, "skip-crds", false, "with --install, install no CRDs")
	flags.BoolVar(&client.ResetValues, "reset-values", false, "reset the values to the chart's")
	flags.BoolVar(&client.ReuseValues, "reuse-values", false, "reuse the last release's values, and merge in those given; "+
		"ignored with --reset-values")
	flags.BoolVar(&client.ResetThenReuseValues, "reset-then-reuse-values", false, "reset the values to the chart's, apply the "+
		"last release's, and merge in those given; ignored with --reset-values or --reuse-values")
	waitFlags(flags, &client.Wait, &client.WaitForJobs, &client.Timeout)
	flags.BoolVar(&client.Atomic, "atomic", false, "roll back if the upgrade fails; implies --wait")
	i.historyMaxFlag(flags, &client.MaxHistory)
	flags.BoolVar(&client.CleanupOnFail, "cleanup-on-fail", false, "delete what the upgrade created if it fails")
	flags.BoolVar(&client.SubNotes, "render-subchart-notes", false, "render the notes of subcharts, too")
	flags.BoolVar(&client.HideNotes, "hide-notes", false, "do not print the notes")
	flags.BoolVar(&client.SkipSchemaValidation, "skip-schema-validation", false, "do not validate values against the chart's schema")
	flags.StringToStringVarP(&client.Labels, "labels", "l", nil, "labels for the release's metadata, separated by commas; "+
		"null removes one")
	flags.StringVar(&client.Description, "description", "", "description of the release")
	flags.BoolVar(&client.DependencyUpdate, "dependency-update", false, "download missing dependencies first")
	flags.BoolVar(&client.EnableDNS, "enable-dns", false, "enable DNS lookups in templates")
	flags.BoolVar(&client.TakeOwnership, "take-ownership", false, "adopt resources that exist, whoever owns them")
	upgradeSource(client).flags(flags)
}

func upgradeSource(client *action.Upgrade) chartSource {
	return chartSource{&client.ChartPathOptions, client.SetRegistryClient, &client.Devel}
}

func (i *invocation) historyMaxFlag(flags *pflag.FlagSet, revisions *int) {
	flags.IntVar(revisions, "history-max", i.settings.MaxHistory, "how many revisions of a release to keep; 0 means all")
}

func recreateFlag(flags *pflag.FlagSet, recreate *bool) {
	flags.BoolVar(recreate, "recreate-pods", false, "restart the pods of the resources, if applicable")
}

func (i *invocation) runUpgrade(ctx context.Context, client *action.Upgrade, options *values.Options, args []string) error {
	source := upgradeSource(client)
	path, err := i.locate(args[1], source)
	if err != nil {
		return err
	}
	if err := checkDryRun(client.DryRunOption); err != nil {
		return err
	}
	vals, err := i.merge(options)
	if err != nil {
		return err
	}
	chart, err := i.load(path, source, client.DependencyUpdate)
	if err != nil {
		return err
	}
	if i.release, err = client.RunWithContext(ctx, args[0], chart, vals); err != nil {
		return fmt.Errorf("UPGRADE FAILED: %w", err)
	}
	return nil
}

// lookUp says whether a release exists, and if not, whether it did until it was uninstalled with --keep-history.
func (i *invocation) lookUp(name string) (exists, uninstalled bool, err error) {
	client := action.NewHistory(i.config)
	client.Max = 1
	revisions, err := client.Run(name)
	switch {
	case errors.Is(err, driver.ErrReleaseNotFound):
		return false, false, nil
	case err != nil:
		return false, false, err
	}
	uninstalled = len(revisions) > 0 && revisions[len(revisions)-1].Info.Status == release.StatusUninstalled
	return !uninstalled, uninstalled, nil
}

// installInstead returns the installation that has the settings of an upgrade.
func installInstead(config *action.Configuration, upgrade *action.Upgrade) *action.Install {
	install := action.NewInstall(config)
	install.ChartPathOptions = upgrade.ChartPathOptions
	install.Force = upgrade.Force
	install.DryRun = upgrade.DryRun
	install.DryRunOption = upgrade.DryRunOption
	install.HideSecret = upgrade.HideSecret
	install.DisableHooks = upgrade.DisableHooks
	install.SkipCRDs = upgrade.SkipCRDs
	install.Timeout = upgrade.Timeout
	install.Wait = upgrade.Wait
	install.WaitForJobs = upgrade.WaitForJobs
	install.Devel = upgrade.Devel
	install.Namespace = upgrade.Namespace
	install.Atomic = upgrade.Atomic
	install.DisableOpenAPIValidation = upgrade.DisableOpenAPIValidation
	install.SubNotes = upgrade.SubNotes
	install.HideNotes = upgrade.HideNotes
	install.SkipSchemaValidation = upgrade.SkipSchemaValidation
	install.Description = upgrade.Description
	install.DependencyUpdate = upgrade.DependencyUpdate
	install.Labels = upgrade.Labels
	install.EnableDNS = upgrade.EnableDNS
	install.TakeOwnership = upgrade.TakeOwnership
	return install
}
