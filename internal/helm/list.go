package helm

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/gosuri/uitable"
	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/cli/output"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"
	helmtime "helm.sh/helm/v3/pkg/time"
)

func (i *invocation) list() *cobra.Command {
	client := action.NewList(i.config)
	command := &cobra.Command{
		Use:     "list",
		Short:   "list releases",
		Aliases: []string{"ls"},
		Args:    needs(cobra.NoArgs),
	}
	flags := command.Flags()
	flags.BoolVarP(&client.Short, "short", "q", false, "list names only")
	flags.BoolVar(&client.NoHeaders, "no-headers", false, "no headers in the table")
	flags.StringVar(&client.TimeFormat, "time-format", "", "format of times, as of Go's time package")
	flags.BoolVarP(&client.ByDate, "date", "d", false, "sort by release date")
	flags.BoolVarP(&client.SortReverse, "reverse", "r", false, "reverse the order")
	flags.BoolVarP(&client.All, "all", "a", false, "show all releases, whatever their status")
	flags.BoolVar(&client.Uninstalled, "uninstalled", false, "show releases uninstalled with --keep-history")
	flags.BoolVar(&client.Superseded, "superseded", false, "show superseded releases")
	flags.BoolVar(&client.Uninstalling, "uninstalling", false, "show releases that are being uninstalled")
	flags.BoolVar(&client.Deployed, "deployed", false, "show deployed releases, the default")
	flags.BoolVar(&client.Failed, "failed", false, "show failed releases")
	flags.BoolVar(&client.Pending, "pending", false, "show pending releases")
	flags.BoolVarP(&client.AllNamespaces, "all-namespaces", "A", false, "list the releases of all namespaces")
	flags.IntVarP(&client.Limit, "max", "m", 256, "how many releases to fetch")
	flags.IntVar(&client.Offset, "offset", 0, "how many releases to leave out at the start")
	flags.StringVarP(&client.Filter, "filter", "f", "", "regular expression that names have to match")
	flags.StringVarP(&client.Selector, "selector", "l", "", "label selector that releases have to match")
	format := outputFlag(flags)

	command.RunE = func(command *cobra.Command, _ []string) error {
		if client.AllNamespaces {
			if err := i.client.configure(command.Context(), i, ""); err != nil {
				return err
			}
		}
		client.SetStateMask()
		var err error
		if i.releases, err = client.Run(); err != nil {
			return err
		}
		if client.Short {
			return format.Write(&i.stdout, releaseNames(i.releases))
		}
		return format.Write(&i.stdout, newReleaseTable(i.releases, client.TimeFormat, !client.NoHeaders))
	}
	return command
}

type releaseRow struct {
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
	Revision   string `json:"revision"`
	Updated    string `json:"updated"`
	Status     string `json:"status"`
	Chart      string `json:"chart"`
	AppVersion string `json:"app_version"`
}

type releaseTable struct {
	rows    []releaseRow
	headers bool
}

func newReleaseTable(releases []*release.Release, timeFormat string, headers bool) *releaseTable {
	table := &releaseTable{rows: make([]releaseRow, len(releases)), headers: headers} // in JSON [] where empty, not null
	for n, listed := range releases {
		table.rows[n] = releaseRow{
			Name:       listed.Name,
			Namespace:  listed.Namespace,
			Revision:   strconv.Itoa(listed.Version),
			Updated:    updated(listed.Info.LastDeployed, timeFormat),
			Status:     listed.Info.Status.String(),
			Chart:      chartName(listed.Chart),
			AppVersion: appVersion(listed.Chart),
		}
	}
	return table
}

func updated(at helmtime.Time, format string) string {
	switch {
	case at.IsZero():
		return "-"
	case format != "":
		return at.Format(format)
	}
	return at.String()
}

func (t *releaseTable) WriteJSON(out io.Writer) error { return output.EncodeJSON(out, t.rows) }

func (t *releaseTable) WriteYAML(out io.Writer) error { return output.EncodeYAML(out, t.rows) }

func (t *releaseTable) WriteTable(out io.Writer) error {
	table := uitable.New()
	if t.headers {
		table.AddRow("NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION")
	}
	for _, row := range t.rows {
		table.AddRow(row.Name, row.Namespace, row.Revision, row.Updated, row.Status, row.Chart, row.AppVersion)
	}
	return output.EncodeTable(out, table)
}

// releaseNames is what list --short prints.
type releaseNames []*release.Release

func (r releaseNames) names() []string {
	names := make([]string, len(r))
	for n, named := range r {
		names[n] = named.Name
	}
	return names
}

func (r releaseNames) WriteJSON(out io.Writer) error { return output.EncodeJSON(out, r.names()) }

func (r releaseNames) WriteYAML(out io.Writer) error { return output.EncodeYAML(out, r.names()) }

func (r releaseNames) WriteTable(out io.Writer) error {
	for _, name := range r.names() {
		fmt.Fprintln(out, name)
	}
	return nil
}

func (i *invocation) history() *cobra.Command {
	client := action.NewHistory(i.config)
	command := &cobra.Command{
		Use:     "history RELEASE_NAME",
		Short:   "fetch release history",
		Aliases: []string{"hist"},
		Args:    needs(cobra.ExactArgs(1)),
	}
	flags := command.Flags()
	flags.IntVar(&client.Max, "max", 256, "how many revisions to show, the newest")
	format := outputFlag(flags)

	command.RunE = func(_ *cobra.Command, args []string) error {
		revisions, err := client.Run(args[0])
		if err != nil {
			return err
		}
		releaseutil.SortByRevision(revisions)
		i.releases = revisions[max(0, len(revisions)-client.Max):]
		return format.Write(&i.stdout, newRevisionTable(i.releases))
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
	table := uitable.New()
	table.AddRow("REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION")
	for _, row := range t {
		table.AddRow(row.Revision, row.Updated.Format(time.ANSIC), row.Status, row.Chart, row.AppVersion, row.Description)
	}
	return output.EncodeTable(out, table)
}

// noMetadata stands for what a stored release does not have, which real clusters have been seen to lack.
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
