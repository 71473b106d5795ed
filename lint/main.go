// Command lint checks Helm charts: their values against their schema and their templates, and what they render, for every way in
// which they are deployed, against the rules of lint/rule.
//
//	go run ./lint charts/traderadmin
//
// It exits with 0 if there is nothing wrong, 1 if there are findings of the severity that --fail-on names or above, and 2 if it could
// not run.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/traderadmin/charts/internal/suggest"
	"github.com/traderadmin/charts/lint/changes"
	"github.com/traderadmin/charts/lint/format"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
)

const (
	clean       = 0
	hasFindings = 1
	couldNotRun = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command line and returns its exit code. A run that fails says why in one place, on stderr.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code, err := lint(ctx, args, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "lint: %v\n", err)
		return couldNotRun
	}
	return code
}

const usage = `Usage: lint [flags] CHART...

Lints Helm charts: folders, .tgz archives, or patterns such as 'charts/*'.

A chart is linted as it is deployed: each values set on each Kubernetes version. Values sets are the chart's default values, its
values-*.yaml and ci/*-values.yaml, those that the configuration lists, and those given here. Each -f is a set of its own; several
files in one set have commas between them, and the last wins:

  lint -f production.yaml -f base.yaml,arm64.yaml --set image.tag=1.2 charts/*

--set goes on top of each -f, and is a set of its own where there is none.

Flags:
`

// commandLine is what the flags say.
type commandLine struct {
	*pflag.FlagSet
	failOn       string
	formats      []string
	kubeVersions []string
	values       []string
	set          []string
	config       string
	crds         string
	changedSince string
	timeLimit    time.Duration
	memoryLimit  uint64
	practices    bool
	resources    bool
	list         bool
	explain      string
	docs         bool
}

func newCommandLine() *commandLine {
	c := &commandLine{FlagSet: pflag.NewFlagSet("lint", pflag.ContinueOnError)}
	c.SetOutput(io.Discard) // errors are printed once, by run
	c.SortFlags = false
	c.StringArrayVarP(&c.values, "values", "f", nil, "lint with the values of these `files` too (repeatable)")
	c.StringArrayVar(&c.set, "set", nil, "lint with a single value too, such as `image.tag=1.2` (repeatable)")
	c.StringArrayVar(&c.kubeVersions, "kube-version", nil, "lint for this Kubernetes `version` (repeatable; default: the last four minor versions)")
	c.StringVar(&c.crds, "crds", "", "`folder` of custom resource definitions that the clusters have")
	c.StringVar(&c.config, "config", "", "configuration `file` (default: "+policy.FileName+" in the chart, or beside it)")
	c.StringVar(&c.changedSince, "changed-since", "", "lint only the charts that git says changed since this `revision`, and require a new version of them")
	c.StringArrayVar(&c.formats, "format", []string{"text"}, "`format` of the findings, or format=file (repeatable): "+strings.Join(format.Names(), ", "))
	c.StringVar(&c.failOn, "fail-on", policy.Error.String(), "exit with 1 on findings of this `severity` or above: "+strings.Join(policy.SeverityNames(), ", "))
	c.DurationVar(&c.timeLimit, "time-limit", 10*time.Second, "give up when one chart takes longer than this `duration`")
	c.Uint64Var(&c.memoryLimit, "memory-limit", 1024, "give up when the charts take more memory than this, in `MiB`")
	c.BoolVar(&c.practices, "practices", false, "check for good practice too, with kube-score, which is built on the first use")
	c.BoolVar(&c.resources, "resources", false, "print what a release asks of the cluster, and exit")
	c.BoolVar(&c.list, "list", false, "list the rules, and exit")
	c.StringVar(&c.explain, "explain", "", "explain the rule of this `ID`, and exit")
	c.BoolVar(&c.docs, "docs", false, "print all rules as a page of Markdown, and exit")
	return c
}

func lint(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	c := newCommandLine()
	if err := c.Parse(args); errors.Is(err, pflag.ErrHelp) {
		_, err := io.WriteString(stdout, usage+c.FlagUsages())
		return clean, err
	} else if err != nil {
		return 0, fmt.Errorf("%w%s; lint --help lists the flags", err, c.meant(err))
	}
	switch {
	case c.list:
		return clean, writeList(stdout, c.practices)
	case c.docs:
		return clean, writeRulesPage(stdout)
	case c.Changed("explain"):
		return clean, writeExplanation(stdout, c.explain)
	}
	failOn, err := policy.ParseSeverity(c.failOn)
	if err != nil {
		return 0, fmt.Errorf("--fail-on: %w", err)
	}
	outputs, err := parseOutputs(c.formats)
	if err != nil {
		return 0, err
	}
	paths := expand(c.Args())
	if len(paths) == 0 {
		return 0, errors.New("no chart to lint: name a chart's folder or its .tgz")
	}
	options := c.options()
	options.Progress = stderr
	if c.Changed("changed-since") {
		if paths, options.BaseVersions, err = changedCharts(ctx, c.changedSince, paths, stderr); err != nil {
			return 0, err
		}
	}
	watchdog := newWatchdog(c.timeLimit, c.memoryLimit<<20, stderr)
	options.Watch = watchdog.watch
	stop := watchdog.start()
	defer stop()
	if c.resources {
		return clean, writeBudgets(ctx, stdout, paths, options)
	}
	result, err := linter.Run(ctx, paths, options)
	if err != nil {
		return 0, err
	}
	for _, o := range outputs {
		if err := o.write(stdout, result); err != nil {
			return 0, fmt.Errorf("write the findings: %w", err)
		}
	}
	for _, f := range result.Findings {
		if f.Severity >= failOn {
			return hasFindings, nil
		}
	}
	return clean, nil
}

