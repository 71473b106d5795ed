// Command mutants shows what the tests of the chart are worth: it puts faults into copies of it, one at a time, and sees whether
// the linter or a scenario finds each, with words that name the cause.
//
//	go run ./mutants              # all faults of mutants/faults.yaml
//	go run ./mutants -run redis   # those with redis in their name
//	go run ./mutants -list        # their names
//	go run ./mutants -cluster=kind -run redis
//
// It exits with 0 when the faults are found, 1 when 1 in 20 survives or more, or one is found without the words that it asks for, and 2
// when it could not run: a fault does not apply, or the chart as it is does not pass.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"syscall"
	"time"

	"k8s.io/klog/v2"

	"github.com/traderadmin/charts/cluster"
)

const (
	found       = 0
	survived    = 1
	couldNotRun = 2
)

// tolerated is how many of the faults may survive: fewer than 1 in this many.
const tolerated = 20

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are what the command line says.
type options struct {
	names *regexp.Regexp // of the faults to run; nil is all
	list  bool
	suite suite
}

// What client libraries log, such as a request that ended with its scenario, is nobody's verdict. Done at the start, because a client that is made earlier keeps its logger.
func init() { klog.SetSlogLogger(slog.New(slog.DiscardHandler)) }

func parse(args []string, stderr io.Writer) (options, error) {
	o := options{suite: suite{release: "traderadmin", namespace: "trader"}}
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.SetOutput(stderr)
	names := flags.String("run", "", "run only the faults whose name matches this `regexp`, and not the chart as it is")
	flags.BoolVar(&o.list, "list", false, "print the names of the faults, and exit")
	flags.StringVar(&o.suite.faults, "faults", "mutants/faults.yaml", "the `file` with the faults")
	flags.StringVar(&o.suite.chart, "chart", "charts/traderadmin", "the chart that they are put into, a `folder`")
	flags.StringVar(&o.suite.features, "features", "features", "the scenarios, a `folder` of .feature files")
	flags.StringVar(&o.suite.backend, "cluster", "embedded", "which `backend` gives the Kubernetes cluster: "+cluster.Names())
	o.suite.clusterOptions.Bind(flags)
	flags.DurationVar(&o.suite.wait, "wait", 30*time.Second, "how long a step may wait for the cluster")
	flags.IntVar(&o.suite.concurrency, "concurrency", 4*runtime.NumCPU(), "how many scenarios run at once")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected arguments %q: -run takes the names of faults", flags.Args())
	}
	if *names == "" {
		return o, nil
	}
	var err error
	if o.names, err = regexp.Compile(*names); err != nil {
		return o, fmt.Errorf("-run: %w", err)
	}
	return o, nil
}

// run runs the command line and returns its exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "mutants: %v\n", err)
		return couldNotRun
	}
	faults, err := readCatalog(o.suite.faults)
	if err == nil && o.names != nil {
		faults, err = faults.matching(o.names)
	}
	if err == nil && o.list {
		for _, f := range faults {
			fmt.Fprintln(stdout, f.Name)
		}
		return found
	}
	var verdicts []verdict
	if err == nil {
		verdicts, err = o.suite.try(ctx, faults, o.names == nil, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "mutants: %v\n", err)
		return couldNotRun
	}
	return conclude(stdout, verdicts)
}
