package helm

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
)

func (e *execution) rollback() *cobra.Command {
	client := action.NewRollback(e.config)
	command := &cobra.Command{
		Use:         "rollback RELEASE [REVISION]",
		Short:       "roll back a release to a previous revision",
		Args:        needs(cobra.RangeArgs(1, 2)),
		Annotations: argumentsName(oneRelease),
	}
	flags := command.Flags()
	flags.BoolVar(&client.DryRun, "dry-run", false, "simulate")
	flags.BoolVar(&client.Recreate, "recreate-pods", false, "restart the pods of the resources, if applicable")
	flags.BoolVar(&client.Force, "force", false, "update resources by replacing them")
	flags.BoolVar(&client.DisableHooks, "no-hooks", false, "do not run hooks")
	waitFlags(flags, &client.Wait, &client.WaitForJobs, &client.Timeout)
	flags.BoolVar(&client.CleanupOnFail, "cleanup-on-fail", false, "delete new objects if the rollback fails")
	historyMaxFlag(flags, &client.MaxHistory)

	command.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			revision, err := strconv.Atoi(args[1])
			if err != nil {
				return fmt.Errorf("could not convert revision to a number: %w", err)
			}
			client.Version = revision
		}
		if err := client.Run(args[0]); err != nil {
			return err
		}
		e.stdout.Printf("Rollback was a success! Happy Helming!")

		newest, err := e.config.Releases.Last(args[0])
		e.read(newest)
		return err
	}
	return command
}
