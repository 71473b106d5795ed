package embedded_test

import (
	"context"
	"fmt"
	"log"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/cluster/embedded"
)

func Example() {
	ctx := context.Background()
	cluster := embedded.New(embedded.Options{Nodes: 2}, os.Stderr)
	if err := cluster.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			log.Print(err)
		}
	}()

	client, err := kubernetes.NewForConfig(cluster.Config())
	if err != nil {
		log.Print(err)
		return
	}
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		log.Print(err)
		return
	}
	for _, node := range nodes.Items {
		fmt.Println(node.Name)
	}
	// Output:
	// node-1
	// node-2
}