// meant is a question to end the error about a flag with that does not exist.
func (c *commandLine) meant(err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var names []string
	c.VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return suggest.For("--"+unknown.GetSpecifiedName(), names)
}

func (c *commandLine) options() linter.Options {
	options := linter.Options{Config: c.config, KubeVersions: c.kubeVersions, CRDs: c.crds, Practices: c.practices}
	for _, files := range c.values {
		set := policy.ValuesSet{Files: strings.Split(files, ","), Set: c.set}
		options.ValuesSets = append(options.ValuesSets, set)
	}
	if len(c.values) == 0 && len(c.set) > 0 {
		options.ValuesSets = []policy.ValuesSet{{Set: c.set}}
	}
	return options
}

// expand replaces patterns that the shell left alone, such as 'charts/*', by the charts that match them.
func expand(args []string) []string {
	var paths []string
	for _, arg := range args {
		matches, err := filepath.Glob(arg)
		if _, missing := os.Lstat(arg); missing == nil || err != nil || len(matches) == 0 {
			paths = append(paths, arg) // if it is no chart, loading it says so
			continue
		}
		for _, match := range matches {
			_, err := os.Stat(filepath.Join(match, "Chart.yaml"))
			if err == nil || filepath.Ext(match) == ".tgz" {
				paths = append(paths, match)
			}
		}
	}
	return paths
}

// changedCharts are those of the charts that changed, and the versions that they must not have any more. It says which they are.
func changedCharts(ctx context.Context, ref string, paths []string, stderr io.Writer) ([]string, map[string]string, error) {
	changed, err := changes.Since(ctx, ref, paths)
	if err != nil {
		return nil, nil, err
	}
	if len(changed) == 0 {
		fmt.Fprintf(stderr, "No chart changed since %s.\n", ref)
	}
	var changedPaths []string
	baseVersions := map[string]string{}
	for _, c := range changed {
		fmt.Fprintf(stderr, "%s changed since %s.\n", c.Path, ref)
		changedPaths = append(changedPaths, c.Path)
		baseVersions[c.Path] = c.BaseVersion
	}
	return changedPaths, baseVersions, nil
}

// output is a format, and the file that it goes to; none is stdout.
type output struct{ format, file string }

func parseOutputs(formats []string) ([]output, error) {
	var outputs []output
	formatOf := map[string]string{} // by file
	for _, given := range formats {
		name, file, hasFile := strings.Cut(given, "=")
		if err := format.Check(name); err != nil {
			return nil, err
		}
		if hasFile && file == "" {
			return nil, fmt.Errorf("--format %s names no file: want one such as %[1]s%s.out", given, name)
		}
		if other, taken := formatOf[file]; taken {
			destination := file
			if destination == "" {
				destination = "stdout"
			}
			return nil, fmt.Errorf("the formats %s and %s both go to %s: give one of them a file, as in --format %[2]s=FILE",
				other, name, destination)
		}
		formatOf[file] = name
		outputs = append(outputs, output{format: name, file: file})
	}
	return outputs, nil
}

// write writes the result. A file is written as a whole or not at all.
func (o output) write(stdout io.Writer, result *linter.Result) error {
	if o.file == "" {
		return format.Write(stdout, o.format, result)
	}
	var content bytes.Buffer
	if err := format.Write(&content, o.format, result); err != nil {
		return err
	}
	return os.WriteFile(o.file, content.Bytes(), 0o644) //nolint:gosec // a report is for everyone
}

// writeBudgets writes what releases of the charts ask for, a table for each way to deploy them that differs.
func writeBudgets(ctx context.Context, w io.Writer, paths []string, options linter.Options) error {
	budgets, err := linter.Budgets(ctx, paths, options)
	if err != nil {
		return err
	}
	for i, b := range budgets {
		if i > 0 {
			fmt.Fprintln(w)
		}
		title := b.Chart
		if b.Variants != "" {
			title += ", " + b.Variants
		}
		fmt.Fprintf(w, "%s:\n\n%s", title, b.Table)
		if b.Incomplete {
			fmt.Fprintln(w, "\nThe chart does not render as a whole: lint it to see why. The table holds what does.")
		}
	}
	return nil
}
