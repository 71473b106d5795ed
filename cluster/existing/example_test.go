package existing_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/traderadmin/charts/cluster/existing"
)

// This example needs a cluster, so it is compiled but not run.
func Example() {
	cluster := existing.New(existing.Options{Context: "staging", Namespace: "charts-test"}, os.Stderr)
	if err := cluster.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := cluster.Stop(); err != nil {
			log.Print(err)
		}
	}()

	fmt.Println(cluster.Config().Host, "runs containers:", cluster.RunsContainers())
}
