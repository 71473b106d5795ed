// Command mutants measures how well the tests of a chart find faults. It makes mutants of the chart, which are copies
// with one plausible mistake each, and finds out whether the linter or a scenario notices it.
//
//	go run ./mutants                         # all mutants of the chart
//	go run ./mutants charts/shop -sample 100 # 100 mutants of another chart
//	go run ./mutants -since main             # the mutants of changed lines
//	go run ./mutants -run redis-service      # those in files, or with IDs, that match
//	go run ./mutants -list                   # print them
//	go run ./mutants -faults mutants/faults.yaml -helm=4
//
// With -faults, it tries faults that somebody wrote, and checks that a failure names the cause.
//
// The exit code is 0 if the mutants are noticed. It is 1 if 1 in 20 or more survive, or if a fault is noticed without
// its expected words. It is 2 if they could not be tried: a fault does not apply, or the unchanged chart does not pass.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"github.com/traderadmin/charts/acceptance"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/helm/binary"
	"github.com/traderadmin/charts/internal/logonce"
)

// The exit codes.
const (
	exitCaught   = 0
	exitSurvived = 1
	exitFailed   = 2
)

// tolerated is the rate of survivors at which the command fails: 1 in this many.
const tolerated = 20

func main() {
	// client-go logs connections that end with their scenario. Clients keep the logger that is set when they are created.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	logonce.Redirect(os.Stderr)  // Helm logs its warnings for each rendering
	if os.Getenv("GOGC") == "" { // rendering allocates much and retains little
		debug.SetGCPercent(400)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the settings of the command line.
type options struct {
	names    *regexp.Regexp // of the faults or mutants to try; nil means all
	list     bool
	suite    suite
	selected selection
}

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{suite: suite{}}
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(stderr)
	names := flags.String("run", "", "try only the faults whose names match this `regexp`, and not the unchanged chart")
	flags.BoolVar(&o.list, "list", false, "print the names of the faults, and exit")
	flags.StringVar(&o.suite.faults, "faults", "", "try the faults in this `file`, instead of generated mutants")
	o.selected.bind(flags)
	flags.StringVar(&o.suite.chart, "chart", traderadmin.Chart, "the `folder` of the chart to put the faults into")
	tested := acceptance.Suite{}
	flags.StringVar(&tested.Features, "features", "features", "the `folder` of the .feature files")
	flags.StringVar(&tested.Release, "release", "", "the `name` of the release that steps use by default "+
		"(default the name of the chart)")
	flags.StringVar(&tested.Namespace, "suite-namespace", "", "the `name` of the namespace that steps use by default "+
		"(default the name of the chart, and "+traderadmin.Namespace+" for "+traderadmin.Chart+")")
	flags.StringVar(&o.suite.backend, "cluster", "embedded",
		"the `backend` that provides the Kubernetes cluster: "+cluster.Names())
	o.suite.clusterOptions.Bind(flags)
	flags.StringVar(&o.suite.helm, "helm", binary.SDK,
		"the Helm that runs the commands: 3, 4, or the `path` of a helm binary")
	flags.DurationVar(&o.suite.wait, "wait", 30*time.Second, "how long a step may wait for the cluster")
	flags.IntVar(&o.suite.concurrency, "concurrency", 4*runtime.NumCPU(), "maximum number of scenarios that run at once")
	var charts []string
	for rest := args; ; rest = flags.Args()[1:] { // flags may follow the chart
		if err := flags.Parse(rest); err != nil {
			return o, err
		}
		if flags.NArg() == 0 {
			break
		}
		charts = append(charts, flags.Arg(0))
	}
	switch len(charts) {
	case 0:
	case 1:
		o.suite.chart = charts[0]
	default:
		return o, fmt.Errorf("unexpected arguments %q: name one chart", charts[1:])
	}
	if _, err := os.Stat(o.suite.chart); err != nil {
		return o, fmt.Errorf("there is no chart %s; -run selects mutants and faults by name", o.suite.chart)
	}
	var err error
	if o.suite.tested, err = suiteOf(o.suite.chart, tested); err != nil {
		return o, err
	}
	if *names == "" {
		return o, nil
	}
	if o.names, err = regexp.Compile(*names); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	return o, nil
}

// traderadmin is the suite of this repository, as in godog_test.go.
var traderadmin = acceptance.Suite{Chart: "./charts/traderadmin", Release: "traderadmin", Namespace: "trader"}

// suiteOf returns the suite of a chart, with the given fields.
func suiteOf(chart string, given acceptance.Suite) (acceptance.Suite, error) {
	given.Chart = chart
	if filepath.Base(chart) == filepath.Base(traderadmin.Chart) {
		given.Chart = traderadmin.Chart // as its scenarios write it
		given.Release = cmp.Or(given.Release, traderadmin.Release)
		given.Namespace = cmp.Or(given.Namespace, traderadmin.Namespace)
		return given, nil
	}
	return given.Resolve()
}

// run runs the command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	code, err := try(ctx, args, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "mutants: %v\n", err)
		return exitFailed
	}
	return code
}

func try(ctx context.Context, args []string, stdout, stderr io.Writer) (int, error) {
	o, err := parse(args, stderr)
	if err != nil {
		return 0, err
	}
	if o.suite.faults == "" {
		return o.tryGenerated(ctx, stdout)
	}
	faults, err := readCatalog(o.suite.faults)
	if err == nil && o.names != nil {
		faults, err = faults.matching(o.names)
	}
	if err != nil {
		return 0, err
	}
	if o.list {
		for _, f := range faults {
			fmt.Fprintln(stdout, f.Name)
		}
		return exitCaught, nil
	}
	verdicts, err := o.suite.try(ctx, faults, o.names == nil, stdout)
	if err != nil {
		return 0, err
	}
	return conclude(stdout, verdicts), nil
}
