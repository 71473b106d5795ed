// Package steps is the vocabulary of scenarios that test a Helm chart: it gives godog the steps, and runs them against
// a Kubernetes cluster.
//
// Every step is a row of a table: a phrase, the function that runs it, and its documentation. Each noun, such as
// releases, workloads or requests, has a file with its rows and functions. Nothing in this package is about one chart.
// The release under test, the path of its chart and the namespace are Options, and a suite can add steps of its own:
//
//	options := steps.Options{Release: "shop", Chart: "./charts/shop", Namespace: "shop"}
//	suite, err := steps.NewSuite(provider.Config(), options.ForCluster(provider))
//	...
//	godog.TestSuite{ScenarioInitializer: func(sc *godog.ScenarioContext) { steps.Register(sc, suite) }}.Run()
//
// Scenarios are isolated, so that they can run side by side: a namespace that a scenario names stands for a new one,
// which is deleted after the scenario.
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

const (
	// Serial is the tag of a scenario that runs alone, because it creates cluster-scoped objects or looks at the whole
	// cluster.
	Serial = "@serial"

	// Containers is the tag of a scenario that needs nodes that run containers. On simulated nodes it is skipped. A
	// scenario with a step that needs containers is treated as if it had the tag.
	Containers = "@containers"

	// NetworkPolicies is the tag of a scenario that needs a network which enforces NetworkPolicies. It is skipped if a
	// trial shows that the cluster's does not.
	NetworkPolicies = "@networkpolicies"
)

// RunLabel is the label of everything that a run creates on a cluster. Its value is the ID of the run.
const RunLabel = ownership.Label

