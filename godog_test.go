// The acceptance tests of the chart: scenarios in features, run as Helm commands on a Kubernetes cluster.
package charts

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"
	"k8s.io/klog/v2"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/format"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
	"github.com/traderadmin/charts/report"
	"github.com/traderadmin/charts/shard"
	"github.com/traderadmin/charts/steps"
)

var (
	backend   = flag.String("cluster", "embedded", "which `backend` gives the Kubernetes cluster: "+cluster.Names())
	reportDir = flag.String("report", "", "write index.html, junit.xml, cucumber.json and messages.ndjson to this `folder`")
	sweep     = flag.Bool("sweep", false, "take away what killed runs left on a cluster that is kept, and end")
	part      shard.Shard

	clusterOptions cluster.Options

	// What the suite tests. All the rest of this repository works for any chart.
	tested = steps.Options{
		Release:   "traderadmin",
		Chart:     "./charts/traderadmin",
		Namespace: "trader",
	}

	scenarios = godog.Options{
		Paths:       []string{"features"},
		Strict:      true,
		Randomize:   -1,                   // a seed of its own for every run, which is printed
		Concurrency: 4 * runtime.NumCPU(), // a scenario mostly waits
		NoColors:    !term.IsTerminal(int(os.Stdout.Fd())),
	}
)

func init() {
	flag.StringVar(&tested.Chart, "chart", tested.Chart, "the chart to test, a `path`")
	flag.BoolVar(&tested.KeepFailed, "keep-failed", false, "leave what failed scenarios made, and the cluster, until Ctrl-C")
	flag.Var(&part, "shard", "run only a part of the scenarios: `i/n`, such as 1/3 for the first of three")
	flag.Func("real-images", "where nodes run containers: `globs` of image repositories, with commas between them, that get no stand-in (default "+
		strings.Join(steps.DefaultRealImages, ",")+")", listFlag(&tested.RealImages))
	flag.Func("health-paths", "where nodes run containers: the `paths`, with commas between them, that stand-ins answer with 200; all others are 404 (default "+
		strings.Join(steps.DefaultHealthPaths, ",")+")", listFlag(&tested.HealthPaths))
	flag.DurationVar(&tested.Wait, "wait", time.Minute, "how long a step may wait for the cluster")
	clusterOptions.Bind(flag.CommandLine)
	godog.BindFlags("godog.", flag.CommandLine, &scenarios)
}

// listFlag puts the words of a flag, which have commas between them, into list.
func listFlag(list *[]string) func(string) error {
	return func(words string) error {
		*list = strings.FieldsFunc(words, func(r rune) bool { return r == ',' })
		return nil
	}
}

// What the libraries of Kubernetes' clients log is for those who write such clients: connections that end with their step, retries, an API server's warnings to
// a program that lists all kinds. None of it is a scenario's, and it would tear the screen apart. What matters comes back as an error, and what an API server warns
// helm of is in the output of its command. Done at the start of the process, because a client that is made earlier keeps its logger.
func init() { klog.SetSlogLogger(slog.New(slog.DiscardHandler)) }

// Helm's commands make much garbage, and keep little: a heap that may grow to five times what is kept, some hundred MiB, saves a tenth of the CPU of this process, which the control
// plane beside it needs. Whoever sets GOGC decides.
func init() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// TestFeatures lints the chart, starts a cluster, and runs the scenarios on it, each as a subtest.
func TestFeatures(t *testing.T) {
	world := new(steps.World)
	if scenarios.ShowStepDefinitions {
		godog.TestSuite{
			Options:             &scenarios,
			ScenarioInitializer: func(sc *godog.ScenarioContext) { steps.Register(sc, world) },
		}.Run()
		return
	}
	if *sweep {
		takeAwayDead(t)
		return
	}
	require.NoError(t, part.Keep(&scenarios))
	count := requireScenarios(t)
	findings := requireClean(t, tested.Chart)
	reported := newReport(t, count, findings)

	ctx, cancel := untilDeadline(t)
	t.Cleanup(cancel) // after what is cleaned up with it
	ctx, stop := untilInterrupt(ctx)
	t.Cleanup(stop)
	running := openCluster(t)
	start(ctx, t, running)
	world = newWorld(t, running)
	if running.Persistent() {
		share(ctx, t, world)
	}
	scenarios.TestingT, scenarios.DefaultContext = t, ctx
	suite := godog.TestSuite{
		Options: &scenarios,
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			steps.Register(sc, world)
			reported.Register(sc)
		},
	}
	if suite.Run() != 0 {
		t.Fail() // which scenarios, and why, is said by then
	}
	assert.NoError(t, context.Cause(ctx), "the run ended early")
	for reason, names := range world.Skipped() {
		fmt.Printf("\nSkipped (%d): %s\n    %s\n", len(names), reason, strings.Join(names, "\n    "))
	}
	reportImages(reported, world.Images())
	assert.NoError(t, reported.Write())
	exportLogs(t, running)
	if kept := world.Kept(); len(kept) > 0 {
		letLook(ctx, running, kept)
	}
	assert.NoError(t, world.RemoveImages(context.WithoutCancel(ctx)))
}

