package acceptance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/traderadmin/charts/acceptance/internal/report"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/helm/binary"
)

// cell is one run of the scenarios: on one cluster, with one Helm.
type cell struct {
	report.Part
	helm string // path of the binary; empty for the SDK of Helm 3
}

// helmVersion is a Helm that -helm names.
type helmVersion struct {
	flag, name, binary string
}

// findHelms returns the Helms that -helm names. It builds those that need it.
func (r *suiteRun) findHelms() ([]helmVersion, error) {
	var all []helmVersion
	for _, name := range strings.Split(r.flags.helm, ",") {
		if slices.ContainsFunc(all, func(other helmVersion) bool { return other.flag == name }) {
			return nil, fmt.Errorf("-helm=%s names %s twice", r.flags.helm, name)
		}
		path, version, err := binary.Find(context.Background(), name, r.out)
		if err != nil {
			return nil, fmt.Errorf("-helm=%s: %w", r.flags.helm, err)
		}
		all = append(all, helmVersion{name, version, path})
	}
	return all, nil
}

// cells returns the runs on a cluster. A cell has a name if the whole run has several.
func (r *suiteRun) cells(on cluster.Variant) []cell {
	var cells []cell
	for _, with := range r.helms {
		one := cell{helm: with.binary}
		one.Name, one.Flags = on.Name, on.Flags
		if len(r.helms) > 1 {
			one.Name = strings.TrimPrefix(on.Name+", "+with.name, ", ")
			one.Flags = append(slices.Clone(on.Flags), "-helm="+with.flag)
		}
		cells = append(cells, one)
	}
	return cells
}

// subtest runs a cell as a subtest, or in the test of the whole run if it is the only one, which has no name.
func (r *suiteRun) subtest(name string, run func(*testing.T) error) {
	if name == "" {
		r.ran++
		fail(r.t, run(r.t))
		return
	}
	r.t.Run(name, func(t *testing.T) {
		r.ran++
		fail(t, run(t))
	})
}

// checkRan returns an error if -run selects none of the cells. It tells the user if some did not run.
func (r *suiteRun) checkRan(clusters []cluster.Variant) error {
	all := len(clusters) * len(r.helms)
	switch {
	case r.ran == 0 && !r.t.Failed():
		return fmt.Errorf("-run selects no scenario: in this run the second part of its pattern names the version: "+
			"-run %s/%s/SCENARIO", r.t.Name(), strings.ReplaceAll(r.cells(clusters[0])[0].Name, " ", "_"))
	case r.ran < all && r.t.Failed():
		fmt.Fprintf(r.out, "\nThe scenarios ran on %d of %d combinations of versions.\n", r.ran, all)
	}
	return nil
}
