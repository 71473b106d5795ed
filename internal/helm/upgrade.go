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

func (e *execution) upgrade() *cobra.Command {
	client := action.NewUpgrade(e.config)
	command := &cobra.Command{
		Use:         "upgrade RELEASE CHART",
		Short:       "upgrade a release",
		Args:        needs(cobra.ExactArgs(2)),
		Annotations: argumentsName(releaseAndChart),
	}
	flags := command.Flags()
	createNamespace := flags.Bool("create-namespace", false,
		"with --install, create the release's namespace if it is missing")
	upgradeFlags(flags, client)
	options := valueFlags(flags)
	format := outputFlag(flags)

	command.RunE = func(command *cobra.Command, args []string) error {
		client.Namespace = e.namespace
		if client.DryRunOption == "" {
			client.DryRunOption = "none"
		}
		if client.Recreate {
			e.stderr.Printf("Flag --recreate-pods has been deprecated, functionality will no longer be updated. " +
				"Consult the documentation for other methods to recreate pods")
		}
		notice := func(text string) {
			if *format == output.Table {
				e.stdout.Printf("Release %q %s", args[0], text)
			}
		}
		install, err := e.installInstead(client, args[0])
		if err != nil {
			return err
		}
		var upgraded *release.Release
		if install == nil {
			if upgraded, err = e.runUpgrade(command.Context(), client, options, args); err != nil {
				return err
			}
			notice("has been upgraded. Happy Helming!")
		} else {
			notice("does not exist. Installing it now.")
			install.CreateNamespace = *createNamespace
			if upgraded, err = e.runInstall(command.Context(), install, options, args); err != nil {
				return err
			}
		}
		return format.Write(&e.stdout, statusPrinter{release: upgraded, debug: e.debug, hideNotes: client.HideNotes})
	}
	return command
}

func upgradeFlags(flags *pflag.FlagSet, client *action.Upgrade) {
	flags.BoolVarP(&client.Install, "install", "i", false, "install the release if there is none of this name")
	dryRunFlag(flags, &client.DryRunOption)
	flags.BoolVar(&client.HideSecret, "hide-secret", false, "hide Secrets in the output of --dry-run")
	flags.BoolVar(&client.Recreate, "recreate-pods", false, "restart the pods of the resources, if applicable")
	_ = flags.MarkHidden("recreate-pods") // it exists
	flags.BoolVar(&client.Force, "force", false, "update resources by replacing them")
	flags.BoolVar(&client.DisableHooks, "no-hooks", false, "do not run hooks")
	flags.BoolVar(&client.DisableOpenAPIValidation, "disable-openapi-validation", false,
		"do not validate against the OpenAPI schema of Kubernetes")
	flags.BoolVar(&client.SkipCRDs, "skip-crds", false, "with --install, install no CRDs")
	flags.BoolVar(&client.ResetValues, "reset-values", false, "reset the values to the chart's")
	flags.BoolVar(&client.ReuseValues, "reuse-values", false,
		"merge the given values into the last release's; ignored with --reset-values")
	flags.BoolVar(&client.ResetThenReuseValues, "reset-then-reuse-values", false,
		"merge the last release's and the given values into the chart's; ignored with --reset-values or --reuse-values")
	waitFlags(flags, &client.Wait, &client.WaitForJobs, &client.Timeout)
	flags.BoolVar(&client.Atomic, "atomic", false, "roll back if the upgrade fails; implies --wait")
	historyMaxFlag(flags, &client.MaxHistory)
	flags.BoolVar(&client.CleanupOnFail, "cleanup-on-fail", false, "delete new objects if the upgrade fails")
	flags.BoolVar(&client.SubNotes, "render-subchart-notes", false, "render the notes of subcharts, too")
	flags.BoolVar(&client.HideNotes, "hide-notes", false, "do not print the notes")
	flags.BoolVar(&client.SkipSchemaValidation, "skip-schema-validation", false,
		"do not validate values against the chart's schema")
	flags.StringToStringVarP(&client.Labels, "labels", "l", nil,
		"labels of the release's record, separated by commas; null removes one")
	flags.StringVar(&client.Description, "description", "", "description of the release")
	flags.BoolVar(&client.EnableDNS, "enable-dns", false, "enable DNS lookups in templates")
	flags.BoolVar(&client.TakeOwnership, "take-ownership", false, "adopt existing resources, whoever owns them")
	versionFlag(flags)
}

func historyMaxFlag(flags *pflag.FlagSet, revisions *int) {
	flags.IntVar(revisions, "history-max", 10, "number of revisions of a release to keep; 0 means all")
}

func (e *execution) runUpgrade(
	ctx context.Context, client *action.Upgrade, options *values.Options, args []string,
) (*release.Release, error) {
	path, err := e.locate(args[1])
	if err != nil {
		return nil, err
	}
	if err := checkDryRun(client.DryRunOption); err != nil {
		return nil, err
	}
	vals, err := e.merge(options)
	if err != nil {
		return nil, err
	}
	chart, err := e.load(path)
	if err != nil {
		return nil, err
	}
	e.warnDeprecated(chart)
	upgraded, err := client.RunWithContext(ctx, args[0], chart, vals)
	e.read(upgraded)
	if err != nil {
		return nil, fmt.Errorf("UPGRADE FAILED: %w", err)
	}
	return upgraded, nil
}

// installInstead returns an installation with the settings of the upgrade. It returns nil if the release exists, or
// without --install. A release that was uninstalled with --keep-history does not exist, and is replaced.
func (e *execution) installInstead(upgrade *action.Upgrade, name string) (*action.Install, error) {
	if !upgrade.Install {
		return nil, nil
	}
	history := action.NewHistory(e.config)
	history.Max = 1
	revisions, err := history.Run(name)
	uninstalled := len(revisions) > 0 && revisions[len(revisions)-1].Info.Status == release.StatusUninstalled
	if !uninstalled && !errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, err
	}
	install := action.NewInstall(e.config)
	install.Replace = uninstalled
	install.Force = upgrade.Force
	install.DryRun = upgrade.DryRun
	install.DryRunOption = upgrade.DryRunOption
	install.HideSecret = upgrade.HideSecret
	install.DisableHooks = upgrade.DisableHooks
	install.SkipCRDs = upgrade.SkipCRDs
	install.Timeout = upgrade.Timeout
	install.Wait = upgrade.Wait
	install.WaitForJobs = upgrade.WaitForJobs
	install.Namespace = upgrade.Namespace
	install.Atomic = upgrade.Atomic
	install.DisableOpenAPIValidation = upgrade.DisableOpenAPIValidation
	install.SubNotes = upgrade.SubNotes
	install.HideNotes = upgrade.HideNotes
	install.SkipSchemaValidation = upgrade.SkipSchemaValidation
	install.Description = upgrade.Description
	install.Labels = upgrade.Labels
	install.EnableDNS = upgrade.EnableDNS
	install.TakeOwnership = upgrade.TakeOwnership
	return install, nil
}
