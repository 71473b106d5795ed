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

func (i *invocation) lint() *cobra.Command {
	client := action.NewLint()
	command := &cobra.Command{
		Use:   "lint [PATH...]",
		Short: "examine a chart for possible issues",
	}
	flags := command.Flags()
	flags.BoolVar(&client.Strict, "strict", false, "fail on warnings, too")
	flags.BoolVar(&client.WithSubcharts, "with-subcharts", false, "lint the charts it depends on, too")
	flags.BoolVar(&client.Quiet, "quiet", false, "print only warnings and errors")
	flags.BoolVar(&client.SkipSchemaValidation, "skip-schema-validation", false, "do not validate values against the chart's schema")
	kubeVersion := i.kubeVersionFlag(flags)
	options := valueFlags(flags)

	command.RunE = func(_ *cobra.Command, paths []string) error {
		var err error
		if client.KubeVersion, err = kubeVersion(); err != nil {
			return err
		}
		client.Namespace = i.namespace()
		vals, err := i.merge(options)
		if err != nil {
			return err
		}
		if len(paths) == 0 {
			paths = []string{"."}
		}
		if client.WithSubcharts {
			if paths, err = i.withSubcharts(paths); err != nil {
				return err
			}
		}
		return i.lintAll(client, paths, vals)
	}
	return command
}

func (i *invocation) lintAll(client *action.Lint, paths []string, vals map[string]any) error {
	failed, noteworthy := 0, false
	for _, path := range paths {
		result := client.Run([]string{i.path(path)}, vals)
		if action.HasWarningsOrErrors(result) {
			noteworthy = true
		} else if client.Quiet {
			continue
		}
		if len(result.Errors) > 0 {
			failed++
		}
		fmt.Fprintf(&i.stdout, "==> Linting %s\n", path)
		if len(result.Messages) == 0 { // else they include the errors
			for _, err := range result.Errors {
				fmt.Fprintf(&i.stdout, "Error %s\n", err)
			}
		}
		for _, message := range result.Messages {
			if !client.Quiet || message.Severity > support.InfoSev {
				fmt.Fprintln(&i.stdout, message)
			}
		}
		fmt.Fprintln(&i.stdout)
	}
	summary := fmt.Sprintf("%d chart(s) linted, %d chart(s) failed", len(paths), failed)
	if failed > 0 {
		return errors.New(summary)
	}
	if !client.Quiet || noteworthy {
		fmt.Fprintln(&i.stdout, summary)
	}
	return nil
}

// withSubcharts adds the charts, folders and archives, that are under charts/ of the given ones.
func (i *invocation) withSubcharts(paths []string) ([]string, error) {
	all := paths
	for _, path := range paths {
		root := filepath.Join(i.path(path), chartutil.ChartsDir)
		err := filepath.WalkDir(root, func(found string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil && found == root: // there are no subcharts
				return filepath.SkipDir
			case err != nil:
				return err
			case entry.Name() == chartutil.ChartfileName:
				all = append(all, filepath.Dir(found))
			case strings.HasSuffix(found, ".tgz"), strings.HasSuffix(found, ".tar.gz"):
				all = append(all, found)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}
