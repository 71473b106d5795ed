package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	nodestages "sigs.k8s.io/kwok/kustomize/stage/node/fast"
	heartbeat "sigs.k8s.io/kwok/kustomize/stage/node/heartbeat-with-lease"
	podstages "sigs.k8s.io/kwok/kustomize/stage/pod/fast"
	"sigs.k8s.io/kwok/pkg/apis/internalversion"
	"sigs.k8s.io/kwok/pkg/client/clientset/versioned"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/client"
)

// nodeOptions say how many nodes are simulated, and how much each of them can hold.
type nodeOptions struct {
	count       int
	cpu, memory resource.Quantity
	pods        int64
}

func (o *nodeOptions) bind(flags *flag.FlagSet) {
	o.cpu, o.memory = resource.MustParse("4"), resource.MustParse("16Gi")
	flags.IntVar(&o.count, "nodes", 1, "how many nodes to simulate")
	flags.Func("node-cpu", "CPU of each node, a Kubernetes quantity of cores (default 4)", quantity(&o.cpu))
	flags.Func("node-memory", "memory of each node, a Kubernetes quantity of bytes (default 16Gi)", quantity(&o.memory))
	flags.Int64Var(&o.pods, "node-pods", 110, "how many pods each node takes")
}

func quantity(q *resource.Quantity) func(string) error {
	return func(s string) (err error) {
		*q, err = resource.ParseQuantity(s)
		return err
	}
}

// args is o as the flags that bind reads.
func (o nodeOptions) args() []string {
	return []string{
		fmt.Sprintf("--nodes=%d", o.count),
		"--node-cpu=" + o.cpu.String(),
		"--node-memory=" + o.memory.String(),
		fmt.Sprintf("--node-pods=%d", o.pods),
	}
}

// node is the i-th node as a kubelet would register it: with its size, and with the labels that the scheduler's rules speak of.
func (o nodeOptions) node(i int) *corev1.Node {
	name := fmt.Sprintf("node-%d", i)
	size := corev1.ResourceList{
		corev1.ResourceCPU:              o.cpu,
		corev1.ResourceMemory:           o.memory,
		corev1.ResourceEphemeralStorage: resource.MustParse("100Gi"),
		corev1.ResourcePods:             *resource.NewQuantity(o.pods, resource.DecimalSI),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:     name,
				corev1.LabelOSStable:     "linux",
				corev1.LabelArchStable:   runtime.GOARCH,
				corev1.LabelTopologyZone: fmt.Sprintf("zone-%d", i),
				"type":                   "kwok",
			},
			Annotations: map[string]string{"kwok.x-k8s.io/node": "fake"},
		},
		Status: corev1.NodeStatus{
			Capacity:    size,
			Allocatable: size,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("10.0.%d.%d", i/250, i%250+1)},
				{Type: corev1.NodeHostName, Address: name},
			},
		},
	}
}

// runNodes registers the nodes and plays their kubelets until it is stopped.
func runNodes(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var options nodeOptions
	flags := flag.NewFlagSet(nodes, flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "the file that says where the API server is")
	options.bind(flags)
	_ = flags.Parse(args) // ExitOnError

	if err := playKubelets(ctx, *kubeconfig, options); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", nodes, err)
		return 1
	}
	return 0
}

func playKubelets(ctx context.Context, kubeconfig string, options nodeOptions) error {
	controller, clientset, err := newKubelets(kubeconfig)
	if err != nil {
		return err
	}
	if err := awaitAPI(ctx, clientset); err != nil {
		return err
	}
	for i := 1; i <= options.count; i++ {
		if _, err := clientset.CoreV1().Nodes().Create(ctx, options.node(i), metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("register a node: %w", err)
		}
	}
	logger := log.NewLogger(os.Stderr, log.LevelInfo)
	if err := controller.Start(log.NewContext(ctx, logger)); err != nil {
		return fmt.Errorf("start the node and pod controllers: %w", err)
	}
	<-ctx.Done()
	return nil
}

