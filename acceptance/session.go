package acceptance

import (
	"context"
	"io"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/steps"
)

// OpenCluster returns the cluster backend of this name for tests of a chart. The cluster is not started yet. Progress
// is written to progress.
func OpenCluster(backend, chartPath string, options cluster.Options, progress io.Writer) (cluster.Provider, error) {
	loaded, err := chart.Load(chartPath)
	if err != nil {
		return nil, err
	}
	options.Existing.Kinds = loaded.Kinds() // so that it asks for the permissions that the chart needs
	return cluster.Open(backend, options, progress)
}

// Session runs scenarios of a suite on a cluster that has started. Run makes one for each run, and the command mutants
// one for each fault.
type Session struct {
	steps *steps.Suite
}

// Begin returns a session of the suite, in which no field may be empty. The fields of options that follow from the
// suite and the cluster are set by Begin; options.ChartSource is the path of another copy of the chart to test. A
// cluster that is used by several sessions should not retain the namespaces of each: a negative
// options.RetainNamespaces deletes them.
//
// On a cluster that outlives the run, Begin also deletes what killed runs left there. If that fails, it returns a
// session with the error, which must be closed like any other.
func (suite Suite) Begin(ctx context.Context, on cluster.Provider, options steps.Options) (*Session, error) {
	session, err := suite.newSession(on, options)
	if err != nil {
		return nil, err
	}
	if on.Persistent() {
		err = session.steps.Begin(ctx, options.Progress)
	}
	return session, err
}

func (suite Suite) newSession(on cluster.Provider, options steps.Options) (*Session, error) {
	options.Release, options.Chart, options.Namespace = suite.Release, suite.Chart, suite.Namespace
	options.Steps = suite.Steps
	onCluster := options.ForCluster(on)
	if options.RetainNamespaces < 0 {
		onCluster.RetainNamespaces = 0
	}
	shared, err := steps.NewSuite(on.Config(), onCluster)
	if err != nil {
		return nil, err
	}
	return &Session{steps: shared}, nil
}

// Run runs the scenarios that options select, and reports whether all of them passed. Scenarios end early when ctx
// ends. hooks, unless it is nil, adds hooks to each scenario after those of the steps.
func (s *Session) Run(ctx context.Context, options godog.Options, hooks func(*godog.ScenarioContext)) (passed bool) {
	options.DefaultContext = ctx
	suite := godog.TestSuite{
		Options: &options,
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			steps.Register(sc, s.steps)
			if hooks != nil {
				hooks(sc)
			}
		},
	}
	return suite.Run() == 0
}

// Close deletes what the scenarios left, and returns when it is gone or ctx ends.
func (s *Session) Close(ctx context.Context) error { return s.steps.Close(ctx) }
