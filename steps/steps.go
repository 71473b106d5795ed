// Package steps is the vocabulary in which scenarios say what a Helm chart must do.
//
// A step is a row of a table, its phrase and the method behind it; each noun (helm, deployments, pods, …) has a file of its own with its rows and
// its methods. Nothing in it is about one chart: which release a suite tests, where its chart lies and which namespace is meant where none is named
// are Options.
//
//	shop := steps.Options{Release: "shop", Chart: "./charts/shop", Namespace: "shop"}
//	suite, err := steps.NewSuite(running.Config(), shop.ForCluster(running)) // a cluster.Provider
//	...
//	suite := godog.TestSuite{ScenarioInitializer: func(sc *godog.ScenarioContext) { steps.Register(sc, suite) }}
//
// Scenarios do not see each other: a namespace that a scenario names stands for one made for it alone, which is deleted after it.
package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/steps/internal/capacity"
	"github.com/traderadmin/charts/steps/internal/ownership"
	"github.com/traderadmin/charts/steps/internal/standin"
)

// Serial is the tag of a scenario that runs while no other does: one that makes objects outside of namespaces, or looks at the whole cluster.
const Serial = "@serial"

// Containers is the tag of a scenario that needs nodes which run containers. It is skipped where Options.Containers is false.
const Containers = "@containers"

// Options say what a suite tests.
type Options struct {
	// Release is the name of the release under test, which steps mean that name none.
	Release string
	// Chart is the path of its chart as scenarios write it, and as a person would type it after `helm install NAME`.
	Chart string
	// ChartSource is the path of the chart to test. "" means Chart. Where it is set, every path of a step that means
	// Chart or a file in it means this chart instead.
	ChartSource string
	// Namespace is the one that is meant where a step names none. It exists without anybody making it.
	Namespace string
	// Dir is the folder that relative paths start from; "" is the one that the process is in.
	Dir string
	// Scratch is the folder in which scenarios get folders of their own for their files, removed at their ends; "" is the system's for temporary files.
	Scratch string
	// Wait is how long a step may wait for the cluster; 0 means one minute.
	Wait time.Duration
	// Containers says that the cluster's nodes run containers, and are not simulated.
	Containers bool
	// Nodes, where they are given, get the images that containers of the scenarios name: a stand-in for each that they do not have. nil leaves it to the nodes to pull all of them.
	Nodes Nodes
	// RealImages are globs of the repositories of images, as people write them, that get no stand-in; nil means DefaultRealImages.
	RealImages []string
	// HealthPaths are the paths that stand-ins answer with 200; all others are 404. nil means DefaultHealthPaths.
	HealthPaths []string
	// Progress is told what takes longer than a moment, such as building the stand-in; nil means that nobody is.
	Progress io.Writer
	// SingleNamespace is a namespace that is there and stays, and the only one to use: it stands for Namespace, scenarios run one after another, each takes away
	// what it made in it, and one that names a second namespace is skipped. "" gives every scenario namespaces of its own.
	SingleNamespace string
	// RetainNamespaces is how many namespaces of scenarios that have ended may stay, for a cluster that ends with the run: to delete one costs the API server more than a hundred
	// requests. Beyond it the oldest go first; 0 has each go with its scenario.
	RetainNamespaces int
	// Steps registers steps of the suite's own; nil means that it has none.
	Steps OwnSteps
	// KeepFailed leaves the namespaces of a scenario that failed, with all that is in them. Suite.Kept names them.
	KeepFailed bool
}

// ForCluster returns the options with the fields set that depend on the cluster: Containers, Nodes, Scratch,
// SingleNamespace and RetainNamespaces. The cluster must have started.
func (o Options) ForCluster(running cluster.Provider) Options {
	o.Containers, o.Scratch = running.RunsContainers(), running.TempDir()
	o.Nodes, _ = running.(cluster.ImageLoader)
	if single, ok := running.(cluster.SingleNamespace); ok {
		o.SingleNamespace = single.Namespace()
	}
	if retainer, ok := running.(cluster.NamespaceRetainer); ok {
		o.RetainNamespaces = retainer.RetainNamespaces()
	}
	return o
}