// newKubelets makes KWOK's controllers out of its own stages for nodes and pods, and a client of the API server.
func newKubelets(kubeconfig string) (*controllers.Controller, kubernetes.Interface, error) {
	clients, err := client.NewClientset("", kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	restConfig, err := clients.ToRESTConfig()
	if err != nil {
		return nil, nil, err
	}
	restClient, err := rest.RESTClientFor(restConfig)
	if err != nil {
		return nil, nil, err
	}
	mapper, err := clients.ToRESTMapper()
	if err != nil {
		return nil, nil, err
	}
	dynamic, err := clients.ToDynamicClient()
	if err != nil {
		return nil, nil, err
	}
	typed, err := kubernetes.NewForConfig(restConfig)
	if err != nil {
		return nil, nil, err
	}
	kwok, err := versioned.NewForConfig(restConfig)
	if err != nil {
		return nil, nil, err
	}
	stages, err := stages()
	if err != nil {
		return nil, nil, err
	}
	id, err := controllers.Identity()
	if err != nil {
		return nil, nil, err
	}
	controller, err := controllers.NewController(controllers.Config{
		Clock:                      clock.RealClock{},
		RESTClient:                 restClient,
		RESTMapper:                 mapper,
		DynamicClient:              dynamic,
		TypedClient:                typed,
		TypedKwokClient:            kwok,
		ImpersonatingDynamicClient: clients.ToImpersonatingDynamicClient(),
		ImpersonatingTypedClient:   clients.ToImpersonatingTypedClient(),
		ManageAllNodes:             true,
		CIDR:                       "10.244.0.0/16",
		LocalStages:                stages,
		PodPlayStageParallelism:    16,
		NodePlayStageParallelism:   4,
		NodeLeaseDurationSeconds:   40, // a kubelet's default
		NodeLeaseParallelism:       4,
		PodsOnNodeSyncParallelism:  4,
		ID:                         id,
	})
	return controller, typed, err
}

var (
	//go:embed stages/pod-image-pull-error.yaml
	imagePullError string
	//go:embed stages/pod-image-pull-backoff.yaml
	imagePullBackOff string
)

// stages are KWOK's own: a node is Ready at once and stays so by its lease; a pod runs as soon as it is bound, ends at once if a Job owns it,
// and is gone as soon as it is deleted. Those in the folder stages make an exception: a pod with an image that no node could pull is not Ready.
func stages() (map[internalversion.StageResourceRef][]*internalversion.Stage, error) {
	byKind := map[internalversion.StageResourceRef][]*internalversion.Stage{}
	byName := map[string]*internalversion.Stage{}
	for _, raw := range []string{
		nodestages.DefaultNodeInit,
		heartbeat.DefaultNodeHeartbeatWithLease,
		podstages.DefaultPodReady,
		podstages.DefaultPodComplete,
		podstages.DefaultPodDelete,
		imagePullError,
		imagePullBackOff,
	} {
		stage, err := config.UnmarshalWithType[*internalversion.Stage](raw)
		if err != nil {
			return nil, fmt.Errorf("read the stage %q: %w", strings.SplitN(raw, "\n", 2)[0], err)
		}
		byKind[stage.Spec.ResourceRef] = append(byKind[stage.Spec.ResourceRef], stage)
		byName[stage.Name] = stage
	}
	exclude(byName["pod-ready"], byName["pod-image-pull-error"].Spec.Selector.MatchExpressions[0])
	return byKind, nil
}

// exclude keeps stage from what the expression, which asks whether something exists, is true of.
func exclude(stage *internalversion.Stage, expression internalversion.MatchExpression) {
	stage.Spec.Selector.MatchExpressions = append(stage.Spec.Selector.MatchExpressions, internalversion.MatchExpression{
		JQ: &internalversion.SelectorJQ{Key: expression.JQ.Key, Operator: internalversion.SelectorOpDoesNotExist},
	})
}
