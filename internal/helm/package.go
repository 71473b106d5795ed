package helm

import (
	"os"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
)

func (i *invocation) packageChart() *cobra.Command {
	client := action.NewPackage()
	command := &cobra.Command{
		Use:   "package CHART_PATH [...]",
		Short: "package a chart directory into a chart archive",
		Args:  needs(cobra.MinimumNArgs(1)),
	}
	flags := command.Flags()
	flags.StringVar(&client.Version, "version", "", "version to give the chart")
	flags.StringVar(&client.AppVersion, "app-version", "", "appVersion to give the chart")
	flags.StringVarP(&client.Destination, "destination", "d", ".", "folder to write the archive to")
	flags.BoolVarP(&client.DependencyUpdate, "dependency-update", "u", false, "download the dependencies first")
	flags.StringVar(&client.Username, "username", "", "username for the chart repository")
	flags.StringVar(&client.Password, "password", "", "password for the chart repository")
	flags.BoolVar(&client.PlainHTTP, "plain-http", false, "download the dependencies by HTTP without TLS")

	command.RunE = func(_ *cobra.Command, paths []string) error {
		client.Destination = i.destination(client.Destination)
		for _, path := range paths {
			path = i.path(path)
			if _, err := os.Stat(path); err != nil {
				return err
			}
			if client.DependencyUpdate {
				manager, err := i.dependencyManager(path, client.Username, client.Password, client.PlainHTTP)
				if err != nil {
					return err
				}
				manager.Out = &i.log
				if err := manager.Update(); err != nil {
					return err
				}
			}
			archive, err := client.Run(path, nil)
			if err != nil {
				return err
			}
			i.stdout.Printf("Successfully packaged chart and saved it to: %s", archive)
		}
		return nil
	}
	return command
}
