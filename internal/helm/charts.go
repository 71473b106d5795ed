package helm

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/cli/values"
	"helm.sh/helm/v3/pkg/getter"
)

// path resolves a path of the command line for reading.
func (e *execution) path(path string) string {
	if filepath.IsAbs(path) {
		return e.client.redirect(path)
	}
	if e.scope.Folder != "" && filepath.IsLocal(path) && filepath.Clean(path) != "." {
		own := filepath.Join(e.scope.Folder, path)
		if _, err := os.Stat(own); err == nil {
			return own
		}
	}
	return e.client.redirect(filepath.Join(e.client.dir, path))
}

// destination resolves a path of the command line for writing.
func (e *execution) destination(path string) string {
	if e.scope.Folder == "" || !filepath.IsLocal(path) {
		return e.path(path)
	}
	return filepath.Join(e.scope.Folder, path)
}

// versionFlag adds --version. Helm applies it to charts from repositories only, so it has no effect here.
func versionFlag(flags *pflag.FlagSet) {
	flags.String("version", "", "ignored: it is for charts from repositories")
}

// locate returns the path of a chart, which is a folder or an archive.
func (e *execution) locate(reference string) (string, error) {
	e.chart = reference
	path := e.path(strings.TrimSpace(reference))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if filepath.IsAbs(reference) || strings.HasPrefix(reference, ".") {
		return "", fmt.Errorf("path %q not found", reference) // Helm's words
	}
	return "", fmt.Errorf("chart %q not found: there is no %s, and charts are not downloaded; "+
		"give the path of a folder or an archive", reference, path)
}

// load loads a chart for rendering. A missing dependency is an error.
func (e *execution) load(path string) (*chart.Chart, error) {
	loaded, err := e.client.load(path)
	if err != nil {
		return nil, err
	}
	if dependencies := loaded.Metadata.Dependencies; dependencies != nil {
		if err := action.CheckDependencies(loaded, dependencies); err != nil {
			return nil, fmt.Errorf( //nolint:staticcheck // Helm's words
				"An error occurred while checking for chart dependencies. You may need to "+
					"run `helm dependency build` to fetch missing dependencies: %w", err)
		}
	}
	return loaded, nil
}

func (e *execution) warnDeprecated(loaded *chart.Chart) {
	if loaded.Metadata.Deprecated {
		e.stderr.Printf("WARNING: This chart is deprecated")
	}
}

// kubeVersionFlag adds --kube-version, which defaults to the version of the cluster. The returned function parses the
// flag; its result is nil for the default of Helm's SDK, if the cluster does not answer.
func (e *execution) kubeVersionFlag(flags *pflag.FlagSet) func() (*chartutil.KubeVersion, error) {
	text := flags.String("kube-version", "", "Kubernetes version to render for; by default that of the cluster")
	return func() (*chartutil.KubeVersion, error) {
		if *text == "" {
			*text = e.client.kubeVersion()
		}
		if *text == "" {
			return nil, nil
		}
		version, err := chartutil.ParseKubeVersion(*text)
		if err != nil {
			return nil, fmt.Errorf("invalid kube version '%s': %w", *text, err)
		}
		return version, nil
	}
}

func valueFlags(flags *pflag.FlagSet) *values.Options {
	var options values.Options
	flags.StringSliceVarP(&options.ValueFiles, "values", "f", nil, "values from a YAML file or URL (repeatable)")
	flags.StringArrayVar(&options.Values, "set", nil, "values: key1=val1,key2=val2 (repeatable)")
	flags.StringArrayVar(&options.StringValues, "set-string", nil, "string values: key1=val1,key2=val2 (repeatable)")
	flags.StringArrayVar(&options.FileValues, "set-file", nil, "values from files: key1=path1,key2=path2 (repeatable)")
	flags.StringArrayVar(&options.JSONValues, "set-json", nil, "JSON values: key1=jsonval1,key2=jsonval2 (repeatable)")
	flags.StringArrayVar(&options.LiteralValues, "set-literal", nil, "a literal string value (repeatable)")
	return &options
}

// merge merges the values files and assignments of a command line.
func (e *execution) merge(options *values.Options) (map[string]any, error) {
	if slices.Contains(options.ValueFiles, "-") || slices.ContainsFunc(options.FileValues, stdin.MatchString) {
		return nil, errors.New("cannot read values from -, because there is no standard input: name a file instead")
	}
	return options.MergeValues(getter.Providers{
		{Schemes: []string{""}, New: func(...getter.Option) (getter.Getter, error) { return fileGetter(e.path), nil }},
		{Schemes: []string{"http", "https"}, New: getter.NewHTTPGetter},
	})
}

// stdin matches a --set-file value that reads standard input.
var stdin = regexp.MustCompile(`=\s*-\s*(,|$)`)

// fileGetter resolves a path and reads the file.
type fileGetter func(path string) string

func (resolve fileGetter) Get(path string, _ ...getter.Option) (*bytes.Buffer, error) {
	content, err := os.ReadFile(resolve(path))
	return bytes.NewBuffer(content), asTyped(err, path)
}

// asTyped replaces the path in an error about a file by the path that the user typed.
func asTyped(err error, path string) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		pathError.Path = path
	}
	return err
}
