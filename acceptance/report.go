package acceptance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/traderadmin/charts/acceptance/internal/report"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/steps"
)

// liveAbove is the number of scenarios above which a run shows running and failed scenarios instead of every step.
const liveAbove = 10

// newReport returns the report of a run of count scenarios on each of the clusters, and adds its format to godog's
// options.
func (r *suiteRun) newReport(
	count int, findings *linter.Result, clusters []cluster.Variant,
) (*report.Report, error) {
	sections, err := r.sections(findings)
	if err != nil {
		return nil, err
	}
	options := report.Options{
		Dir:      r.reportDir(),
		Title:    "Acceptance tests of " + r.source,
		Command:  strings.Join(os.Args, " "),
		Test:     r.t.Name(),
		Sections: sections,
	}
	for _, on := range clusters {
		for _, cell := range r.cells(on) {
			options.Flags = scenarioFlags(cell.Flags)
			if cell.Name != "" {
				options.Parts = append(options.Parts, cell.Part)
			}
		}
	}
	if count > liveAbove && !isSet("godog.format") && !isSet("godog.f") {
		options.Live, r.godog.Format = r.out, ""
	} else {
		options.Failures = r.out
	}
	reported, err := report.New(options)
	if err != nil {
		return nil, err
	}
	r.godog.Format = strings.TrimPrefix(r.godog.Format+","+reported.Format(), ",")
	return reported, nil
}

// reportDirs are the folders to which the suites of this process have written reports, by the names of their tests.
var reportDirs sync.Map

// reportDir returns the folder of the report, or "". If another test of this process writes its report to that of
// -report, it is a folder in it, named after the test.
func (r *suiteRun) reportDir() string {
	dir := r.flags.reportDir
	if dir == "" {
		return ""
	}
	if other, taken := reportDirs.LoadOrStore(dir, r.t.Name()); taken && other != r.t.Name() {
		return filepath.Join(dir, strings.ReplaceAll(r.t.Name(), "/", "_"))
	}
	return dir
}

// sections returns the sections of the report about the chart: the findings of the linter, and the resources of a
// release.
func (r *suiteRun) sections(findings *linter.Result) ([]report.Section, error) {
	if r.flags.reportDir == "" {
		return nil, nil
	}
	sections := []report.Section{lintSection(findings)}
	budgets, err := linter.Budgets(context.Background(), []string{r.source}, linter.Options{})
	if err != nil {
		return nil, err
	}
	for _, b := range budgets {
		title := strings.TrimSuffix("Resources, "+b.Variants, ", ")
		sections = append(sections, report.Section{Title: title, Text: b.Table})
	}
	return sections, nil
}

// lintSection shows the findings, which are nil if the chart was not linted.
func lintSection(findings *linter.Result) report.Section {
	section := report.Section{Title: "Lint"}
	switch {
	case findings == nil:
		section.Text = "The chart was not linted (-lint=off)."
	case len(findings.Findings) == 0:
		section.Text = "The linter found nothing."
	default:
		section.Columns = []string{"position", "severity", "finding", "rule"}
		for _, f := range findings.Findings {
			section.Rows = append(section.Rows, []string{f.Position.String(), f.Severity.String(), f.Message, f.Rule})
		}
	}
	return section
}

// reportImages adds the images that containers ran to the report, and prints the images that stand-ins replaced.
func (r *suiteRun) reportImages(reported *report.Report, images []steps.Image) {
	if len(images) == 0 {
		return
	}
	section := report.Section{
		Title: "Images",
		Text: "The images that containers ran. A stand-in is a program of this suite that serves on the ports of the " +
			"container, so that a pod can start whose image is in no registry.",
		Columns: []string{"image", "ran", "on ports", "for"},
	}
	var standIns []string
	for _, image := range images {
		if image.StandIn {
			standIns = append(standIns, image.Image)
		}
		ports := strings.Trim(fmt.Sprint(image.Ports), "[]")
		section.Rows = append(section.Rows, []string{image.Image, image.Source, ports, strings.Join(image.Containers, "; ")})
	}
	reported.Add(section)
	if len(standIns) > 0 {
		fmt.Fprintf(r.out, "\nStand-ins replaced images that the nodes do not have (-real-images keeps images real): %s\n",
			strings.Join(standIns, ", "))
	}
}

// exportLogs adds the logs of the cluster's nodes to the report of a failed run.
func (r *suiteRun) exportLogs(provider cluster.Provider) {
	exporter, ok := provider.(cluster.LogExporter)
	if !ok || r.flags.reportDir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeMargin/2) // the context of the run may have ended
	defer cancel()
	folder := filepath.Join(r.reportDir(), "nodes")
	if err := exporter.ExportLogs(ctx, folder); err != nil {
		fmt.Fprintf(r.out, "\nSome logs of the nodes are missing: %v\n", err)
	}
	fmt.Fprintf(r.out, "\nThe logs of the nodes are in %s\n", folder)
}
