package helm

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/cli/output"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	helmtime "helm.sh/helm/v3/pkg/time"
)

func (e *execution) history() *cobra.Command {
	client := action.NewHistory(e.config)
	command := &cobra.Command{
		Use:         "history RELEASE_NAME",
		Short:       "fetch release history",
		Aliases:     []string{"hist"},
		Args:        needs(cobra.ExactArgs(1)),
		Annotations: argumentsName(oneRelease),
	}
	flags := command.Flags()
	flags.IntVar(&client.Max, "max", 256, "number of revisions to show, the newest")
	format := outputFlag(flags)

	command.RunE = func(_ *cobra.Command, args []string) error {
		revisions, err := client.Run(args[0])
		if err != nil {
			return err
		}
		releaseutil.SortByRevision(revisions)
		e.releases = revisions[max(0, len(revisions)-client.Max):]
		return format.Write(&e.stdout, newRevisionTable(e.releases))
	}
	return command
}

type revisionRow struct {
	Revision    int           `json:"revision"`
	Updated     helmtime.Time `json:"updated"`
	Status      string        `json:"status"`
	Chart       string        `json:"chart"`
	AppVersion  string        `json:"app_version"`
	Description string        `json:"description"`
}

type revisionTable []revisionRow

func newRevisionTable(revisions []*release.Release) revisionTable {
	table := make(revisionTable, len(revisions))
	for n, revision := range revisions {
		table[n] = revisionRow{
			Revision:    revision.Version,
			Updated:     revision.Info.LastDeployed,
			Status:      revision.Info.Status.String(),
			Chart:       chartName(revision.Chart),
			AppVersion:  appVersion(revision.Chart),
			Description: revision.Info.Description,
		}
	}
	return table
}

func (t revisionTable) WriteJSON(out io.Writer) error { return output.EncodeJSON(out, t) }

func (t revisionTable) WriteYAML(out io.Writer) error { return output.EncodeYAML(out, t) }

func (t revisionTable) WriteTable(out io.Writer) error {
	rows := [][]string{{"REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"}}
	for _, row := range t {
		rows = append(rows, []string{strconv.Itoa(row.Revision), row.Updated.Format(time.ANSIC), row.Status, row.Chart,
			row.AppVersion, row.Description})
	}
	return printTable(out, rows)
}

// printTable prints rows as Helm does: the cells of a column, even of the last one, are padded to the same width and
// separated by tabs.
func printTable(out io.Writer, rows [][]string) error {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for column, cell := range row {
			widths[column] = max(widths[column], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for column, cell := range row {
			cells[column] = fmt.Sprintf("%-*s", widths[column], cell) // the width counts runes
		}
		if _, err := fmt.Fprintln(out, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return nil
}

// noMetadata is printed for a stored release that has lost its chart, which happens on real clusters.
const noMetadata = "MISSING"

func chartName(of *chart.Chart) string {
	if of == nil || of.Metadata == nil {
		return noMetadata
	}
	return of.Name() + "-" + of.Metadata.Version
}

func appVersion(of *chart.Chart) string {
	if of == nil || of.Metadata == nil {
		return noMetadata
	}
	return of.AppVersion()
}
