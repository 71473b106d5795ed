package helm

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
)

func (e *execution) packageChart() *cobra.Command {
	client := action.NewPackage()
	command := &cobra.Command{
		Use:         "package CHART_PATH [...]",
		Short:       "package a chart directory into a chart archive",
		Args:        needs(cobra.MinimumNArgs(1)),
		Annotations: argumentsName(manyCharts),
	}
	flags := command.Flags()
	flags.StringVar(&client.Version, "version", "", "version to give the chart")
	flags.StringVar(&client.AppVersion, "app-version", "", "appVersion to give the chart")
	flags.StringVarP(&client.Destination, "destination", "d", ".", "folder to write the archive to")

	command.RunE = func(_ *cobra.Command, paths []string) error {
		typed := client.Destination
		client.Destination = e.destination(typed)
		for _, path := range paths {
			if _, err := os.Stat(e.path(path)); err != nil {
				return asTyped(err, path)
			}
			archive, err := client.Run(e.path(path), nil)
			if err != nil {
				return err
			}
			if filepath.Clean(typed) != "." {
				archive = filepath.Join(typed, filepath.Base(archive))
			}
			e.stdout.Printf("Successfully packaged chart and saved it to: %s", archive)
		}
		return nil
	}
	return command
}
