// Command lint checks Helm charts with the rules of lint/rule. It renders a chart with each of its values sets for each
// Kubernetes version, and reports findings with the line of the template and the value that cause them.
//
//	go run ./lint charts/traderadmin
//
// The exit code is 0 if there are no findings of the severity of --fail-on or above, 1 if there are, and 2 if the
// charts cannot be linted.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/traderadmin/charts/internal/logonce"
	"github.com/traderadmin/charts/internal/suggest"
	"github.com/traderadmin/charts/lint/fix"
	"github.com/traderadmin/charts/lint/format"
	"github.com/traderadmin/charts/lint/internal/changes"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// The exit codes.
const (
	clean       = 0
	hasFindings = 1
	couldNotRun = 2
)

// isCommand reports that this process is the command, which can start itself. Tests call run in their own process.
var isCommand bool

func main() {
	isCommand = true
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command and returns its exit code. It writes an error to stderr.
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

// maxSeed limits the random seeds, so that they are short.
const maxSeed = 100_000

const usage = `Usage: lint [flags] CHART...

Lints Helm charts: folders, .tgz archives, or patterns such as 'charts/*'.

Each chart is linted with each of its values sets for each Kubernetes version.
The values sets are the default values, values-*.yaml and ci/*-values.yaml of
the chart, those of the configuration, and those of -f and --set.

Each -f is one values set. Commas join files into a set; later files override
earlier ones. --set is added to each -f, or is a set of its own if there is none:

  lint -f production.yaml -f base.yaml,arm64.yaml --set image.tag=1.2 charts/*

Exit codes: 0 without findings of the severity of --fail-on or above, 1 with
such findings, 2 if the charts cannot be linted.

Flags:
`

// commandLine holds the values of the flags.
type commandLine struct {
	*pflag.FlagSet
	failOn       string
	formats      []string
	kubeVersions []string
	values       []string
	set          []string
	config       string
	profile      string
	crds         string
	policies     string
	changedSince string
	upgradeFrom  string
	timeLimit    time.Duration
	memoryLimit  uint64
	probes       string
	draws        string
	drawSeed     int64
	practices    bool
	api          bool
	helms        []string
	all          bool
	resources    bool
	testRules    bool
	fix          bool
	writeSchema  bool
	overwrite    bool
	list         bool
	explain      string
	docs         bool
	schema       bool
	isolated     bool
	baseVersion  string
	baseChart    string
}

func newCommandLine() *commandLine {
	c := &commandLine{FlagSet: pflag.NewFlagSet("lint", pflag.ContinueOnError)}
	c.SetOutput(io.Discard) // run prints errors
	c.SortFlags = false
	c.StringArrayVarP(&c.values, "values", "f", nil, "add a values set of these `files` (repeatable)")
	c.StringArrayVar(&c.set, "set", nil, "set a value, such as `image.tag=1.2` (repeatable)")
	c.StringArrayVar(&c.kubeVersions, "kube-version", nil,
		"lint for this Kubernetes `version` (repeatable; default: the last four minor versions)")
	c.StringVar(&c.crds, "crds", "", "`folder` of custom resource definitions that the clusters have")
	c.StringVar(&c.policies, "policies", "", "`folder` of ValidatingAdmissionPolicies that every object must satisfy")
	c.StringVar(&c.config, "config", "", "configuration `file` (default: "+policy.FileName+" in the chart or beside it)")
	c.StringVar(&c.profile, "profile", "", "how severe good practices are: "+strings.Join(policy.ProfileNames(), ", ")+
		" (default: that of the configuration, or else recommended)")
	c.StringVar(&c.changedSince, "changed-since", "",
		"lint only charts that changed since this git `revision`, and require a new version of them")
	c.StringVar(&c.upgradeFrom, "upgrade-from", "",
		"check the upgrade from the charts of this `base`: a git revision, or a chart's folder or .tgz")
	c.StringArrayVar(&c.formats, "format", []string{"text"},
		"`format` of the findings, or format=file (repeatable): "+strings.Join(format.Names(), ", "))
	c.StringVar(&c.failOn, "fail-on", policy.Error.String(),
		"exit with 1 on findings of this `severity` or above: "+strings.Join(policy.SeverityNames(), ", "))
	c.DurationVar(&c.timeLimit, "time-limit", 10*time.Second,
		"give up a chart if a rendering takes longer than this `duration` of CPU time")
	c.Uint64Var(&c.memoryLimit, "memory-limit", 1024, "give up a chart if it takes more memory than this, in `MiB`")
	c.StringVar(&c.probes, "probe", "",
		"limit of `renderings` with values that no values set has, or off (default: twice those of the values sets)")
	c.StringVar(&c.draws, "draw", "", "draw this `number` of values from values.schema.json, or off (default: off): the "+
		"chart must render with them, and Helm must refuse those that break the schema")
	c.Int64Var(&c.drawSeed, "draw-seed", 0, "draw the same values as another run with this `seed` (default: a random one)")
	c.BoolVar(&c.practices, "practices", false, "run the checks of kube-score too, which is built on first use")
	c.BoolVar(&c.api, "api", false,
		"run the API server's own validation too, without a cluster; its program is built on first use, in some minutes")
	c.StringArrayVar(&c.helms, "helm", nil, "compare with what this Helm renders: 4, which is built on first use, or the "+
		"`path` of a helm binary (repeatable)")
	c.BoolVar(&c.all, "all", false,
		"report every violation of its own, instead of one finding for those of one cause")
	c.BoolVar(&c.resources, "resources", false, "print what a release requests from the cluster, and exit")
	c.BoolVar(&c.fix, "fix", false,
		"edit the files of the charts for findings with one solution, print the changes, and lint the result")
	c.BoolVar(&c.writeSchema, "write-schema", false,
		"write a first values.schema.json from values, comments and templates, and exit")
	c.BoolVar(&c.overwrite, "overwrite", false, "let --write-schema replace a values.schema.json")
	c.BoolVar(&c.testRules, "test-rules", false,
		"check the custom rules of the configuration with their good and bad manifests, and exit")
	c.BoolVar(&c.list, "list", false, "list the rules, and exit")
	c.StringVar(&c.explain, "explain", "", "explain the rule of this `ID`, and exit")
	c.BoolVar(&c.docs, "docs", false, "print the rules as Markdown, and exit")
	c.BoolVar(&c.schema, "schema", false, "print the JSON Schema of "+policy.FileName+", and exit")
	c.BoolVar(&c.isolated, "isolated", false, "lint one chart for the process that starts this one")
	c.StringVar(&c.baseVersion, "base-version", "", "the previous version of that chart")
	c.StringVar(&c.baseChart, "base-chart", "", "the chart that an upgrade to that chart starts from")
	for _, name := range []string{"isolated", "base-version", "base-chart"} {
		_ = c.MarkHidden(name)
	}
	return c
}

func lint(ctx context.Context, args []string, stdout, stderr io.Writer) (code int, err error) {
	c := newCommandLine()
	if err := c.Parse(args); errors.Is(err, pflag.ErrHelp) {
		_, err := io.WriteString(stdout, usage+c.FlagUsagesWrapped(100))
		return clean, err
	} else if err != nil {
		return 0, fmt.Errorf("%w%s; lint --help lists the flags", err, c.suggest(err))
	}
	switch {
	case c.list:
		return clean, writeList(stdout, c.practices)
	case c.docs:
		return clean, writeRulesPage(stdout)
	case c.schema:
		return clean, writeSchema(stdout)
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
	if c.profile != "" {
		if options.Profile, err = policy.ParseProfile(c.profile); err != nil {
			return 0, fmt.Errorf("--profile: %w", err)
		}
	}
	if c.Changed("probe") {
		if options.Probes, err = policy.ParseProbes(c.probes); err != nil {
			return 0, fmt.Errorf("--probe: %w", err)
		}
	}
	if c.Changed("draw") {
		if options.Draws, err = policy.ParseDraws(c.draws); err != nil {
			return 0, fmt.Errorf("--draw: %w", err)
		}
	}
	if !c.Changed("draw-seed") {
		_ = c.Set("draw-seed", strconv.Itoa(rand.IntN(maxSeed))) // a number
	}
	options.DrawSeed = c.drawSeed
	options.Progress = stderr
	if c.writeSchema {
		defer logonce.Redirect(stderr)()
		return clean, draftSchemas(stdout, paths, options.ValuesSets, c.overwrite)
	}
	if c.testRules {
		return testRules(stdout, paths, options)
	}
	if c.Changed("changed-since") {
		if paths, options.BaseVersions, err = changedCharts(ctx, c.changedSince, paths, stderr); err != nil {
			return 0, err
		}
	}
	if c.Changed("upgrade-from") && !c.isolated {
		bases, failure := openBases(ctx, c.upgradeFrom, paths)
		if failure != nil {
			return 0, failure
		}
		defer bases.remove()
		defer func() { err = bases.explain(err) }()
		options.Bases = bases.paths
	}
	if c.isolated || c.resources {
		watchdog := newWatchdog(c.timeLimit, c.memoryLimit<<20, stderr)
		options.Watch = watchdog.watch
		if c.resources {
			watchdog.exit = func(int) { os.Exit(couldNotRun) }
		}
		stop := watchdog.start()
		defer stop()
	}
	if c.isolated {
		if c.Changed("base-version") {
			options.BaseVersions = map[string]string{paths[0]: c.baseVersion}
		}
		if c.Changed("base-chart") {
			options.Bases = map[string]string{paths[0]: c.baseChart}
		}
		return clean, linter.WritePart(ctx, stdout, paths[0], options)
	}
	if c.resources {
		return clean, writeBudgets(ctx, stdout, paths, options)
	}
	if isCommand {
		options.Isolate = c.isolate(options, stderr)
	}
	if c.fix {
		if err := c.fixCharts(ctx, stderr, paths, options); err != nil {
			return 0, err
		}
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

// suggest returns a suggestion to append to the error about an unknown flag.
func (c *commandLine) suggest(err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var names []string
	c.VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return suggest.For("--"+unknown.GetSpecifiedName(), names)
}

func (c *commandLine) options() linter.Options {
	options := linter.Options{
		Config: c.config, KubeVersions: c.kubeVersions, CRDs: c.crds, Policies: c.policies, Practices: c.practices,
		API: c.api, Helms: c.helms, Separate: c.all,
	}
	for _, files := range c.values {
		set := linter.ValuesSet{Files: strings.Split(files, ","), Set: c.set}
		options.ValuesSets = append(options.ValuesSets, set)
	}
	if len(c.values) == 0 && len(c.set) > 0 {
		options.ValuesSets = []linter.ValuesSet{{Set: c.set}}
	}
	return options
}

// expand replaces patterns that the shell did not expand by the charts that match.
func expand(args []string) []string {
	var paths []string
	for _, arg := range args {
		matches, err := filepath.Glob(arg)
		if _, missing := os.Lstat(arg); missing == nil || err != nil || len(matches) == 0 {
			paths = append(paths, arg) // loading it returns an error if it is not a chart
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

// changedCharts returns the charts that changed, and the versions that they had before. It prints their paths.
func changedCharts(
	ctx context.Context, revision string, paths []string, stderr io.Writer,
) (changed []string, baseVersions map[string]string, err error) {
	charts, err := changes.Since(ctx, revision, paths)
	if err != nil {
		return nil, nil, err
	}
	if len(charts) == 0 {
		fmt.Fprintf(stderr, "No chart changed since %s.\n", revision)
	}
	baseVersions = map[string]string{}
	for _, c := range charts {
		fmt.Fprintf(stderr, "%s changed since %s.\n", c.Path, revision)
		changed = append(changed, c.Path)
		baseVersions[c.Path] = c.BaseVersion
	}
	return changed, baseVersions, nil
}

// output is one --format: a format and the file to write, or stdout if it is empty.
type output struct{ format, file string }

func parseOutputs(formats []string) ([]output, error) {
	var outputs []output
	formatOf := map[string]string{} // by file
	for _, arg := range formats {
		name, file, hasFile := strings.Cut(arg, "=")
		if err := format.Check(name); err != nil {
			return nil, err
		}
		if hasFile && file == "" {
			return nil, fmt.Errorf("--format %s names no file: want one such as %[1]s%s.out", arg, name)
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

// write writes the result. It does not leave a partial file behind if the format fails.
func (o output) write(stdout io.Writer, result *linter.Result) error {
	if o.file == "" {
		return format.Write(stdout, o.format, result)
	}
	var content bytes.Buffer
	if err := format.Write(&content, o.format, result); err != nil {
		return err
	}
	return os.WriteFile(o.file, content.Bytes(), 0o644) //nolint:gosec // everyone may read the findings
}

// writeBudgets writes a table of what a release requests, for each group of variants that request the same.
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
			fmt.Fprintln(w, "\nSome templates do not render, so their objects are missing here: lint the chart to see why.")
		}
	}
	return nil
}

// testRules checks the custom rules with their manifests.
func testRules(w io.Writer, paths []string, options linter.Options) (int, error) {
	tests, err := linter.TestRules(paths, options)
	switch {
	case err != nil:
		return 0, err
	case tests.Failures != nil:
		_, err = fmt.Fprintln(w, tests.Failures)
		return hasFindings, err
	}
	_, err = fmt.Fprintf(w, "Custom rules that agree with their manifests: %d\n", tests.Rules)
	return clean, err
}

// fixCharts edits the charts and prints the changes. It needs every finding of its own.
func (c *commandLine) fixCharts(ctx context.Context, w io.Writer, paths []string, options linter.Options) error {
	options.Separate = true
	if !c.all {
		c.all = true
		defer func() { c.all = false }()
	}
	result, err := linter.Run(ctx, paths, options)
	if err != nil {
		return err
	}
	for _, path := range paths {
		var findings []linter.Finding
		for _, f := range result.Findings {
			if f.Chart == filepath.Clean(path) {
				findings = append(findings, f)
			}
		}
		if len(findings) == 1 && findings[0].Rule == rule.ChartUnloadable {
			continue
		}
		changes, err := fix.Chart(path, findings)
		for _, change := range changes {
			fmt.Fprintf(w, "%s: %s\n", change.Position, change.What)
		}
		if err != nil {
			return fmt.Errorf("--fix: %w", err)
		}
	}
	return nil
}
