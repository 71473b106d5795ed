package helm

import (
	"fmt"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
)

func (i *invocation) show() *cobra.Command {
	command := group("show", "show information of a chart",
		i.showPart(action.ShowAll, "show all information of the chart"),
		i.showPart(action.ShowReadme, "show the chart's README"),
		i.showPart(action.ShowValues, "show the chart's values"),
		i.showPart(action.ShowChart, "show the chart's definition"),
		i.showPart(action.ShowCRDs, "show the chart's CRDs"),
	)
	command.Aliases = []string{"inspect"}
	return command
}

func (i *invocation) showPart(part action.ShowOutputFormat, short string) *cobra.Command {
	client := action.NewShowWithConfig(part, i.config)
	command := &cobra.Command{Use: part.String() + " CHART", Short: short, Args: needs(cobra.ExactArgs(1))}
	source := chartSource{&client.ChartPathOptions, client.SetRegistryClient, &client.Devel}
	source.flags(command.Flags())
	if part == action.ShowValues {
		command.Flags().StringVar(&client.JSONPathTemplate, "jsonpath", "", "JSONPath expression to filter the output")
	}
	command.RunE = func(_ *cobra.Command, args []string) error {
		path, err := i.locate(args[0], source)
		if err != nil {
			return err
		}
		shown, err := client.Run(path)
		if err != nil {
			return err
		}
		fmt.Fprint(&i.stdout, shown)
		return nil
	}
	return command
}
