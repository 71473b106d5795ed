package helm

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
)

func (e *execution) uninstall() *cobra.Command {
	client := action.NewUninstall(e.config)
	command := &cobra.Command{
		Use:         "uninstall RELEASE_NAME [...]",
		Aliases:     []string{"del", "delete", "un"},
		SuggestFor:  []string{"remove", "rm"},
		Short:       "uninstall a release",
		Args:        needs(cobra.MinimumNArgs(1)),
		Annotations: argumentsName(manyReleases),
	}
	flags := command.Flags()
	flags.BoolVar(&client.DryRun, "dry-run", false, "simulate")
	flags.BoolVar(&client.DisableHooks, "no-hooks", false, "do not run hooks")
	flags.BoolVar(&client.IgnoreNotFound, "ignore-not-found", false, "succeed if there is no such release")
	flags.BoolVar(&client.KeepHistory, "keep-history", false, "mark the release as uninstalled, but keep its history")
	flags.BoolVar(&client.Wait, "wait", false, "wait for up to --timeout until all resources are deleted")
	flags.StringVar(&client.DeletionPropagation, "cascade", "background",
		"how dependents are deleted: background, orphan or foreground")
	timeoutFlag(flags, &client.Timeout)
	flags.StringVar(&client.Description, "description", "", "description of the release")

	command.RunE = func(_ *cobra.Command, names []string) error {
		cascade := client.DeletionPropagation
		if !slices.Contains([]string{"background", "foreground", "orphan"}, cascade) {
			return fmt.Errorf(`invalid cascade value (%s). Must be "background", "foreground", or "orphan"`, cascade)
		}
		for _, name := range names {
			response, err := client.Run(name)
			if response != nil {
				e.read(response.Release)
			}
			if err != nil {
				return err
			}
			if response != nil && response.Info != "" {
				e.stdout.Printf("%s", response.Info)
			}
			e.stdout.Printf("release %q uninstalled", name)
		}
		return nil
	}
	return command
}
