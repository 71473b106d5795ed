package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/traderadmin/charts/internal/helm"
)

// Register gives sc, the context of one scenario, the built-in steps and the suite's own.
func Register(sc *godog.ScenarioContext, suite *Suite) { suite.own().Register(sc) }

// Copy is a copy of the chart that a suite tests. Scenarios of several copies may run at once.
type Copy struct {
	suite *Suite
	paths paths
	helm  helm.Helm
}

// own returns the copy that Options.ChartSource names.
func (s *Suite) own() Copy { return Copy{s, s.paths, s.helm} }

// Copy returns the copy of the chart in another folder, source, which takes the place of Options.ChartSource. It needs
// Helm 3 in this process.
func (s *Suite) Copy(source string) (Copy, error) {
	sdk, ok := s.helm.(*helm.Client)
	if !ok {
		return Copy{}, errors.New("steps: several copies of a chart can be tested with Helm 3 in this process only")
	}
	options := s.options
	options.ChartSource = source
	paths, err := newPaths(options)
	if err != nil {
		return Copy{}, err
	}
	return Copy{s, paths, sdk.Redirected(paths.redirect)}, nil
}

// Register gives sc, the context of one scenario, the steps of the suite.
func (c Copy) Register(sc *godog.ScenarioContext) {
	suite := c.suite
	s := newScenario(c)
	register := func(step Step) {
		method := step.Method
		if suite.options.Headlines {
			method = withHeadlines(method)
		}
		sc.Step(grammar.Pattern(step.Phrase), method)
	}
	for _, noun := range nouns(s) {
		for _, row := range noun.Rows {
			register(row)
		}
	}
	if own := suite.options.Steps; own != nil {
		own(sc, &Scenario{s, register})
	}
	sc.Before(s.begin)
	s.record(sc)
	sc.StepContext().After(s.explain)
	sc.After(s.end)
}

// scenario is the state of one scenario, in parts that the steps of a noun use.
type scenario struct {
	suite     *Suite
	paths     paths
	endTurn   func() // nil if the scenario was skipped
	cluster   *view
	sender    *sender
	helm      *helmRunner
	attempts  *attempts
	scratch   *scratch
	recorders *recorders
	streams   *streams
}

func newScenario(tested Copy) *scenario {
	suite := tested.suite
	cluster := &view{
		client: suite.client, resources: suite.resources, waiter: waiter{suite.options.Wait}, background: suite.background,
		namespaces: &namespaces{
			client: suite.client, run: suite.run, suite: suite.options.Namespace, single: suite.options.SingleNamespace,
		},
	}
	s := &scenario{
		suite: suite, paths: tested.paths, cluster: cluster, attempts: new(attempts),
		scratch: &scratch{parent: suite.options.Scratch},
	}
	s.sender = &sender{view: cluster, images: suite.images, shared: &suite.shared}
	if suite.capacity != nil {
		s.sender.share = suite.capacity.Share()
	}
	s.helm = &helmRunner{
		view: cluster, sender: s.sender, scratch: s.scratch, helm: tested.helm,
		release: suite.options.Release, chart: suite.options.Chart, releases: releases{},
	}
	containers := &containers{suite.config, suite.client, suite.images}
	s.recorders = &recorders{view: cluster}
	s.streams = &streams{view: cluster, sender: s.sender, containers: containers}
	return s
}

// begin skips a scenario that the cluster cannot run, and otherwise waits for its turn.
func (s *scenario) begin(ctx context.Context, about *godog.Scenario) (context.Context, error) {
	if ctx.Err() != nil {
		return ctx, endedBefore(about, context.Cause(ctx))
	}
	planned := s.suite.vocabulary.plan(about, s.suite.helm)
	reason, err := s.suite.skipReason(ctx, planned)
	if err != nil {
		return ctx, err
	}
	if reason != "" {
		return ctx, s.suite.skip(about, reason)
	}
	s.endTurn, err = s.suite.turns.begin(ctx, planned.serial || s.cluster.single != "")
	if err != nil {
		return ctx, endedBefore(about, err)
	}
	if s.sender.share != nil && planned.effects.Has(ReplacesPods) {
		s.sender.share.ExpectUpdates()
	}
	s.helm.recordsPods = planned.effects.Has(ComparesPods)
	if err := s.suite.vocabulary.misused(about.Steps); err != nil {
		return ctx, err
	}
	return ctx, s.helm.listEarlier(ctx)
}

