package helm

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/cli/output"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/kubectl/pkg/cmd/get"
)

func (e *execution) status() *cobra.Command {
	client := action.NewStatus(e.config)
	command := &cobra.Command{
		Use:         "status RELEASE_NAME",
		Short:       "display the status of the named release",
		Args:        needs(cobra.ExactArgs(1)),
		Annotations: argumentsName(oneRelease),
	}
	flags := command.Flags()
	flags.IntVar(&client.Version, "revision", 0, "revision to display; 0 means the last")
	flags.BoolVar(&client.ShowDescription, "show-desc", false, "display the description of the release")
	flags.BoolVar(&client.ShowResources, "show-resources", false, "display the resources of the release")
	format := outputFlag(flags)

	command.RunE = func(_ *cobra.Command, args []string) error {
		client.ShowResourcesTable = *format == output.Table
		found, err := client.Run(args[0])
		if err != nil {
			return err
		}
		e.read(found)
		printed := *found
		printed.Chart = nil // as in Helm
		return format.Write(&e.stdout, statusPrinter{
			release: &printed, showDescription: client.ShowDescription, showResources: client.ShowResources,
		})
	}
	return command
}

// statusPrinter prints a release. Install, upgrade, status, test and get all share it.
type statusPrinter struct {
	release         *release.Release
	debug           bool
	showDescription bool
	showResources   bool
	showMetadata    bool
	hideNotes       bool
}

func (p statusPrinter) WriteJSON(out io.Writer) error { return output.EncodeJSON(out, p.release) }

func (p statusPrinter) WriteYAML(out io.Writer) error { return output.EncodeYAML(out, p.release) }

func (p statusPrinter) WriteTable(out io.Writer) error {
	if p.release == nil {
		return nil
	}
	p.printHead(out)
	if p.showResources {
		printResources(out, p.release)
	}
	printTests(out, p.release)
	if p.debug {
		if err := printValues(out, p.release); err != nil {
			return err
		}
	}
	info := p.release.Info
	if p.debug || strings.EqualFold(info.Description, "Dry run complete") {
		fmt.Fprintln(out, "HOOKS:")
		for _, hook := range p.release.Hooks {
			printHook(out, hook)
		}
		fmt.Fprintf(out, "MANIFEST:\n%s\n", p.release.Manifest)
	}
	if !p.hideNotes && info.Notes != "" {
		fmt.Fprintf(out, "NOTES:\n%s\n", strings.TrimSpace(info.Notes))
	}
	return nil
}

func (p statusPrinter) printHead(out io.Writer) {
	info := p.release.Info
	fmt.Fprintf(out, "NAME: %s\n", p.release.Name)
	if !info.LastDeployed.IsZero() {
		fmt.Fprintf(out, "LAST DEPLOYED: %s\n", info.LastDeployed.Format(time.ANSIC))
	}
	fmt.Fprintf(out, "NAMESPACE: %s\nSTATUS: %s\nREVISION: %d\n", p.release.Namespace, info.Status, p.release.Version)
	if p.showMetadata {
		chart := p.release.Chart.Metadata
		fmt.Fprintf(out, "CHART: %s\nVERSION: %s\nAPP_VERSION: %s\n", chart.Name, chart.Version, chart.AppVersion)
	}
	if p.showDescription {
		fmt.Fprintf(out, "DESCRIPTION: %s\n", info.Description)
	}
}

func printResources(out io.Writer, of *release.Release) {
	if len(of.Info.Resources) == 0 {
		return
	}
	rows, _ := get.NewHumanPrintFlags().ToPrinter("") // fails for other formats only
	printer := &get.TablePrinter{Delegate: rows}
	fmt.Fprintln(out, "RESOURCES:")
	for _, kind := range slices.Sorted(maps.Keys(of.Info.Resources)) {
		fmt.Fprintf(out, "==> %s\n", kind)
		for _, resource := range of.Info.Resources[kind] {
			if err := printer.PrintObj(resource, out); err != nil {
				fmt.Fprintf(out, "failed to print object type %s: %v\n", kind, err)
			}
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out)
}

func printTests(out io.Writer, of *release.Release) {
	none := true
	for _, hook := range of.Hooks {
		if !slices.Contains(hook.Events, release.HookTest) {
			continue
		}
		none = false
		if run := hook.LastRun; !run.StartedAt.IsZero() {
			fmt.Fprintf(out, "TEST SUITE:     %s\nLast Started:   %s\nLast Completed: %s\nPhase:          %s\n", hook.Name,
				run.StartedAt.Format(time.ANSIC), run.CompletedAt.Format(time.ANSIC), run.Phase)
		}
	}
	if none {
		fmt.Fprintln(out, "TEST SUITE: None")
	}
}

func printValues(out io.Writer, of *release.Release) error {
	computed, err := chartutil.CoalesceValues(of.Chart, of.Config)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "USER-SUPPLIED VALUES:")
	if err := output.EncodeYAML(out, of.Config); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nCOMPUTED VALUES:")
	if err := output.EncodeYAML(out, computed.AsMap()); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return nil
}

func printHook(out io.Writer, hook *release.Hook) {
	fmt.Fprintf(out, "---\n# Source: %s\n%s\n", hook.Path, hook.Manifest)
}
