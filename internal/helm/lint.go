package helm

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint/support"
)

func (e *execution) lint() *cobra.Command {
	client := action.NewLint()
	command := &cobra.Command{
		Use:         "lint [PATH...]",
		Short:       "examine a chart for possible issues",
		Annotations: argumentsName(manyCharts),
	}
	flags := command.Flags()
	flags.BoolVar(&client.Strict, "strict", false, "fail on warnings, too")
	flags.BoolVar(&client.WithSubcharts, "with-subcharts", false, "lint the charts it depends on, too")
	flags.BoolVar(&client.Quiet, "quiet", false, "print only warnings and errors")
	flags.BoolVar(&client.SkipSchemaValidation, "skip-schema-validation", false,
		"do not validate values against the chart's schema")
	kubeVersion := e.kubeVersionFlag(flags)
	options := valueFlags(flags)

	command.RunE = func(_ *cobra.Command, paths []string) error {
		var err error
		if client.KubeVersion, err = kubeVersion(); err != nil {
			return err
		}
		client.Namespace = e.namespace
		vals, err := e.merge(options)
		if err != nil {
			return err
		}
		if len(paths) == 0 {
			paths = []string{"."}
		}
		if client.WithSubcharts {
			if paths, err = e.withSubcharts(paths); err != nil {
				return err
			}
		}
		return e.lintAll(client, paths, vals)
	}
	return command
}

func (e *execution) lintAll(client *action.Lint, paths []string, vals map[string]any) error {
	failed, noteworthy := 0, false
	for _, path := range paths {
		result := client.Run([]string{e.path(path)}, vals)
		if len(result.Errors) > 0 {
			failed++
		}
		if action.HasWarningsOrErrors(result) {
			noteworthy = true
		} else if client.Quiet {
			continue
		}
		e.printLint(path, result, client.Quiet)
	}
	summary := fmt.Sprintf("%d chart(s) linted, %d chart(s) failed", len(paths), failed)
	if failed > 0 {
		return errors.New(summary)
	}
	if !client.Quiet || noteworthy {
		e.stdout.Printf("%s", summary)
	}
	return nil
}

func (e *execution) printLint(path string, result *action.LintResult, quiet bool) {
	fmt.Fprintf(&e.stdout, "==> Linting %s\n", path)
	if len(result.Messages) == 0 { // otherwise they include the errors
		for _, err := range result.Errors {
			fmt.Fprintf(&e.stdout, "Error %s\n", err)
		}
	}
	for _, message := range result.Messages {
		if !quiet || message.Severity > support.InfoSev {
			fmt.Fprintln(&e.stdout, message)
		}
	}
	fmt.Fprintln(&e.stdout)
}

// withSubcharts adds the folders and archives in the charts folders of the given charts.
func (e *execution) withSubcharts(paths []string) ([]string, error) {
	all := paths
	for _, path := range paths {
		root := e.path(path)
		subcharts := filepath.Join(root, chartutil.ChartsDir)
		err := filepath.WalkDir(subcharts, func(found string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil && found == subcharts: // there are none
				return filepath.SkipDir
			case err != nil:
				return err
			case entry.Name() == chartutil.ChartfileName:
				found = filepath.Dir(found)
			case !strings.HasSuffix(found, ".tgz") && !strings.HasSuffix(found, ".tar.gz"):
				return nil
			}
			relative, err := filepath.Rel(root, found)
			all = append(all, filepath.Join(path, relative))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
