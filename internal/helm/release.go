package helm

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/cli/output"
)

func (i *invocation) uninstall() *cobra.Command {
	client := action.NewUninstall(i.config)
	command := &cobra.Command{
		Use:        "uninstall RELEASE_NAME [...]",
		Aliases:    []string{"del", "delete", "un"},
		SuggestFor: []string{"remove", "rm"},
		Short:      "uninstall a release",
		Args:       needs(cobra.MinimumNArgs(1)),
	}
	flags := command.Flags()
	flags.BoolVar(&client.DryRun, "dry-run", false, "simulate")
	flags.BoolVar(&client.DisableHooks, "no-hooks", false, "do not run hooks")
	flags.BoolVar(&client.IgnoreNotFound, "ignore-not-found", false, "succeed where there is no such release")
	flags.BoolVar(&client.KeepHistory, "keep-history", false, "mark the release as deleted, but keep its history")
	flags.BoolVar(&client.Wait, "wait", false, "wait, as long as --timeout, until all resources are deleted")
	flags.StringVar(&client.DeletionPropagation, "cascade", "background", "how dependents are deleted: "+
		"background, orphan or foreground")
	timeoutFlag(flags, &client.Timeout)
	flags.StringVar(&client.Description, "description", "", "description of the release")

	command.RunE = func(_ *cobra.Command, names []string) error {
		if cascade := client.DeletionPropagation; !slices.Contains([]string{"background", "foreground", "orphan"}, cascade) {
			return fmt.Errorf(`invalid cascade value (%s). Must be "background", "foreground", or "orphan"`, cascade)
		}
		for _, name := range names {
			response, err := client.Run(name)
			if response != nil {
				i.release = response.Release
			}
			if err != nil {
				return err
			}
			if response != nil && response.Info != "" {
				fmt.Fprintln(&i.stdout, response.Info)
			}
			i.stdout.Printf("release %q uninstalled", name)
		}
		return nil
	}
	return command
}

func (i *invocation) rollback() *cobra.Command {
	client := action.NewRollback(i.config)
	command := &cobra.Command{
		Use:   "rollback RELEASE [REVISION]",
		Short: "roll back a release to a previous revision",
		Args:  needs(cobra.RangeArgs(1, 2)),
	}
	flags := command.Flags()
	flags.BoolVar(&client.DryRun, "dry-run", false, "simulate")
	recreateFlag(flags, &client.Recreate)
	flags.BoolVar(&client.Force, "force", false, "force resource updates through a replacement strategy")
	flags.BoolVar(&client.DisableHooks, "no-hooks", false, "do not run hooks")
	waitFlags(flags, &client.Wait, &client.WaitForJobs, &client.Timeout)
	flags.BoolVar(&client.CleanupOnFail, "cleanup-on-fail", false, "delete what the rollback created if it fails")
	i.historyMaxFlag(flags, &client.MaxHistory)

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
		i.stdout.Printf("Rollback was a success! Happy Helming!")

		var err error
		i.release, err = i.config.Releases.Last(args[0])
		return err
	}
	return command
}

// notNamed finds a value of --filter that excludes a test.
var notNamed = regexp.MustCompile(`^!\s?name=`)

func (i *invocation) test() *cobra.Command {
	client := action.NewReleaseTesting(i.config)
	command := &cobra.Command{
		Use:   "test RELEASE",
		Short: "run tests for a release",
		Args:  needs(cobra.ExactArgs(1)),
	}
	flags := command.Flags()
	timeoutFlag(flags, &client.Timeout)
	logs := flags.Bool("logs", false, "print the logs of the test pods")
	filters := flags.StringSlice("filter", nil, "tests to run, name=test1,name=test2, or not to run, !name=test1")
	flags.BoolVar(&client.HideNotes, "hide-notes", false, "do not print the notes")

	command.RunE = func(_ *cobra.Command, args []string) error {
		client.Namespace = i.namespace()
		for _, filter := range *filters {
			if name, is := strings.CutPrefix(filter, "name="); is {
				client.Filters[action.IncludeNameFilter] = append(client.Filters[action.IncludeNameFilter], name)
			} else if not := notNamed.FindString(filter); not != "" {
				client.Filters[action.ExcludeNameFilter] = append(client.Filters[action.ExcludeNameFilter], filter[len(not):])
			}
		}
		var failure error
		if i.release, failure = client.Run(args[0]); i.release == nil {
			return failure
		}
		printer := &statusPrinter{release: i.release, debug: i.settings.Debug, hideNotes: client.HideNotes}
		if err := output.Table.Write(&i.stdout, printer); err != nil {
			return errors.Join(failure, err)
		}
		if *logs {
			fmt.Fprintln(&i.stdout)
			if err := client.GetPodLogs(&i.stdout, i.release); err != nil {
				return errors.Join(failure, err)
			}
		}
		return failure
	}
	return command
}