// Options describe the chart that a suite tests, and how it uses the cluster. Release, Chart and Namespace are
// required.
type Options struct {
	// Release is the name of the release under test, which steps use that name no other.
	Release string
	// Chart is the path of its chart as scenarios write it, the one after `helm install NAME`.
	Chart string
	// ChartSource is the path of the chart to test. If it is set, every path in a step that leads to Chart, or to a
	// file in it, leads to ChartSource instead. "" means Chart.
	ChartSource string
	// Namespace is the namespace that steps use that name no other. It is created when it is needed.
	Namespace string
	// Dir is the folder that relative paths start from. "" means the working directory.
	Dir string
	// Scratch is the folder in which each scenario gets a folder for its files, which is removed after the scenario.
	// "" means the system's folder for temporary files.
	Scratch string
	// Helm is the path of the helm binary that runs Helm commands. "" means Helm 3 in this process.
	Helm string
	// Wait is the longest that a step waits for the cluster. 0 means one minute. It is also the time limit of Helm
	// commands without --timeout, as far as it is below Helm's own limit of 5 minutes.
	Wait time.Duration
	// Containers says that the nodes of the cluster run containers, and are not simulated.
	Containers bool
	// Nodes, if set, receives a stand-in for each image that a container names and no node has. With nil, nodes pull all
	// images.
	Nodes Nodes
	// RealImages are globs of image repositories that get no stand-in. nil means DefaultRealImages.
	RealImages []string
	// HealthPaths are the paths that stand-ins answer with 200; all others get 404. nil means DefaultHealthPaths.
	HealthPaths []string
	// Progress gets a line for everything that takes long, such as building the stand-in. nil discards them.
	Progress io.Writer
	// SingleNamespace is the only namespace that the run may use. It must exist, and it stays. It takes the place of
	// Namespace. Scenarios then run one after another, each deletes what it created, and one that names a second
	// namespace is skipped. "" gives every scenario namespaces of its own.
	SingleNamespace string
	// RetainNamespaces is the number of namespaces of finished scenarios that may stay, the newest, on a cluster that is
	// discarded after the run: deleting one costs the API server more than a hundred requests. 0 deletes each after
	// its scenario.
	RetainNamespaces int
	// KeepFailed leaves the namespaces of failed scenarios, which Suite.Kept names.
	KeepFailed bool
	// Recorder, if set, receives the Helm commands of the scenarios. It needs Helm 3 in this process.
	Recorder *Recorder
	// Headlines makes godog print only the first line of a failed step's error. It is for runs with a report, which prints
	// the whole error once.
	Headlines bool
	// Steps registers the steps that the suite adds to the built-in ones. nil means none.
	Steps OwnSteps
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

// Suite is the state that the scenarios of a run share. It is safe for concurrent use.
type Suite struct {
	options    Options
	vocabulary *Vocabulary
	run        string // the ID of the run, the value of RunLabel
	config     *rest.Config
	client     kubernetes.Interface
	resources  *resources
	helm       helm.Helm
	closeHelm  func() error
	paths      paths

	images     *standin.Images    // nil if the nodes pull all images
	capacity   *capacity.Capacity // nil if scenarios need not share the nodes' capacity
	policies   policyTrial
	turns      *turns
	background *background
	shared     sharedObjects
	retained   retained

	owner   *ownership.Run // from Begin to Close
	closing sync.Once

	mu      sync.Mutex
	kept    []string
	skipped map[string][]string // names by reason
}

// NewSuite returns a suite on the cluster that config leads to. It does not contact the cluster. It fails if a required
// option is missing, or if the suite's own steps cannot be used.
func NewSuite(config *rest.Config, options Options) (*Suite, error) {
	if options.Release == "" || options.Chart == "" || options.Namespace == "" {
		return nil, errors.New("steps: Options needs Release, Chart and Namespace")
	}
	if options.Recorder != nil && options.Helm != "" {
		return nil, errNotRecorded
	}
	if options.Wait == 0 {
		options.Wait = time.Minute
	}
	s := &Suite{
		options: options, run: shortID(), config: config, resources: new(resources),
		turns: newTurns(), background: newBackground(),
	}
	var err error
	if s.vocabulary, err = NewVocabulary(options.Steps); err != nil {
		return nil, err
	}
	if err := s.connect(); err != nil {
		return nil, fmt.Errorf("steps: %w", err)
	}
	s.images = newImages(s.client, options)
	s.capacity = newCapacity(s.client, s.run, options)
	return s, nil
}

// helmTimeout is the default of Helm's flag --timeout.
const helmTimeout = 5 * time.Minute

// connect makes the clients of the cluster.
func (s *Suite) connect() (err error) {
	if s.client, err = kubernetes.NewForConfig(s.config); err != nil {
		return err
	}
	if s.resources.dynamic, err = dynamic.NewForConfig(s.config); err != nil {
		return err
	}
	if s.paths, err = newPaths(s.options); err != nil {
		return err
	}
	s.helm, s.closeHelm, err = helm.Connect(s.options.Helm, s.config, helm.Options{
		Namespace: s.options.Namespace, Dir: s.options.Dir, Scratch: s.options.Scratch, Redirect: s.paths.redirect,
		Timeout: min(s.options.Wait, helmTimeout),
	})
	if err != nil {
		return err
	}
	s.resources.discovery = s.helm.Discovery()
	s.resources.mapper = restmapper.NewDeferredDiscoveryRESTMapper(s.resources.discovery)
	return nil
}

// ID returns the ID of the run, the value of RunLabel.
func (s *Suite) ID() string { return s.run }

// Begin creates a Lease that marks the objects of the run as in use until Close. It deletes the objects of dead runs,
// and reports them to progress. It is for clusters that outlive the run.
func (s *Suite) Begin(ctx context.Context, progress io.Writer) (err error) {
	s.owner, err = ownership.Begin(ctx, s.config, s.run, s.ownership(progress))
	return err
}

// Sweep deletes the objects of dead runs on the cluster, and waits until they are gone.
func (s *Suite) Sweep(ctx context.Context, progress io.Writer) error {
	return ownership.Sweep(ctx, s.config, s.ownership(progress))
}

func (s *Suite) ownership(progress io.Writer) ownership.Options {
	single := &singleNamespace{s.options.SingleNamespace, s.client, s.resources, s.helm}
	return ownership.Options{Namespace: single.name, DeleteObjects: single.deleteRun, Progress: progress}
}

// Close cancels everything that scenarios started and joins it, or abandons it when ctx ends. It removes the images
// that the run loaded onto the nodes. After Begin, it also deletes everything that the run created, kept namespaces
// included, and waits until it is gone. Call it after the scenarios. When ctx ends first, it returns an error that
// names the unfinished work. A second call does nothing.
func (s *Suite) Close(ctx context.Context) (err error) {
	s.closing.Do(func() {
		failed := []error{s.background.close(ctx), s.closeHelm()}
		if s.images != nil {
			failed = append(failed, within(ctx, "remove images from the nodes", func() error { return s.images.Remove(ctx) }))
		}
		if s.owner != nil {
			failed = append(failed, s.owner.Close(ctx))
		}
		err = errors.Join(failed...)
	})
	return err
}

// Kept returns the namespaces that Options.KeepFailed left, by their names in the cluster.
func (s *Suite) Kept() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}

func (s *Suite) keep(namespaces []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, namespaces...)
}

// Skipped returns the names of the scenarios that the cluster cannot run, by the reason. The names are sorted.
func (s *Suite) Skipped() map[string][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sorted := map[string][]string{}
	for reason, names := range s.skipped {
		sorted[reason] = slices.Sorted(slices.Values(names))
	}
	return sorted
}

// skip records that a scenario is skipped, and returns the error that makes godog skip it.
func (s *Suite) skip(about *godog.Scenario, reason string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.skipped == nil {
		s.skipped = map[string][]string{}
	}
	s.skipped[reason] = append(s.skipped[reason], about.Name)
	return fmt.Errorf("%w: %s: %s", godog.ErrSkip, about.Name, reason)
}

// Images returns the images that containers of the run named, sorted by name, or nil if Options.Nodes is nil.
func (s *Suite) Images() []Image {
	if s.images == nil {
		return nil
	}
	return s.images.Used()
}