// requireScenarios returns how many scenarios there are to run. It fails a run whose features cannot be read, say what the vocabulary does not have, or have none
// with the tags that are asked for, before it costs anything.
func requireScenarios(t *testing.T) int {
	features, err := godog.TestSuite{Options: &scenarios}.RetrieveFeatures()
	require.NoError(t, err, "read the features in %v", scenarios.Paths)
	count := 0
	var misused []error
	for _, feature := range features {
		count += len(feature.Pickles)
		misused = append(misused, steps.Check(feature.GherkinDocument, feature.Pickles))
	}
	require.NoError(t, errors.Join(misused...), "read the steps")
	require.NotZero(t, count, "no scenario in %v has the tags %q", scenarios.Paths, scenarios.Tags)
	return count
}

// requireClean fails a run whose chart the linter finds an error in. It returns what else there is to say of the chart.
func requireClean(t *testing.T, chart string) *linter.Result {
	result, err := linter.Run(context.Background(), []string{chart}, linter.Options{Progress: os.Stdout})
	require.NoError(t, err)
	require.NoError(t, format.Write(os.Stdout, "text", result))
	if errors := result.Count(rule.Error); errors > 0 {
		t.Fatalf("the linter found errors in %s (%d); no cluster was started", chart, errors)
	}
	return result
}

// many scenarios are shown by what is running and what failed; fewer are shown step by step.
const many = 10

// newReport returns the report of the run, and has godog tell it of every scenario.
func newReport(t *testing.T, count int, findings *linter.Result) *report.Report {
	options := report.Options{
		Dir:      *reportDir,
		Title:    "Acceptance tests of " + tested.Chart,
		Command:  strings.Join(os.Args, " "),
		Test:     t.Name(),
		Flags:    flagsOfEachScenario(),
		Sections: sections(t, findings),
	}
	if count > many && !isSet("godog.format") && !isSet("godog.f") {
		options.Live, scenarios.Format = os.Stdout, ""
	} else {
		options.Failures = os.Stdout
	}
	reported, err := report.New(options)
	require.NoError(t, err)
	scenarios.Format = strings.TrimPrefix(scenarios.Format+","+reported.Format(), ",")
	return reported
}

// flagsOfEachScenario are the flags of the command line that matter to a scenario that runs alone, too.
func flagsOfEachScenario() []string {
	var flags []string
	flag.Visit(func(f *flag.Flag) {
		switch group, name, _ := strings.Cut(f.Name, "."); {
		case group == "test", group == "godog" && name != "paths", f.Name == "report", f.Name == "shard", f.Name == "keep-failed":
		default:
			flags = append(flags, "-"+f.Name+"="+f.Value.String())
		}
	})
	return flags
}

// isSet says whether the command line has a flag.
func isSet(name string) bool {
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// sections are what the report shows of the chart itself: what the linter found, and what a release asks of the cluster.
func sections(t *testing.T, findings *linter.Result) []report.Section {
	if *reportDir == "" {
		return nil
	}
	lint := report.Section{Title: "Lint", Columns: []string{"place", "severity", "finding", "rule"}}
	for _, f := range findings.Findings {
		lint.Rows = append(lint.Rows, []string{f.Position.String(), f.Severity.String(), f.Message, f.Rule})
	}
	if len(lint.Rows) == 0 {
		lint = report.Section{Title: "Lint", Text: "The linter found nothing."}
	}
	shown := []report.Section{lint}
	budgets, err := linter.Budgets(context.Background(), []string{tested.Chart}, linter.Options{})
	require.NoError(t, err)
	for _, b := range budgets {
		shown = append(shown, report.Section{Title: strings.TrimSuffix("Resources, "+b.Variants, ", "), Text: b.Table})
	}
	return shown
}

// exportLogs adds what the cluster's nodes logged to the report of a run that failed.
func exportLogs(t *testing.T, running cluster.Provider) {
	exporter, ok := running.(cluster.LogExporter)
	if !ok || !t.Failed() || *reportDir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye/2) // the run's own may have ended
	defer cancel()
	folder := filepath.Join(*reportDir, "nodes")
	if err := exporter.ExportLogs(ctx, folder); err != nil {
		fmt.Printf("\nNot all that the nodes logged could be had: %v\n", err)
	}
	fmt.Printf("\nWhat the nodes logged is in %s\n", folder)
}

