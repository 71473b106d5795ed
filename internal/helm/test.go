package helm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/cli/output"
)

func (e *execution) test() *cobra.Command {
	client := action.NewReleaseTesting(e.config)
	command := &cobra.Command{
		Use:         "test RELEASE",
		Short:       "run tests for a release",
		Args:        needs(cobra.ExactArgs(1)),
		Annotations: argumentsName(oneRelease),
	}
	flags := command.Flags()
	timeoutFlag(flags, &client.Timeout)
	logs := flags.Bool("logs", false, "print the logs of the test pods")
	filters := flags.StringSlice("filter", nil, "tests to run, name=test1,name=test2, or not to run, !name=test1")
	flags.BoolVar(&client.HideNotes, "hide-notes", false, "do not print the notes")

	command.RunE = func(_ *cobra.Command, args []string) error {
		client.Namespace = e.namespace
		for _, filter := range *filters {
			if key, name := parseTestFilter(filter); key != "" {
				client.Filters[key] = append(client.Filters[key], name)
			}
		}
		tested, failure := client.Run(args[0])
		if tested == nil {
			return failure
		}
		e.read(tested)
		printer := statusPrinter{release: tested, debug: e.debug, hideNotes: client.HideNotes}
		if err := output.Table.Write(&e.stdout, printer); err != nil {
			return errors.Join(failure, err)
		}
		if *logs {
			fmt.Fprintln(&e.stdout)
			if err := client.GetPodLogs(&e.stdout, tested); err != nil {
				return errors.Join(failure, err)
			}
		}
		return failure
	}
	return command
}

// parseTestFilter parses a value of --filter: "name=a", "!name=a" or "! name=a". Helm ignores all others.
func parseTestFilter(filter string) (key, name string) {
	if name, ok := strings.CutPrefix(filter, "name="); ok {
		return action.IncludeNameFilter, name
	}
	if excluded, ok := strings.CutPrefix(filter, "!"); ok {
		if name, ok := strings.CutPrefix(strings.TrimLeft(excluded, " "), "name="); ok {
			return action.ExcludeNameFilter, name
		}
	}
	return "", ""
}
