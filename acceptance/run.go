package acceptance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/acceptance/internal/report"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/helm/coverage"
	"github.com/traderadmin/charts/steps"
)

// Run tests a chart. It checks the steps of all scenarios, lints the chart, starts the cluster that -cluster names, and
// runs each scenario as a subtest of t. It fails t if a step is unknown or misused or if the linter finds an error,
// both before it starts a cluster; if a scenario fails; and if the run ends early, on Ctrl-C or shortly before the time
// limit of go test. It deletes everything that the run created before it returns.
func Run(t *testing.T, suite Suite) {
	t.Helper()
	fail(t, run(t, suite, commandLine, os.Stdout))
}

// fail fails t if there is an error. It ends the process if a step hangs, because package testing would wait for the
// subtest of that step.
func fail(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, errHung) {
		fmt.Println(err)
		os.Exit(1)
	}
	if err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, suite Suite, flags *flags, out io.Writer) error {
	if err := flags.check(); err != nil {
		return err
	}
	suite, source, err := suite.resolve(flags.chart, flags.features)
	if err != nil {
		return err
	}
	tuneProcess()
	r := &suiteRun{t: t, flags: flags, suite: suite, source: source, out: out, godog: flags.godog}
	if len(r.godog.Paths) == 0 {
		r.godog.Paths = []string{suite.Features}
	}
	switch {
	case flags.godog.ShowStepDefinitions:
		return r.printSteps()
	case flags.stepsPage != "":
		return r.writeStepsPage()
	case flags.sweep:
		return r.sweep()
	}
	return r.test()
}

// suiteRun is one run of a suite.
type suiteRun struct {
	t      *testing.T
	flags  *flags
	suite  Suite
	source string // path of the tested chart
	godog  godog.Options
	out    io.Writer

	helms    []helmVersion
	coverage *coverage.Coverage // nil without -coverage
	ran      int                // number of cells
	written  bool               // the report is
}

// printSteps prints the step definitions.
func (r *suiteRun) printSteps() error {
	vocabulary, err := steps.NewVocabulary(r.suite.Steps)
	if err != nil {
		return err
	}
	godog.TestSuite{
		Options:             &r.godog,
		ScenarioInitializer: vocabulary.Define,
	}.Run() // its exit code is that of a usage error
	return nil
}

// writeStepsPage writes the documentation of all steps.
func (r *suiteRun) writeStepsPage() (err error) {
	vocabulary, err := steps.NewVocabulary(r.suite.Steps)
	if err != nil {
		return err
	}
	file, err := os.Create(r.flags.stepsPage)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return vocabulary.WritePage(file)
}

// test lints the chart and runs the scenarios on each cluster that the flags name.
func (r *suiteRun) test() error {
	clusters, err := cluster.Each(context.Background(), r.flags.backend, r.flags.cluster)
	if err != nil {
		return err
	}
	if err := r.selectSmoke(); err != nil {
		return err
	}
	if err := r.checkFeatures(); err != nil {
		return err
	}
	if err := r.flags.shard.Keep(&r.godog); err != nil {
		return err
	}
	count, err := selected(r.godog)
	if err != nil {
		return err
	}
	if count == 0 {
		fmt.Fprintf(r.out, "no scenario is left for the shard %s\n", &r.flags.shard)
		return nil
	}
	if err := r.checkPolicies(); err != nil {
		return err
	}
	if r.coverage, err = r.newCoverage(); err != nil {
		return err
	}
	if r.helms, err = r.findHelms(); err != nil {
		return err
	}
	findings, err := r.lint()
	if err != nil {
		return err
	}
	reported, err := r.newReport(count, findings, clusters)
	if err != nil {
		return err
	}
	ctx, stop := r.lifetime()
	defer stop()
	var failed []error
	for _, variant := range clusters {
		failed = append(failed, r.testOn(ctx, variant, reported))
	}
	failed = append(failed, r.checkRan(clusters), r.writeReport(reported), r.reportCoverage())
	return errors.Join(failed...)
}

// testOn runs the scenarios on one cluster, with one Helm after the other. It starts the cluster only if -run selects
// one of them.
func (r *suiteRun) testOn(ctx context.Context, on cluster.Variant, reported *report.Report) (err error) {
	provider, err := OpenCluster(r.flags.backend, r.source, on.Options, r.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, provider.Stop()) }()
	start := sync.OnceValue(func() error { return provider.Start(ctx) })
	for _, cell := range r.cells(on) {
		if ctx.Err() != nil || r.flags.keepFailed && r.t.Failed() {
			return nil
		}
		r.subtest(cell.Name, func(t *testing.T) error {
			if err := start(); err != nil {
				return err
			}
			err := r.testWith(ctx, t, provider, cell.helm, reported)
			if errors.Is(err, errHung) { // which ends the process
				err = errors.Join(err, provider.Stop())
			}
			return err
		})
	}
	return nil
}

