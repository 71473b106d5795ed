package helm

import (
	"fmt"
	"io"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/cli/output"
	"helm.sh/helm/v3/pkg/release"
	"k8s.io/apimachinery/pkg/labels"
)

func (i *invocation) get() *cobra.Command {
	return group("get", "download extended information of a named release",
		i.getAll(),
		i.getPart("hooks", "download all hooks for a named release", func(out io.Writer, of *release.Release) {
			for _, hook := range of.Hooks {
				printHook(out, hook)
			}
		}),
		i.getPart("manifest", "download the manifest for a named release", func(out io.Writer, of *release.Release) {
			fmt.Fprintln(out, of.Manifest)
		}),
		i.getMetadata(),
		i.getPart("notes", "download the notes for a named release", func(out io.Writer, of *release.Release) {
			if of.Info.Notes != "" {
				fmt.Fprintf(out, "NOTES:\n%s\n", of.Info.Notes)
			}
		}),
		i.getValues(),
	)
}

// getPart is a subcommand of get that prints something of a release.
func (i *invocation) getPart(name, short string, print func(io.Writer, *release.Release)) *cobra.Command {
	client := action.NewGet(i.config)
	command := &cobra.Command{Use: name + " RELEASE_NAME", Short: short, Args: needs(cobra.ExactArgs(1))}
	revisionFlag(command.Flags(), &client.Version)
	command.RunE = func(_ *cobra.Command, args []string) error {
		var err error
		if i.release, err = client.Run(args[0]); err != nil {
			return err
		}
		print(&i.stdout, i.release)
		return nil
	}
	return command
}

func revisionFlag(flags *pflag.FlagSet, revision *int) {
	flags.IntVar(revision, "revision", 0, "the revision to get; else the last")
}

func (i *invocation) getAll() *cobra.Command {
	client := action.NewGet(i.config)
	command := &cobra.Command{
		Use:   "all RELEASE_NAME",
		Short: "download all information for a named release",
		Args:  needs(cobra.ExactArgs(1)),
	}
	revisionFlag(command.Flags(), &client.Version)
	format := command.Flags().String("template", "", "Go template for the output, for instance {{.Release.Name}}")

	command.RunE = func(_ *cobra.Command, args []string) error {
		var err error
		if i.release, err = client.Run(args[0]); err != nil {
			return err
		}
		if *format != "" {
			return printTemplate(&i.stdout, *format, map[string]any{"Release": i.release})
		}
		return output.Table.Write(&i.stdout, &statusPrinter{release: i.release, debug: true, showMetadata: true})
	}
	return command
}

func printTemplate(out io.Writer, text string, data any) error {
	parsed, err := template.New("--template").Parse(text)
	if err != nil {
		return err
	}
	return parsed.Execute(out, data)
}

func (i *invocation) getMetadata() *cobra.Command {
	client := action.NewGetMetadata(i.config)
	command := &cobra.Command{
		Use:   "metadata RELEASE_NAME",
		Short: "fetch the metadata of a release",
		Args:  needs(cobra.ExactArgs(1)),
	}
	revisionFlag(command.Flags(), &client.Version)
	format := outputFlag(command.Flags())

	command.RunE = func(_ *cobra.Command, args []string) error {
		metadata, err := client.Run(args[0])
		if err != nil {
			return err
		}
		return format.Write(&i.stdout, (*metadataPrinter)(metadata))
	}
	return command
}

type metadataPrinter action.Metadata

func (p *metadataPrinter) WriteJSON(out io.Writer) error { return output.EncodeJSON(out, p) }

func (p *metadataPrinter) WriteYAML(out io.Writer) error { return output.EncodeYAML(out, p) }

func (p *metadataPrinter) WriteTable(out io.Writer) error {
	for _, row := range []struct {
		key   string
		value any
	}{
		{"NAME", p.Name},
		{"CHART", p.Chart},
		{"VERSION", p.Version},
		{"APP_VERSION", p.AppVersion},
		{"ANNOTATIONS", labels.Set(p.Annotations)},
		{"DEPENDENCIES", (*action.Metadata)(p).FormattedDepNames()},
		{"NAMESPACE", p.Namespace},
		{"REVISION", p.Revision},
		{"STATUS", p.Status},
		{"DEPLOYED_AT", p.DeployedAt},
	} {
		fmt.Fprintf(out, "%s: %v\n", row.key, row.value)
	}
	return nil
}

func (i *invocation) getValues() *cobra.Command {
	client := action.NewGetValues(i.config)
	command := &cobra.Command{
		Use:   "values RELEASE_NAME",
		Short: "download the values file for a named release",
		Args:  needs(cobra.ExactArgs(1)),
	}
	revisionFlag(command.Flags(), &client.Version)
	command.Flags().BoolVarP(&client.AllValues, "all", "a", false, "all values, the chart's included")
	format := outputFlag(command.Flags())

	command.RunE = func(_ *cobra.Command, args []string) error {
		values, err := client.Run(args[0])
		if err != nil {
			return err
		}
		title := "USER-SUPPLIED VALUES:"
		if client.AllValues {
			title = "COMPUTED VALUES:"
		}
		return format.Write(&i.stdout, &valuesPrinter{title, values})
	}
	return command
}

type valuesPrinter struct {
	title  string
	values map[string]any
}

func (p *valuesPrinter) WriteJSON(out io.Writer) error { return output.EncodeJSON(out, p.values) }

func (p *valuesPrinter) WriteYAML(out io.Writer) error { return output.EncodeYAML(out, p.values) }

func (p *valuesPrinter) WriteTable(out io.Writer) error {
	fmt.Fprintln(out, p.title)
	return output.EncodeYAML(out, p.values)
}
