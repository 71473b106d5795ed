package kind_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"k8s.io/client-go/kubernetes"

	"github.com/traderadmin/charts/cluster/kind"
)

// This example needs a Docker engine, so it is compiled but not run.
func Example() {
	cluster := kind.New(kind.Options{Image: "kindest/node:v1.37.2"}, os.Stderr)
	if err := cluster.Start(context.Background()); err != nil {
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
	version, err := client.Discovery().ServerVersion()
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(version.GitVersion)
}
