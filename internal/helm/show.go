package helm

import (
	"fmt"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
)

func (e *execution) show() *cobra.Command {
	command := group("show", "show information of a chart",
		e.showPart(action.ShowAll, "show all information of the chart"),
		e.showPart(action.ShowReadme, "show the chart's README"),
		e.showPart(action.ShowValues, "show the chart's values"),
		e.showPart(action.ShowChart, "show the chart's definition"),
		e.showPart(action.ShowCRDs, "show the chart's CRDs"),
	)
	command.Aliases = []string{"inspect"}
	return command
}

func (e *execution) showPart(part action.ShowOutputFormat, short string) *cobra.Command {
	client := action.NewShowWithConfig(part, e.config)
	command := &cobra.Command{
		Use: part.String() + " CHART", Short: short, Args: needs(cobra.ExactArgs(1)), Annotations: argumentsName(oneChart),
	}
	flags := command.Flags()
	versionFlag(flags)
	if part == action.ShowValues {
		flags.StringVar(&client.JSONPathTemplate, "jsonpath", "", "JSONPath expression to filter the output")
	}
	command.RunE = func(_ *cobra.Command, args []string) error {
		path, err := e.locate(args[0])
		if err != nil {
			return err
		}
		shown, err := client.Run(path)
		if err != nil {
			return err
		}
		fmt.Fprint(&e.stdout, shown)
		return nil
	}
	return command
}
