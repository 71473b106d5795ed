package helm

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/downloader"
)

func (i *invocation) dependency() *cobra.Command {
	update := i.dependencyFetch("update [CHART]", "update charts/ based on the contents of Chart.yaml", (*downloader.Manager).Update)
	update.Aliases = []string{"up"}
	command := group("dependency", "manage a chart's dependencies",
		i.dependencyList(),
		update,
		i.dependencyFetch("build [CHART]", "rebuild the charts/ directory based on the Chart.lock file", (*downloader.Manager).Build),
	)
	command.Aliases = []string{"dep", "dependencies"}
	return command
}

func (i *invocation) dependencyList() *cobra.Command {
	client := action.NewDependency()
	command := &cobra.Command{
		Use:     "list [CHART]",
		Aliases: []string{"ls"},
		Short:   "list the dependencies for the given chart",
		Args:    needs(cobra.MaximumNArgs(1)),
	}
	command.Flags().UintVar(&client.ColumnWidth, "max-col-width", client.ColumnWidth, "width of the table's columns at most")
	command.RunE = func(_ *cobra.Command, args []string) error {
		return client.List(i.chartFolder(args), &i.stdout)
	}
	return command
}

// dependencyFetch is a subcommand of dependency that downloads charts.
func (i *invocation) dependencyFetch(use, short string, fetch func(*downloader.Manager) error) *cobra.Command {
	client := action.NewDependency()
	command := &cobra.Command{Use: use, Short: short, Args: needs(cobra.MaximumNArgs(1))}
	flags := command.Flags()
	flags.BoolVar(&client.SkipRefresh, "skip-refresh", false, "do not refresh the local repository cache")
	flags.StringVar(&client.Username, "username", "", "username for the chart repository")
	flags.StringVar(&client.Password, "password", "", "password for the chart repository")
	flags.BoolVar(&client.PlainHTTP, "plain-http", false, "download the charts by HTTP without TLS")

	command.RunE = func(_ *cobra.Command, args []string) error {
		manager, err := i.dependencyManager(i.chartFolder(args), client.Username, client.Password, client.PlainHTTP)
		if err != nil {
			return err
		}
		manager.SkipUpdate = client.SkipRefresh
		err = fetch(manager)
		var unknown downloader.ErrRepoNotFound
		if errors.As(err, &unknown) {
			return fmt.Errorf("%w. Please add the missing repos via 'helm repo add'", err)
		}
		return err
	}
	return command
}

// chartFolder is the chart of commands that default to the folder they run in.
func (i *invocation) chartFolder(args []string) string {
	if len(args) == 0 {
		return i.path(".")
	}
	return i.path(args[0])
}