// reportImages says which images were real and which were not.
func reportImages(reported *report.Report, images []steps.Image) {
	if len(images) == 0 {
		return
	}
	section := report.Section{
		Title:   "Images",
		Text:    "What the containers ran. A stand-in is a program of this suite that serves on the container's ports, so that a pod can start whose image no registry has.",
		Columns: []string{"image", "ran", "on ports", "for"},
	}
	var standIns []string
	for _, image := range images {
		if image.StandIn {
			standIns = append(standIns, image.Image)
		}
		ports := strings.Trim(fmt.Sprint(image.Serves), "[]")
		section.Rows = append(section.Rows, []string{image.Image, image.Is, ports, strings.Join(image.By, "; ")})
	}
	reported.Add(section)
	if len(standIns) > 0 {
		fmt.Printf("\nStand-ins took the place of images that the nodes do not have (-real-images keeps some real): %s\n", strings.Join(standIns, ", "))
	}
}

// letLook waits until the user has seen enough of what failed scenarios left, or ctx ends.
func letLook(ctx context.Context, running cluster.Provider, kept []string) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	fmt.Printf("\nThe cluster is kept, with what failed scenarios made in %s.\n\n    export KUBECONFIG=%s\n\nPress Ctrl-C to end it.\n",
		strings.Join(kept, ", "), running.Kubeconfig())
	if deadline, ok := ctx.Deadline(); ok {
		fmt.Printf("It ends by itself at %s, the time limit of go test; -timeout 0 sets none.\n", deadline.Format(time.TimeOnly))
	}
	<-ctx.Done()
}

// newWorld returns what the scenarios share.
func newWorld(t *testing.T, running cluster.Provider) *steps.World {
	tested.Progress = os.Stdout
	world, err := steps.NewWorld(running.Config(), tested.On(running))
	require.NoError(t, err)
	return world
}

// share has the run tell others on a cluster that outlives it that it goes on, until the end of t, when what it made is taken away. What dead runs left is
// taken away before.
func share(ctx context.Context, t *testing.T, world *steps.World) {
	require.NoError(t, world.Begin(ctx, os.Stdout))
	t.Cleanup(func() { assert.NoError(t, world.End()) })
}

// takeAwayDead takes away what dead runs left on a cluster that is kept, and does nothing else.
func takeAwayDead(t *testing.T) {
	ctx, stop := untilInterrupt(t.Context())
	defer stop()
	provider := openCluster(t)
	require.True(t, provider.Persistent(), "-sweep is for a cluster that is kept: -cluster=existing, or -cluster=kind with -kind-cluster. All others end with their run")
	start(ctx, t, provider)
	require.NoError(t, newWorld(t, provider).Sweep(ctx, os.Stdout))
}

// openCluster returns the cluster that the flags ask for, not yet started.
func openCluster(t *testing.T) cluster.Provider {
	about, err := chart.Load(tested.Chart)
	require.NoError(t, err)
	clusterOptions.Existing.Kinds = about.Kinds()
	provider, err := cluster.Open(*backend, clusterOptions, os.Stdout)
	require.NoError(t, err)
	return provider
}

// start makes a cluster ready for use. It is stopped at the end of t.
func start(ctx context.Context, t *testing.T, provider cluster.Provider) {
	t.Cleanup(func() { require.NoError(t, provider.Stop()) })
	require.NoError(t, provider.Start(ctx))
}

// errDeadline says why a run that was out of time ended.
var errDeadline = errors.New("the test's time limit (go test -timeout) came")

// goodbye is how long it may take to say what was going on and to clean up.
const goodbye = 30 * time.Second

// untilInterrupt ends with the first Ctrl-C, or when the process is told to end, so that what the run made is taken away. A second one kills it.
func untilInterrupt(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// untilDeadline ends shortly before the time limit of t, so that there is time for the goodbye.
func untilDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	deadline, ok := t.Deadline()
	if !ok {
		return context.WithCancel(context.Background())
	}
	return context.WithDeadlineCause(context.Background(), deadline.Add(-goodbye), errDeadline)
}