// Suite is what all scenarios of a suite share: a cluster and what is tested on it. It is safe for concurrent use.
type Suite struct {
	options    Options
	config     *rest.Config
	run        string // labels what this run makes
	paths      paths
	helm       helm.Helm
	cluster    kubernetes.Interface
	objects    dynamic.Interface
	mapper     meta.RESTMapper
	images     *standin.Images    // nil where the nodes pull them all
	capacity   *capacity.Capacity // nil where scenarios need not share it
	vocabulary *Vocabulary
	discovery  discovery.CachedDiscoveryInterface

	owner   *ownership.Run // from Begin to Close
	outside outside
	unused  unused

	background *background
	closing    sync.Once

	trying   sync.Mutex // guards what follows
	enforces enforcement

	turns *turns // a serial scenario is alone

	mu   sync.Mutex
	kept []string

	skipped map[string][]string // names by reason
}

// NewSuite returns the suite of a suite that runs on the cluster that config leads to. It asks the cluster nothing yet.
func NewSuite(config *rest.Config, options Options) (*Suite, error) {
	switch {
	case options.Release == "" || options.Chart == "" || options.Namespace == "":
		return nil, errors.New("steps: say which release, chart and namespace the suite tests")
	case options.Wait == 0:
		options.Wait = time.Minute
	}
	s := &Suite{options: options, config: config, run: shortID(), turns: newTurns(), background: newBackground()}
	var err error
	if s.vocabulary, err = NewVocabulary(options.Steps); err != nil {
		return nil, err
	}
	if s.cluster, err = kubernetes.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	s.images = newImages(s.cluster, options)
	s.capacity = newCapacity(s.cluster, s.run, options)
	if s.paths, err = newPaths(options); err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	client, err := helm.New(config, helm.Options{
		Namespace: options.Namespace, Dir: options.Dir, Redirect: s.paths.redirect,
	})
	if err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	s.helm = client
	if s.objects, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	s.discovery = client.Discovery()
	s.mapper = restmapper.NewDeferredDiscoveryRESTMapper(s.discovery)
	return s, nil
}

// Kept are the namespaces of failed scenarios that were left because of Options.KeepFailed, by their names in the cluster.
func (s *Suite) Kept() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}

// noContainers is the reason why scenarios that need containers are skipped.
const noContainers = "it needs nodes that run containers, and the nodes of this cluster are simulated"

// Skipped are the names of the scenarios that were skipped because they need what this cluster does not have, in order, by the reason.
func (s *Suite) Skipped() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sorted := map[string][]string{}
	for reason, names := range s.skipped {
		sorted[reason] = slices.Sorted(slices.Values(names))
	}
	return sorted
}

func (s *Suite) skip(about *godog.Scenario, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.skipped == nil {
		s.skipped = map[string][]string{}
	}
	s.skipped[reason] = append(s.skipped[reason], about.Name)
	return fmt.Errorf("%w: %s: %s", godog.ErrSkip, about.Name, reason)
}

// Register gives sc, the context of one scenario, the built-in steps and the suite's own.
func Register(sc *godog.ScenarioContext, suite *Suite) {
	s := newScenario(suite)
	register := func(step Step) { sc.Step(grammar.Pattern(step.Phrase), step.Method) }
	for _, noun := range s.nouns() {
		for _, row := range noun.Rows {
			register(row)
		}
	}
	if own := suite.options.Steps; own != nil {
		own(sc, &Scenario{s, register})
	}
	sc.Before(s.begin)
	sc.StepContext().After(s.explain)
	sc.After(s.end)
}

