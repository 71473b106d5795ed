package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/traderadmin/charts/cluster/embedded/controlplane/verdict"
)

// validate gives the API server's verdicts on manifests until stdin is closed. It returns the exit code: 0, or 1 if its
// input is not in the format of the package verdict.
func validate(stdin io.Reader, stdout, stderr io.Writer) int {
	const percent = 400 // as for the components; the process lives shortly
	debug.SetGCPercent(percent)
	if err := verdict.Serve(stdin, stdout); err != nil {
		fmt.Fprintf(stderr, "controlplane validate: %v\n", err)
		return 1
	}
	return 0
}
