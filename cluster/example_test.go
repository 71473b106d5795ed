package cluster_test

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/traderadmin/charts/cluster"
)

// The user chooses the backend on the command line, here the embedded one with a smaller node.
func ExampleOpen() {
	var options cluster.Options
	flags := flag.NewFlagSet("example", flag.ContinueOnError)
	backend := flags.String("cluster", "embedded", "the backend: "+cluster.Names())
	options.Bind(flags)
	if err := flags.Parse([]string{"-node-cpu=4", "-node-memory=8Gi"}); err != nil {
		log.Fatal(err)
	}

	provider, err := cluster.Open(*backend, options, os.Stderr)
	if err != nil {
		log.Fatal(err)
	}
	if err := provider.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	defer func() {
		if err := provider.Stop(); err != nil {
			log.Print(err)
		}
	}()

	fmt.Println("runs containers:", provider.RunsContainers())
	fmt.Println("outlives the run:", provider.Persistent())
	// Output:
	// runs containers: false
	// outlives the run: false
}

func ExampleNames() {
	fmt.Println(cluster.Names())
	// Output: embedded, existing, kind
}
