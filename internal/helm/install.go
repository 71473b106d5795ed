package helm

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/cli/values"
)

// defaultTimeout is the default of --timeout in Helm's commands.
const defaultTimeout = 300 * time.Second

func (i *invocation) install() *cobra.Command {
	client := action.NewInstall(i.config)
	command := &cobra.Command{
		Use:   "install [NAME] CHART",
		Short: "install a chart",
		Args:  needs(cobra.RangeArgs(1, 2)),
	}
	flags := command.Flags()
	options := installFlags(flags, client)
	flags.BoolVar(&client.HideSecret, "hide-secret", false, "hide Secrets in the output of --dry-run")
	format := outputFlag(flags)

	command.RunE = func(command *cobra.Command, args []string) error {
		if client.DryRunOption == "" {
			client.DryRunOption = "none"
		}
		if err := i.runInstall(command.Context(), client, options, args); err != nil {
			return fmt.Errorf("INSTALLATION FAILED: %w", err)
		}
		return format.Write(&i.stdout, &statusPrinter{release: i.release, debug: i.settings.Debug, hideNotes: client.HideNotes})
	}
	return command
}

// installFlags adds the flags that install and template have in common.
func installFlags(flags *pflag.FlagSet, client *action.Install) *values.Options {
	flags.BoolVar(&client.CreateNamespace, "create-namespace", false, "create the release's namespace if it is missing")
	dryRunFlag(flags, &client.DryRunOption)
	flags.BoolVar(&client.Force, "force", false, "force resource updates through a replacement strategy")
	flags.BoolVar(&client.DisableHooks, "no-hooks", false, "do not run hooks")
	flags.BoolVar(&client.Replace, "replace", false, "reuse the name of a deleted release that remains in the history")
	waitFlags(flags, &client.Wait, &client.WaitForJobs, &client.Timeout)
	flags.BoolVarP(&client.GenerateName, "generate-name", "g", false, "generate the name (and omit NAME)")
	flags.StringVar(&client.NameTemplate, "name-template", "", "template for the release's name")
	flags.StringVar(&client.Description, "description", "", "description of the release")
	flags.BoolVar(&client.DependencyUpdate, "dependency-update", false, "download missing dependencies first")
	flags.BoolVar(&client.DisableOpenAPIValidation, "disable-openapi-validation", false, "do not validate against the OpenAPI schema")
	flags.BoolVar(&client.Atomic, "atomic", false, "delete the installation if it fails; implies --wait")
	flags.BoolVar(&client.SkipCRDs, "skip-crds", false, "install no CRDs")
	flags.BoolVar(&client.SubNotes, "render-subchart-notes", false, "render the notes of subcharts, too")
	flags.BoolVar(&client.SkipSchemaValidation, "skip-schema-validation", false, "do not validate values against the chart's schema")
	flags.StringToStringVarP(&client.Labels, "labels", "l", nil, "labels for the release's metadata, separated by commas")
	flags.BoolVar(&client.EnableDNS, "enable-dns", false, "enable DNS lookups in templates")
	flags.BoolVar(&client.HideNotes, "hide-notes", false, "do not print the notes")
	flags.BoolVar(&client.TakeOwnership, "take-ownership", false, "adopt resources that exist, whoever owns them")
	installSource(client).flags(flags)
	return valueFlags(flags)
}

func installSource(client *action.Install) chartSource {
	return chartSource{&client.ChartPathOptions, client.SetRegistryClient, &client.Devel}
}

func dryRunFlag(flags *pflag.FlagSet, option *string) {
	flags.StringVar(option, "dry-run", "", "simulate: without the cluster (client), or asking it (server)")
	flags.Lookup("dry-run").NoOptDefVal = "client"
}

func checkDryRun(option string) error {
	switch option {
	case "false", "true", "none", "client", "server":
		return nil
	}
	return fmt.Errorf("invalid --dry-run %q: it must be one of false, true, none, client, server", option)
}

func waitFlags(flags *pflag.FlagSet, wait, waitForJobs *bool, timeout *time.Duration) {
	flags.BoolVar(wait, "wait", false, "wait, as long as --timeout, until all resources are ready")
	flags.BoolVar(waitForJobs, "wait-for-jobs", false, "with --wait, wait until all Jobs have completed, too")
	timeoutFlag(flags, timeout)
}

func timeoutFlag(flags *pflag.FlagSet, timeout *time.Duration) {
	flags.DurationVar(timeout, "timeout", defaultTimeout, "how long to wait for any single operation, such as a hook's Job")
}

// runInstall is what install, template, and upgrade --install do. The release is kept even where it fails.
func (i *invocation) runInstall(ctx context.Context, client *action.Install, options *values.Options, args []string) error {
	if err := checkDryRun(client.DryRunOption); err != nil {
		return err
	}
	name, reference, err := client.NameAndChart(args)
	if err != nil {
		return err
	}
	source := installSource(client)
	path, err := i.locate(reference, source)
	if err != nil {
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
	if err := checkInstallable(chart); err != nil {
		return err
	}
	client.ReleaseName = name
	client.Namespace = i.namespace()
	i.release, err = client.RunWithContext(ctx, chart, vals)
	return err
}

func checkInstallable(chart *chart.Chart) error {
	switch chart.Metadata.Type {
	case "", "application":
		return nil
	}
	return fmt.Errorf("%s charts are not installable", chart.Metadata.Type)
}
