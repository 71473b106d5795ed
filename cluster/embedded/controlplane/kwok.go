package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"sigs.k8s.io/kwok/pkg/client/clientset/versioned"
	"sigs.k8s.io/kwok/pkg/kwok/controllers"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/client"
)

// runKWOK creates the nodes, and simulates their kubelets, storage and load balancers until it is stopped.
func runKWOK(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var options nodeOptions
	flags := flag.NewFlagSet(kwok, flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "path of the kubeconfig for the API server")
	options.bind(flags)
	_ = flags.Parse(args) // ExitOnError

	if err := simulateKubelets(ctx, *kubeconfig, options); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", kwok, err)
		return 1
	}
	return 0
}

func simulateKubelets(ctx context.Context, kubeconfig string, options nodeOptions) error {
	controller, clientset, err := newController(kubeconfig)
	if err != nil {
		return err
	}
	if err := awaitAPI(ctx, clientset); err != nil {
		return err
	}
	if options.kubelet, err = serveKubelets(ctx); err != nil {
		return fmt.Errorf("serve the kubelets: %w", err)
	}
	for i := 1; i <= options.count; i++ {
		if _, err := clientset.CoreV1().Nodes().Create(ctx, options.node(i), metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create a node: %w", err)
		}
	}
	if err := provideStorage(ctx, clientset); err != nil {
		return err
	}
	if err := provideLoadBalancers(ctx, clientset); err != nil {
		return err
	}
	events := record.NewBroadcaster(record.WithContext(ctx))
	events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: clientset.CoreV1().Events("")})
	kubelet := events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet"})
	if err := startKubelets(ctx, clientset, kubelet); err != nil {
		return fmt.Errorf("start the kubelets: %w", err)
	}
	logger := log.NewLogger(os.Stderr, log.LevelInfo)
	if err := controller.Start(log.NewContext(ctx, logger)); err != nil {
		return fmt.Errorf("start the node and pod controllers: %w", err)
	}
	<-ctx.Done()
	return nil
}

// newController returns KWOK's controller of nodes and pods, and a client of the API server.
func newController(kubeconfig string) (*controllers.Controller, kubernetes.Interface, error) {
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
	kwokClient, err := versioned.NewForConfig(restConfig)
	if err != nil {
		return nil, nil, err
	}
	stages, err := loadStages()
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
		TypedKwokClient:            kwokClient,
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
