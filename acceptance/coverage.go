package acceptance

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/traderadmin/charts/internal/helm/binary"
	"github.com/traderadmin/charts/internal/helm/coverage"
	"github.com/traderadmin/charts/steps"
)

// maxMissed is the number of missed branches and values that are printed.
const maxMissed = 10

// newCoverage returns the coverage of the run, of which nothing is covered yet, or nil without -coverage.
func (r *suiteRun) newCoverage() (*coverage.Coverage, error) {
	switch {
	case r.flags.coverage == "" && r.flags.coverageMin > 0:
		return nil, errors.New("-coverage-min needs -coverage, the folder of the report")
	case r.flags.coverage == "":
		return nil, nil
	case r.flags.helm != binary.SDK:
		return nil, fmt.Errorf("-coverage needs a record of the Helm commands, and only Helm 3 in this process keeps "+
			"one: leave out -helm=%s", r.flags.helm)
	}
	return coverage.New(r.source)
}

// cover adds what the scenarios of a recorder cover.
func (r *suiteRun) cover(ctx context.Context, recorder *steps.Recorder) error {
	var failed []error
	for _, s := range recorder.Scenarios() {
		name := filepath.Base(s.Feature) + ": " + s.Name
		failed = append(failed, r.coverage.Add(ctx, name, s.Commands.Commands()))
	}
	return errors.Join(failed...)
}

// reportCoverage writes the coverage, and prints what is missed. It returns an error if less than -coverage-min percent
// of the branches are covered.
func (r *suiteRun) reportCoverage() error {
	c := r.coverage
	if c == nil {
		return nil
	}
	if err := c.Write(r.flags.coverage); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "\nCovered: %s. See %s\n", c.Summary(), filepath.Join(r.flags.coverage, "index.html"))
	missed := c.Missed()
	for _, line := range missed[:min(maxMissed, len(missed))] {
		fmt.Fprintf(r.out, "    %s\n", line)
	}
	if more := len(missed) - maxMissed; more > 0 {
		fmt.Fprintf(r.out, "    %d more\n", more)
	}
	if percent := c.Percent(); percent < r.flags.coverageMin {
		return fmt.Errorf("the scenarios cover %.1f %% of the branches of templates; -coverage-min demands %.1f %%",
			percent, r.flags.coverageMin)
	}
	return nil
}
