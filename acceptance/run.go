package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/acceptance/internal/report"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/steps"
)

// Run tests a chart: it lints it, checks the steps of all scenarios, starts the cluster that -cluster names, and runs
// each scenario as a subtest of t. It fails t when the linter finds an error (then it starts no cluster), when a step
// is unknown or misused, when a scenario fails, and when the run ends early: shortly before the time limit of go test,
// and on Ctrl-C. Whatever the run made is deleted before Run returns.
func Run(t *testing.T, suite Suite) {
	t.Helper()
	if err := run(t, suite, commandLine, os.Stdout); err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, suite Suite, flags *flags, out io.Writer) error {
	tested, err := suite.resolve(flags.chart, flags.features)
	if err != nil {
		return err
	}
	tuneProcess()
	r := &suiteRun{t: t, flags: flags, suite: tested, out: out, godog: flags.godog}
	if len(r.godog.Paths) == 0 {
		r.godog.Paths = []string{tested.Features}
	}
	switch {
	case flags.godog.ShowStepDefinitions:
		return r.printSteps()
	case flags.sweep:
		return r.sweep()
	}
	return r.test()
}

// suiteRun is one run of a suite.
type suiteRun struct {
	t     *testing.T
	flags *flags
	suite *resolved
	godog godog.Options
	out   io.Writer
}

// printSteps prints the step definitions.
func (r *suiteRun) printSteps() error {
	vocabulary, err := steps.NewVocabulary(nil)
	if err != nil {
		return err
	}
	godog.TestSuite{
		Options:             &r.godog,
		ScenarioInitializer: vocabulary.Define,
	}.Run() // its exit code is that of a usage error
	return nil
}

// closeTimeout bounds how long the run waits until what it made is deleted.
const closeTimeout = 3 * time.Minute

// test lints the chart and runs the scenarios.
func (r *suiteRun) test() (err error) {
	if err := r.flags.shard.Keep(&r.godog); err != nil {
		return err
	}
	count, err := r.countScenarios()
	if err != nil {
		return err
	}
	findings, err := r.lint()
	if err != nil {
		return err
	}
	reported, err := r.newReport(count, findings)
	if err != nil {
		return err
	}

	ctx, cancel := untilDeadline(r.t)
	defer cancel()
	ctx, stop := untilInterrupt(ctx)
	defer stop()
	provider, err := r.openCluster()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, provider.Stop()) }()
	if err := provider.Start(ctx); err != nil {
		return err
	}
	suite, err := r.newSteps(provider)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		err = errors.Join(err, suite.Close(ctx))
	}()
	if provider.Persistent() {
		if err := suite.Begin(ctx, r.out); err != nil {
			return err
		}
	}
	r.runScenarios(ctx, suite, reported)
	return r.conclude(ctx, provider, suite, reported)
}

// runScenarios runs the scenarios as subtests. Which ones failed, and why, is printed when it returns.
func (r *suiteRun) runScenarios(ctx context.Context, suite *steps.Suite, reported *report.Report) {
	options := r.godog
	options.TestingT, options.DefaultContext = r.t, ctx
	scenarios := godog.TestSuite{
		Options: &options,
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			steps.Register(sc, suite)
			reported.Register(sc)
		},
	}
	if scenarios.Run() != 0 {
		r.t.Fail()
	}
}

// conclude prints what is known after the scenarios and writes the report. If failed scenarios are kept, it waits
// for Ctrl-C.
func (r *suiteRun) conclude(
	ctx context.Context, provider cluster.Provider, suite *steps.Suite, reported *report.Report,
) error {
	var failed []error
	if ctx.Err() != nil {
		failed = append(failed, fmt.Errorf("the run ended early: %w", context.Cause(ctx)))
	}
	for reason, names := range suite.Skipped() {
		fmt.Fprintf(r.out, "\nSkipped (%d): %s\n    %s\n", len(names), reason, strings.Join(names, "\n    "))
	}
	r.reportImages(reported, suite.Images())
	failed = append(failed, reported.Write())
	if len(failed) > 0 || r.t.Failed() {
		r.exportLogs(provider)
	}
	if kept := suite.Kept(); len(kept) > 0 {
		r.waitForUser(ctx, provider, kept)
	}
	return errors.Join(failed...)
}

// sweep deletes what killed runs left on a cluster that outlives its runs.
func (r *suiteRun) sweep() (err error) {
	ctx, stop := untilInterrupt(r.t.Context())
	defer stop()
	provider, err := r.openCluster()
	if err != nil {
		return err
	}
	if !provider.Persistent() {
		return errors.New("-sweep needs a cluster that outlives its runs: -cluster=existing, or -cluster=kind with " +
			"-kind-cluster; every other cluster is deleted with its run")
	}
	defer func() { err = errors.Join(err, provider.Stop()) }()
	if err := provider.Start(ctx); err != nil {
		return err
	}
	suite, err := r.newSteps(provider)
	if err != nil {
		return err
	}
	return suite.Sweep(ctx, r.out)
}

// openCluster returns the cluster that the flags name, not yet started.
func (r *suiteRun) openCluster() (cluster.Provider, error) {
	options := r.flags.cluster
	options.Existing.Kinds = r.suite.kinds
	return cluster.Open(r.flags.backend, options, r.out)
}

// newSteps returns what all scenarios share.
func (r *suiteRun) newSteps(provider cluster.Provider) (*steps.Suite, error) {
	options := steps.Options{
		Release:     r.suite.Release,
		Chart:       r.suite.Chart,
		ChartSource: r.suite.source,
		Namespace:   r.suite.Namespace,
		Wait:        r.flags.wait,
		RealImages:  r.flags.realImages,
		HealthPaths: r.flags.healthPaths,
		KeepFailed:  r.flags.keepFailed,
		Progress:    r.out,
	}
	return steps.NewSuite(provider.Config(), options.ForCluster(provider))
}
