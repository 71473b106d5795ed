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

func (e *execution) get() *cobra.Command {
	return group("get", "download extended information of a named release",
		e.getAll(),
		e.getPart("hooks", "download all hooks for a named release", func(out io.Writer, of *release.Release) {
			for _, hook := range of.Hooks {
				printHook(out, hook)
			}
		}),
		e.getPart("manifest", "download the manifest for a named release", func(out io.Writer, of *release.Release) {
			fmt.Fprintln(out, of.Manifest)
		}),
		e.getMetadata(),
		e.getPart("notes", "download the notes for a named release", func(out io.Writer, of *release.Release) {
			if of.Info.Notes != "" {
				fmt.Fprintf(out, "NOTES:\n%s\n", of.Info.Notes)
			}
		}),
		e.getValues(),
	)
}

// getPart returns a subcommand of get that prints one part of a release.
func (e *execution) getPart(name, short string, print func(io.Writer, *release.Release)) *cobra.Command {
	client := action.NewGet(e.config)
	command := &cobra.Command{
		Use: name + " RELEASE_NAME", Short: short, Args: needs(cobra.ExactArgs(1)), Annotations: argumentsName(oneRelease),
	}
	revisionFlag(command.Flags(), &client.Version)
	command.RunE = func(_ *cobra.Command, args []string) error {
		found, err := client.Run(args[0])
		if err != nil {
			return err
		}
		e.read(found)
		print(&e.stdout, found)
		return nil
	}
	return command
}

func revisionFlag(flags *pflag.FlagSet, revision *int) {
	flags.IntVar(revision, "revision", 0, "revision to get; 0 means the last")
}

func (e *execution) getAll() *cobra.Command {
	client := action.NewGet(e.config)
	command := &cobra.Command{
		Use:         "all RELEASE_NAME",
		Short:       "download all information for a named release",
		Args:        needs(cobra.ExactArgs(1)),
		Annotations: argumentsName(oneRelease),
	}
	revisionFlag(command.Flags(), &client.Version)
	format := command.Flags().String("template", "", "Go template of the output, for instance {{.Release.Name}}")

	command.RunE = func(_ *cobra.Command, args []string) error {
		found, err := client.Run(args[0])
		if err != nil {
			return err
		}
		e.read(found)
		if *format != "" {
			return printTemplate(&e.stdout, *format, map[string]any{"Release": found})
		}
		return output.Table.Write(&e.stdout, statusPrinter{release: found, debug: true, showMetadata: true})
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

func (e *execution) getMetadata() *cobra.Command {
	client := action.NewGetMetadata(e.config)
	command := &cobra.Command{
		Use:         "metadata RELEASE_NAME",
		Short:       "fetch the metadata of a release",
		Args:        needs(cobra.ExactArgs(1)),
		Annotations: argumentsName(oneRelease),
	}
	revisionFlag(command.Flags(), &client.Version)
	format := outputFlag(command.Flags())

	command.RunE = func(_ *cobra.Command, args []string) error {
		metadata, err := client.Run(args[0])
		if err != nil {
			return err
		}
		return format.Write(&e.stdout, (*metadataPrinter)(metadata))
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

func (e *execution) getValues() *cobra.Command {
	client := action.NewGetValues(e.config)
	command := &cobra.Command{
		Use:         "values RELEASE_NAME",
		Short:       "download the values file for a named release",
		Args:        needs(cobra.ExactArgs(1)),
		Annotations: argumentsName(oneRelease),
	}
	revisionFlag(command.Flags(), &client.Version)
	command.Flags().BoolVarP(&client.AllValues, "all", "a", false, "print all values, including those of the chart")
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
		return format.Write(&e.stdout, &valuesPrinter{title, values})
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
