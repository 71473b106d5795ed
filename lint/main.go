// Command lint checks Helm charts: their values against their schema, and what they render against the rules of lint/rule.
//
//	go run ./lint charts/traderadmin
//
// It exits with 0 if there is nothing wrong, 1 if there are findings of severity error, and 2 if it could not run.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/pflag"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/report"
	"github.com/traderadmin/charts/lint/rule"
)

const (
	clean       = 0
	hasErrors   = 1
	couldNotRun = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command line and returns its exit code. A run that fails says why in one place, on stderr.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code, err := lint(ctx, args, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "lint: %v\n", err)
		return couldNotRun
	}
	return code
}

func lint(ctx context.Context, args []string, stdout io.Writer) (int, error) {
	flags := pflag.NewFlagSet("lint", pflag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed once, by run
	kubeVersion := flags.String("kube-version", chart.DefaultKubeVersion, "Kubernetes `version` to render the charts for")
	format := flags.String("format", "text", "`format` of the findings: "+strings.Join(report.Formats(), ", "))
	list := flags.Bool("list", false, "list the rules and exit")
	explain := flags.String("explain", "", "explain the rule of this `ID` and exit")

	if err := flags.Parse(args); errors.Is(err, pflag.ErrHelp) {
		fmt.Fprintf(stdout, "Usage: lint [flags] CHART...\n\nLints Helm charts: folders or .tgz archives.\n\n%s", flags.FlagUsages())
		return clean, nil
	} else if err != nil {
		return 0, fmt.Errorf("%w; lint --help lists the flags", err)
	}
	if err := report.Check(*format); err != nil {
		return 0, err
	}
	if *list {
		return clean, writeList(stdout)
	}
	if flags.Changed("explain") {
		return clean, writeExplanation(stdout, *explain)
	}
	result, err := linter.Run(ctx, flags.Args(), linter.Options{KubeVersion: *kubeVersion})
	if err != nil {
		return 0, err
	}
	if err := report.Write(stdout, *format, result); err != nil {
		return 0, fmt.Errorf("write the findings: %w", err)
	}
	if result.Count(rule.Error) > 0 {
		return hasErrors, nil
	}
	return clean, nil
}
