package helm

import (
	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/chartutil"
)

func (e *execution) version() *cobra.Command {
	command := &cobra.Command{
		Use:   "version",
		Short: "print the version of Helm's SDK",
		Args:  needs(cobra.NoArgs),
	}
	short := command.Flags().Bool("short", false, "print the version number only")
	format := command.Flags().String("template", "", "Go template of the output, for instance {{.Version}}")

	command.RunE = func(*cobra.Command, []string) error {
		version := chartutil.DefaultCapabilities.HelmVersion
		switch {
		case *format != "":
			return printTemplate(&e.stdout, *format, version)
		case *short:
			e.stdout.Printf("%s", version.Version)
		default:
			e.stdout.Printf("%#v", version)
		}
		return nil
	}
	return command
}