// testWith runs the scenarios with one Helm as subtests of t.
func (r *suiteRun) testWith(
	ctx context.Context, t *testing.T, provider cluster.Provider, helm string, reported *report.Report,
) (err error) {
	options := r.stepOptions(helm)
	if r.coverage != nil {
		options.Recorder = new(steps.Recorder)
		defer func() { err = errors.Join(err, r.cover(ctx, options.Recorder)) }()
	}
	session, err := r.suite.Begin(ctx, provider, options)
	if session != nil {
		defer func() {
			closing, cancel := r.closeContext(ctx)
			defer cancel()
			err = errors.Join(err, session.Close(closing))
		}()
	}
	if err != nil {
		return err
	}
	remove, err := r.installPolicies(ctx, provider, session.steps)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := r.closeContext(ctx)
		defer cancel()
		err = errors.Join(err, remove(closing))
	}()
	if err := r.runScenarios(ctx, t, session, reported); err != nil {
		return err
	}
	return r.conclude(ctx, t, provider, session.steps, reported)
}

// errHung is the error of a run whose scenarios did not end with its context.
var errHung = errors.New("a step ignores the end of its context, so its scenario does not end")

// runScenarios runs the scenarios as subtests, and prints the failures.
func (r *suiteRun) runScenarios(
	ctx context.Context, t *testing.T, session *Session, reported *report.Report,
) error {
	options := r.godog
	options.TestingT = t
	passed := make(chan bool, 1)
	go func() { passed <- session.Run(ctx, options, reported.Register) }()
	ended, cancel := afterEnd(ctx, hungAfter)
	defer cancel()
	select {
	case passed := <-passed:
		if !passed {
			t.Fail()
		}
		return nil
	case <-ended.Done():
		return errHung
	}
}

// conclude prints the skipped scenarios. If the objects of failed scenarios are kept, it writes the report, and waits
// for Ctrl-C.
func (r *suiteRun) conclude(
	ctx context.Context, t *testing.T, provider cluster.Provider, suite *steps.Suite, reported *report.Report,
) error {
	var failed []error
	if ctx.Err() != nil {
		failed = append(failed, fmt.Errorf("the run ended early: %w", context.Cause(ctx)))
	}
	for reason, names := range suite.Skipped() {
		fmt.Fprintf(r.out, "\nSkipped (%d): %s\n    %s\n", len(names), reason, strings.Join(names, "\n    "))
	}
	r.reportImages(reported, suite.Images())
	if ctx.Err() != nil || t.Failed() {
		r.exportLogs(provider)
	}
	if kept := suite.Kept(); len(kept) > 0 && ctx.Err() == nil {
		failed = append(failed, r.writeReport(reported))
		r.waitForUser(ctx, provider, kept)
	}
	return errors.Join(failed...)
}

// writeReport writes the report once, and not if no scenario ran.
func (r *suiteRun) writeReport(reported *report.Report) error {
	if r.written || !reported.Ran() {
		return nil
	}
	r.written = true
	return reported.Write()
}

// sweep deletes the leftovers of killed runs from a cluster that outlives its runs.
func (r *suiteRun) sweep() (err error) {
	ctx, stop := r.lifetime()
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
	session, err := r.suite.newSession(provider, r.stepOptions(""))
	if err != nil {
		return err
	}
	return session.steps.Sweep(ctx, r.out)
}

// openCluster returns the cluster that the flags name, not yet started.
func (r *suiteRun) openCluster() (cluster.Provider, error) {
	return OpenCluster(r.flags.backend, r.source, r.flags.cluster, r.out)
}

// stepOptions returns the options of the steps that the flags set, for the Helm with this path.
func (r *suiteRun) stepOptions(helm string) steps.Options {
	return steps.Options{
		ChartSource: r.source,
		Helm:        helm,
		Wait:        r.flags.wait,
		RealImages:  r.flags.realImages,
		HealthPaths: r.flags.healthPaths,
		KeepFailed:  r.flags.keepFailed,
		Headlines:   true,
		Progress:    r.out,
	}
}