// noContainers is the reason why scenarios that need containers are skipped.
const noContainers = "it needs nodes that run containers, and the nodes of this cluster are simulated"

// skipReason returns the reason why a scenario cannot run on the cluster, or "" if it can.
func (s *Suite) skipReason(ctx context.Context, planned plan) (reason string, err error) {
	if planned.effects.Has(NeedsContainers) && !s.options.Containers {
		return noContainers, nil
	}
	if planned.networkPolicies {
		reason, err := s.policies.result(ctx, s)
		if err != nil {
			return "", err
		}
		if reason != "" {
			return "it is tagged " + NetworkPolicies + ", and " + reason, nil
		}
	}
	single := s.options.SingleNamespace
	if single == "" {
		return "", nil
	}
	if len(s.Kept()) > 0 {
		return "the objects of an earlier scenario, which failed, are kept in the only namespace", nil
	}
	for _, name := range planned.namespaces {
		if name != s.options.Namespace {
			return fmt.Sprintf("it needs the namespace %q, and the run may only use %s", name, single), nil
		}
	}
	return "", nil
}

// endedBefore skips a scenario because the run ended before it.
func endedBefore(about *godog.Scenario, cause error) error {
	return fmt.Errorf("%w: %s: the run ended before it: %w", godog.ErrSkip, about.Name, cause)
}

func hasTag(about *godog.Scenario, name string) bool {
	return slices.ContainsFunc(about.Tags, func(tag *messages.PickleTag) bool { return tag.Name == name })
}

// end deletes what the scenario created, or keeps it if the scenario failed and Options.KeepFailed is set. It fails a
// scenario that tried something, or sent requests, without a step that checks the outcome.
func (s *scenario) end(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
	if s.endTurn == nil {
		return ctx, nil
	}
	defer s.endTurn()
	s.recorders.stop()
	var unchecked error
	if err == nil {
		unchecked = errors.Join(s.attempts.unchecked(), s.streams.unchecked())
	}
	s.streams.cancel()
	if (err != nil || unchecked != nil) && s.suite.options.KeepFailed {
		s.suite.keep(s.cluster.all())
		s.sender.keepShare()
		return ctx, errors.Join(unchecked, s.scratch.remove())
	}
	return ctx, errors.Join(unchecked, s.scratch.remove(), cleanUp(s))
}

// cleanUp deletes what a scenario created: releases with objects in other namespaces, cluster-scoped objects, and
// its namespaces, or older ones if some are retained. It does not wait until the namespaces are gone, as no other
// scenario uses them.
func cleanUp(s *scenario) error {
	ctx := s.suite.background.ctx // that of the scenario may have ended
	defer s.sender.releaseShare()
	if single := s.suite.options.SingleNamespace; single != "" {
		deleter := &singleNamespace{single, s.suite.client, s.suite.resources, s.suite.helm}
		return errors.Join(deleter.deleteRun(ctx, s.suite.run), s.sender.deleteShared(ctx))
	}
	failed := []error{s.helm.uninstallElsewhere(ctx)}
	namespaces := s.cluster.all()
	if s.sender.sentVolumes() { // they are not gone before the claims that are bound to them
		failed = append(failed, s.deleteNamespaces(ctx, namespaces))
		namespaces = nil
	}
	failed = append(failed, s.sender.deleteShared(ctx))
	surplus := s.suite.retained.add(namespaces, s.suite.options.RetainNamespaces)
	return errors.Join(append(failed, s.deleteNamespaces(ctx, surplus))...)
}

func (s *scenario) deleteNamespaces(ctx context.Context, names []string) error {
	var failed []error
	for _, name := range names {
		failed = append(failed, s.cluster.delete(ctx, name))
		if s.sender.share != nil { // other scenarios wait for the capacity of its pods
			_ = s.suite.client.CoreV1().Pods(name).DeleteCollection(ctx, quickly, everything)
		}
	}
	return errors.Join(failed...)
}
