package steps

import (
	"context"

	"github.com/cucumber/godog"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Scenario is a running scenario, as the steps that a suite adds see it. Its methods are for the functions behind
// those steps, except Step, which registers them.
type Scenario struct {
	scenario *scenario // nil while steps are only listed
	register func(Step)
}

// registrationError is the value of a panic in OwnSteps that calls a method which needs a running scenario.
type registrationError struct{ method string }

func (r registrationError) Error() string {
	return r.method + " is only available while a scenario runs: call it in the function behind a step, not while " +
		"steps are registered"
}

// running returns the running scenario for a method.
func (s *Scenario) running(method string) *scenario {
	if s.scenario == nil {
		panic(registrationError{"Scenario." + method})
	}
	return s.scenario
}

// Step adds a step, which is checked before the run, suggested and documented like the built-in ones.
func (s *Scenario) Step(step Step) { s.register(step) }

// Namespace returns the name in the cluster of the namespace that the scenario calls by this name; "" is the suite's.
// Unless the run may only use one namespace, it is one that no other scenario uses. It need not exist.
func (s *Scenario) Namespace(name string) string {
	return s.running("Namespace").cluster.inCluster(name)
}

// Config returns the configuration for clients of the cluster. It must not be changed.
func (s *Scenario) Config() *rest.Config { return s.running("Config").suite.config }

// Client returns a client of the cluster.
func (s *Scenario) Client() kubernetes.Interface { return s.running("Client").suite.client }

// Release returns the name of the release under test: the last one that the scenario named, or else the suite's.
func (s *Scenario) Release() string { return s.running("Release").helm.release }

// Chart returns the path of the chart of the release under test, as the scenario wrote it, or else the suite's.
func (s *Scenario) Chart() string { return s.running("Chart").helm.chart }

// Helm runs a Helm command line, without the leading "helm", as the step `I run helm COMMAND` does. It returns
// Helm's standard output.
func (s *Scenario) Helm(ctx context.Context, line string) (output string, err error) {
	scenario := s.running("Helm")
	err = helmSteps{scenario.helm, scenario.attempts}.run(ctx, line)
	if last := scenario.helm.last; last != nil {
		output = last.Output
	}
	return output, err
}

// Await calls check until it returns nil, for as long as the suite lets a step wait (Options.Wait). The goal follows
// "waited 2s for" in the error, such as "the shop to sell tea"; check's last error follows "last seen:". An error that
// is wrapped by Permanent ends the wait at once.
func (s *Scenario) Await(ctx context.Context, goal string, check func(ctx context.Context) error) error {
	err := s.running("Await").cluster.until(ctx, check)
	if late, ok := err.(*timeoutError); ok { //nolint:errorlint // not one that check returns
		late.goal = goal
		return late
	}
	return aboutIf("waiting for "+goal, err)
}

// Permanent marks an error of a check that waiting will not change. See Scenario.Await.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

// Attach adds a file to the step in the report. It returns the context that the function behind the step must return.
func (s *Scenario) Attach(ctx context.Context, name, mediaType string, content []byte) context.Context {
	return godog.Attach(ctx, godog.Attachment{FileName: name, MediaType: mediaType, Body: content})
}
