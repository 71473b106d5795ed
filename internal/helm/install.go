package helm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/cli/values"
	"helm.sh/helm/v3/pkg/release"
)

func (e *execution) install() *cobra.Command {
	client := action.NewInstall(e.config)
	command := &cobra.Command{
		Use:         "install [NAME] CHART",
		Short:       "install a chart",
		Args:        needs(cobra.RangeArgs(1, 2)),
		Annotations: argumentsName(releaseAndChart),
	}
	flags := command.Flags()
	options := installFlags(flags, client)
	flags.BoolVar(&client.HideSecret, "hide-secret", false, "hide Secrets in the output of --dry-run")
	format := outputFlag(flags)

	command.RunE = func(command *cobra.Command, args []string) error {
		if client.DryRunOption == "" {
			client.DryRunOption = "none"
		}
		installed, err := e.runInstall(command.Context(), client, options, args)
		if err != nil {
			return fmt.Errorf("INSTALLATION FAILED: %w", err)
		}
		return format.Write(&e.stdout, statusPrinter{release: installed, debug: e.debug, hideNotes: client.HideNotes})
	}
	return command
}

// installFlags adds the flags that install and template have in common.
func installFlags(flags *pflag.FlagSet, client *action.Install) *values.Options {
	flags.BoolVar(&client.CreateNamespace, "create-namespace", false, "create the release's namespace if it is missing")
	dryRunFlag(flags, &client.DryRunOption)
	flags.BoolVar(&client.Force, "force", false, "update resources by replacing them")
	flags.BoolVar(&client.DisableHooks, "no-hooks", false, "do not run hooks")
	flags.BoolVar(&client.Replace, "replace", false, "reuse the name of an uninstalled release that is in the history")
	waitFlags(flags, &client.Wait, &client.WaitForJobs, &client.Timeout)
	flags.BoolVarP(&client.GenerateName, "generate-name", "g", false, "generate the name (and omit NAME)")
	flags.StringVar(&client.NameTemplate, "name-template", "", "template of the release's name")
	flags.StringVar(&client.Description, "description", "", "description of the release")
	flags.BoolVar(&client.DisableOpenAPIValidation, "disable-openapi-validation", false,
		"do not validate against the OpenAPI schema of Kubernetes")
	flags.BoolVar(&client.Atomic, "atomic", false, "delete the release if its installation fails; implies --wait")
	flags.BoolVar(&client.SkipCRDs, "skip-crds", false, "install no CRDs")
	flags.BoolVar(&client.SubNotes, "render-subchart-notes", false, "render the notes of subcharts, too")
	flags.BoolVar(&client.SkipSchemaValidation, "skip-schema-validation", false,
		"do not validate values against the chart's schema")
	flags.StringToStringVarP(&client.Labels, "labels", "l", nil, "labels of the release's record, separated by commas")
	flags.BoolVar(&client.EnableDNS, "enable-dns", false, "enable DNS lookups in templates")
	flags.BoolVar(&client.HideNotes, "hide-notes", false, "do not print the notes")
	flags.BoolVar(&client.TakeOwnership, "take-ownership", false, "adopt existing resources, whoever owns them")
	versionFlag(flags)
	return valueFlags(flags)
}

func dryRunFlag(flags *pflag.FlagSet, option *string) {
	flags.StringVar(option, "dry-run", "", "simulate, without asking the cluster (client) or with (server)")
	flags.Lookup("dry-run").NoOptDefVal = "client"
}

func checkDryRun(option string) error {
	switch option {
	case "false", "true", "none", "client", "server":
		return nil
	}
	return errors.New( //nolint:staticcheck // Helm's words
		"Invalid dry-run flag. Flag must one of the following: false, true, none, client, server")
}

func waitFlags(flags *pflag.FlagSet, wait, waitForJobs *bool, timeout *time.Duration) {
	flags.BoolVar(wait, "wait", false, "wait for up to --timeout until all resources are ready")
	flags.BoolVar(waitForJobs, "wait-for-jobs", false, "with --wait, wait until all Jobs have completed, too")
	timeoutFlag(flags, timeout)
}

func timeoutFlag(flags *pflag.FlagSet, timeout *time.Duration) {
	flags.DurationVar(timeout, "timeout", 300*time.Second, "time limit of each wait, for instance for a hook's Job")
}

// runInstall is shared by install, template and upgrade --install. A failed installation may return a release, too.
func (e *execution) runInstall(
	ctx context.Context, client *action.Install, options *values.Options, args []string,
) (*release.Release, error) {
	name, reference, err := client.NameAndChart(args)
	if err != nil {
		return nil, err
	}
	path, err := e.locate(reference)
	if err != nil {
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
	if err := errors.Join(checkInstallable(chart), checkDryRun(client.DryRunOption)); err != nil {
		return nil, err
	}
	e.warnDeprecated(chart)
	client.ReleaseName = name
	client.Namespace = e.namespace
	installed, err := client.RunWithContext(ctx, chart, vals)
	e.read(installed)
	return installed, err
}

func checkInstallable(chart *chart.Chart) error {
	switch chart.Metadata.Type {
	case "", "application":
		return nil
	}
	return fmt.Errorf("%s charts are not installable", chart.Metadata.Type)
}
