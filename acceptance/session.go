package acceptance

import (
	"context"
	"io"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/steps"
)

// OpenCluster returns the named cluster backend, not yet started, for tests of the chart at chartPath. The backend
// reports its progress to progress.
func OpenCluster(backend, chartPath string, options cluster.Options, progress io.Writer) (cluster.Provider, error) {
	loaded, err := chart.Load(chartPath)
	if err != nil {
		return nil, err
	}
	options.Existing.Kinds = loaded.Kinds() // Start checks the permissions that these kinds need
	return cluster.Open(backend, options, progress)
}

// Session runs scenarios of a suite on a started cluster. The function Run uses one session for each run, and the
// command mutants one for each fault.
type Session struct {
	steps *steps.Suite
}

// Begin returns a session of the suite on a cluster. No field of the suite except Steps may be empty. Begin sets the
// fields of options that follow from the suite and the cluster. options.ChartSource is the path of another copy of the
// chart to test in its place. If options.RetainNamespaces is negative, finished namespaces are deleted even where the
// cluster could retain them; this suits a cluster that several sessions share.
//
// On a cluster that outlives the run, Begin also deletes the leftovers of killed runs. If that fails, it returns both
// an error and a session, which must be closed like any other.
func (suite Suite) Begin(ctx context.Context, on cluster.Provider, options steps.Options) (*Session, error) {
	session, err := suite.newSession(on, options)
	if err != nil {
		return nil, err
	}
	if on.Persistent() || options.KeepFailed { // kept objects have users, who may run scenarios there
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
// ends. If hooks is not nil, it is called for each scenario after the steps have registered, and may add hooks of its
// own.
func (s *Session) Run(ctx context.Context, options godog.Options, hooks func(*godog.ScenarioContext)) (passed bool) {
	register := func(sc *godog.ScenarioContext) { steps.Register(sc, s.steps) }
	return runScenarios(ctx, options, register, hooks)
}

// RunCopy is Run for another copy of the chart, in the folder source. Several copies may be tested at once. It needs
// Helm 3 in this process.
func (s *Session) RunCopy(
	ctx context.Context, source string, options godog.Options, hooks func(*godog.ScenarioContext),
) (passed bool, err error) {
	tested, err := s.steps.Copy(source)
	if err != nil {
		return false, err
	}
	return runScenarios(ctx, options, tested.Register, hooks), nil
}

func runScenarios(
	ctx context.Context, options godog.Options, register, hooks func(*godog.ScenarioContext),
) (passed bool) {
	options.DefaultContext = ctx
	suite := godog.TestSuite{
		Options: &options,
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			register(sc)
			if hooks != nil {
				hooks(sc)
			}
		},
	}
	return suite.Run() == 0
}

// Close deletes the objects that the scenarios left. It returns once they are gone or ctx ends.
func (s *Session) Close(ctx context.Context) error { return s.steps.Close(ctx) }
