// The acceptance tests of the chart: scenarios in features, run as Helm commands on a Kubernetes cluster.
package charts

import (
	"context"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/report"
	"github.com/traderadmin/charts/lint/rule"
	"github.com/traderadmin/charts/steps"
)

var (
	backend = flag.String("cluster", "embedded", "which `backend` gives the Kubernetes cluster: "+cluster.Names())

	clusterOptions cluster.Options

	// What the suite tests. All the rest of this repository works for any chart.
	tested = steps.Options{
		Release:   "traderadmin",
		Chart:     "./charts/traderadmin",
		Namespace: "trader",
	}

	scenarios = godog.Options{
		Paths:     []string{"features"},
		Format:    "pretty",
		Strict:    true,
		Randomize: -1, // a seed of its own for every run, which is printed
		NoColors:  !term.IsTerminal(int(os.Stdout.Fd())),
	}
)

func init() {
	flag.StringVar(&tested.Chart, "chart", tested.Chart, "the chart to test, a `path`")
	flag.DurationVar(&tested.Wait, "wait", time.Minute, "how long a step may wait for the cluster")
	clusterOptions.Bind(flag.CommandLine)
	godog.BindFlags("godog.", flag.CommandLine, &scenarios)
}

// TestFeatures lints the chart, starts a cluster, and runs the scenarios on it, each as a subtest.
func TestFeatures(t *testing.T) {
	world := new(steps.World)
	scenarios.TestingT = t
	suite := godog.TestSuite{
		Options:             &scenarios,
		ScenarioInitializer: func(sc *godog.ScenarioContext) { steps.Register(sc, world) },
	}
	if scenarios.ShowStepDefinitions {
		suite.Run()
		return
	}
	requireScenarios(t, suite)
	requireClean(t, tested.Chart)

	ctx, cancel := untilDeadline(t)
	defer cancel()
	scenarios.DefaultContext = ctx
	running := startCluster(ctx, t)
	var err error
	world, err = steps.NewWorld(running.Config(), tested)
	require.NoError(t, err)
	if suite.Run() != 0 {
		t.Fail() // which scenarios, and why, is said by then
	}
}

// requireScenarios fails a run whose features cannot be read or whose tags leave no scenario, before it costs anything.
func requireScenarios(t *testing.T, suite godog.TestSuite) {
	features, err := suite.RetrieveFeatures()
	require.NoError(t, err, "read the features in %v", scenarios.Paths)
	count := 0
	for _, feature := range features {
		count += len(feature.Pickles)
	}
	require.NotZero(t, count, "no scenario in %v has the tags %q", scenarios.Paths, scenarios.Tags)
}

// requireClean fails a run whose chart the linter finds an error in.
func requireClean(t *testing.T, chart string) {
	result, err := linter.Run(context.Background(), []string{chart}, linter.Options{})
	require.NoError(t, err)
	require.NoError(t, report.Write(os.Stdout, "text", result))
	if errors := result.Count(rule.Error); errors > 0 {
		t.Fatalf("the linter found errors in %s (%d); no cluster was started", chart, errors)
	}
}

// startCluster returns the cluster that the flags ask for, ready for use. It is stopped at the end of t.
func startCluster(ctx context.Context, t *testing.T) cluster.Provider {
	provider, err := cluster.Open(*backend, clusterOptions, os.Stdout)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, provider.Stop()) })
	require.NoError(t, provider.Start(ctx))
	return provider
}

// errDeadline says why a run that was out of time ended.
var errDeadline = errors.New("the test's time limit (go test -timeout) came")

// untilDeadline ends shortly before the time limit of t, so that there is time to say what was going on and to clean up.
func untilDeadline(t *testing.T) (context.Context, context.CancelFunc) {
	const goodbye = 15 * time.Second
	deadline, ok := t.Deadline()
	if !ok {
		return context.WithCancel(context.Background())
	}
	return context.WithDeadlineCause(context.Background(), deadline.Add(-goodbye), errDeadline)
}