// scenario is what one scenario knows while it runs.
type scenario struct {
	suite        *Suite
	endTurn      func()
	release      string     // under test: the last one that the scenario named
	chart        string     // of that release
	namespaces   namespaces // by the names that the scenario calls them
	releases     releases   // that it installed
	earlier      []string   // releases that were in Options.SingleNamespace before the scenario began
	last         *helm.Result
	comparesPods bool            // with those from before
	before       *before         // the last command that may change pods; nil when there was none, or no step compares
	recorders    []*recorder     // of workloads that are watched
	noted        map[string]any  // what fields had when the scenario noted them
	tried        *attempt        // what may have failed; nil when nothing was tried since the last command that may not
	scratch      string          // its own folder; "" until it needs one
	streams      []*stream       // of requests that are being sent
	share        *capacity.Share // of what the nodes have; nil where it is not shared out
}

func newScenario(suite *Suite) *scenario {
	s := &scenario{
		suite: suite, release: suite.options.Release, chart: suite.options.Chart,
		namespaces: namespaces{only: suite.options.SingleNamespace},
	}
	if suite.capacity != nil {
		s.share = suite.capacity.Share()
	}
	return s
}

// begin skips a scenario that can show nothing here, and waits for the turn of one that can.
func (s *scenario) begin(ctx context.Context, about *godog.Scenario) (context.Context, error) {
	if ctx.Err() != nil {
		return ctx, endedBefore(about, context.Cause(ctx))
	}
	planned := s.suite.vocabulary.plan(about)
	if planned.effects.Has(NeedsContainers) && !s.suite.options.Containers {
		return ctx, s.suite.skip(about, noContainers)
	}
	if hasTag(about, NetworkPolicies) {
		missing, err := s.suite.enforced(ctx)
		if err != nil {
			return ctx, err
		}
		if missing != "" {
			return ctx, s.suite.skip(about, "it is tagged "+NetworkPolicies+", and "+missing)
		}
	}
	if s.namespaces.only != "" && len(s.suite.Kept()) > 0 {
		return ctx, s.suite.skip(about, "a scenario before it failed, and what that made is kept in the one namespace there is")
	}
	if second := s.secondNamespace(planned.namespaces); second != "" {
		return ctx, s.suite.skip(about, fmt.Sprintf("it needs the namespace %q, and the run may use %s only", second, s.namespaces.only))
	}
	var err error
	if s.endTurn, err = s.suite.turns.begin(ctx, hasTag(about, Serial) || s.namespaces.only != ""); err != nil {
		return ctx, endedBefore(about, err)
	}
	if s.share != nil && planned.effects.Has(ReplacesPods) {
		s.share.ExpectUpdates()
	}
	s.comparesPods = planned.effects.Has(ComparesPods)
	if err := s.suite.vocabulary.misused(about.Steps); err != nil {
		return ctx, err
	}
	return ctx, s.noteEarlier(ctx)
}

// endedBefore says that the run ended before a scenario began.
func endedBefore(about *godog.Scenario, cause error) error {
	return fmt.Errorf("%w: %s: the run ended before it: %w", godog.ErrSkip, about.Name, cause)
}

func hasTag(about *godog.Scenario, name string) bool {
	return slices.ContainsFunc(about.Tags, func(tag *messages.PickleTag) bool { return tag.Name == name })
}

// end takes away what the scenario made, or leaves it to be looked at.
func (s *scenario) end(ctx context.Context, _ *godog.Scenario, err error) (context.Context, error) {
	if s.endTurn == nil { // it was skipped
		return ctx, nil
	}
	defer s.endTurn()
	s.stopRecorders()
	var unchecked error
	if err == nil {
		unchecked = errors.Join(s.tried.unchecked(), s.uncheckedStreams())
	}
	s.cancelStreams()
	if (err != nil || unchecked != nil) && s.suite.options.KeepFailed {
		s.suite.mu.Lock()
		defer s.suite.mu.Unlock()
		s.suite.kept = append(s.suite.kept, s.namespaces.all()...)
		s.keepShare()
		return ctx, errors.Join(unchecked, s.removeScratch())
	}
	return ctx, errors.Join(unchecked, s.removeScratch(), s.cleanUp())
}
