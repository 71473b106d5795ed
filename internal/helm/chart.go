package helm

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/cli/values"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"
)

// path resolves a path of the command line that is to be read.
func (i *invocation) path(path string) string {
	if filepath.IsAbs(path) {
		return i.client.redirect(path)
	}
	if i.client.scratch != "" && filepath.IsLocal(path) && filepath.Clean(path) != "." {
		own := filepath.Join(i.client.scratch, path)
		if _, err := os.Stat(own); err == nil {
			return own
		}
	}
	return i.client.redirect(filepath.Join(i.client.dir, path))
}

// destination resolves a path of the command line that is to be written.
func (i *invocation) destination(path string) string {
	if i.client.scratch == "" || !filepath.IsLocal(path) {
		return i.path(path)
	}
	return filepath.Join(i.client.scratch, path)
}

// chartSource is where a command line says its chart is, and how to get it.
type chartSource struct {
	*action.ChartPathOptions
	setRegistryClient func(*registry.Client)
	devel             *bool
}

func (s chartSource) flags(flags *pflag.FlagSet) {
	flags.StringVar(&s.Version, "version", "", "a version, or a constraint on it, of a chart from a repository; else the latest")
	flags.BoolVar(s.devel, "devel", false, "use development versions, too; ignored where --version is set")
	flags.StringVar(&s.RepoURL, "repo", "", "URL of the chart repository that has the chart")
	flags.StringVar(&s.Username, "username", "", "username for the chart repository")
	flags.StringVar(&s.Password, "password", "", "password for the chart repository")
	flags.BoolVar(&s.PassCredentialsAll, "pass-credentials", false, "pass the credentials to all domains")
	flags.BoolVar(&s.PlainHTTP, "plain-http", false, "download the chart by HTTP without TLS")
}

// locate returns the path of a chart: reference is a path, or is downloaded from a repository or registry.
func (i *invocation) locate(reference string, source chartSource) (string, error) {
	i.chart = reference
	if source.Version == "" && *source.devel {
		source.Version = ">0.0.0-0"
	}
	if registry.IsOCI(reference) {
		client, err := i.registryClient(source.Username, source.Password, source.PlainHTTP)
		if err != nil {
			return "", err
		}
		source.setRegistryClient(client)
	}
	path := i.path(reference)
	_, missing := os.Stat(path)
	if missing == nil || strings.HasPrefix(reference, ".") {
		return source.LocateChart(path, i.settings)
	}
	located, err := source.LocateChart(reference, i.settings)
	if err != nil {
		return "", fmt.Errorf("there is no chart %s, and as the name of a chart elsewhere: %w", path, err)
	}
	return located, nil
}

func (i *invocation) registryClient(username, password string, plainHTTP bool) (*registry.Client, error) {
	options := []registry.ClientOption{
		registry.ClientOptEnableCache(true),
		registry.ClientOptWriter(&i.stderr),
		registry.ClientOptCredentialsFile(i.settings.RegistryConfig),
		registry.ClientOptBasicAuth(username, password),
	}
	if plainHTTP {
		options = append(options, registry.ClientOptPlainHTTP())
	}
	client, err := registry.NewClient(options...)
	if err != nil {
		return nil, fmt.Errorf("missing registry client: %w", err)
	}
	return client, nil
}

// load loads a chart that is to be rendered, with its dependencies: they are downloaded if update is true, else it is an error
// that one is missing.
func (i *invocation) load(path string, source chartSource, update bool) (*chart.Chart, error) {
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	if missing := missingDependencies(loaded); missing != nil {
		if !update {
			return nil, missing
		}
		manager, err := i.dependencyManager(path, source.Username, source.Password, source.PlainHTTP)
		if err != nil {
			return nil, err
		}
		if err := manager.Update(); err != nil {
			return nil, err
		}
		if loaded, err = loader.Load(path); err != nil {
			return nil, fmt.Errorf("failed reloading chart after repo update: %w", err)
		}
	}
	if loaded.Metadata.Deprecated {
		i.warn("This chart is deprecated")
	}
	return loaded, nil
}

func missingDependencies(loaded *chart.Chart) error {
	if loaded.Metadata.Dependencies == nil {
		return nil
	}
	if err := action.CheckDependencies(loaded, loaded.Metadata.Dependencies); err != nil {
		return fmt.Errorf("An error occurred while checking for chart dependencies. You may need to run "+ //nolint:staticcheck // Helm's words
			"`helm dependency build` to fetch missing dependencies: %w", err)
	}
	return nil
}

func (i *invocation) dependencyManager(path, username, password string, plainHTTP bool) (*downloader.Manager, error) {
	client, err := i.registryClient(username, password, plainHTTP)
	if err != nil {
		return nil, err
	}
	return &downloader.Manager{
		Out:              &i.stdout,
		ChartPath:        path,
		Getters:          getter.All(i.settings),
		RegistryClient:   client,
		RepositoryConfig: i.settings.RepositoryConfig,
		RepositoryCache:  i.settings.RepositoryCache,
	}, nil
}

func valueFlags(flags *pflag.FlagSet) *values.Options {
	var options values.Options
	flags.StringSliceVarP(&options.ValueFiles, "values", "f", nil, "values from a YAML file or URL (repeatable)")
	flags.StringArrayVar(&options.Values, "set", nil, "values: key1=val1,key2=val2 (repeatable)")
	flags.StringArrayVar(&options.StringValues, "set-string", nil, "values that are strings: key1=val1,key2=val2 (repeatable)")
	flags.StringArrayVar(&options.FileValues, "set-file", nil, "values from files: key1=path1,key2=path2 (repeatable)")
	flags.StringArrayVar(&options.JSONValues, "set-json", nil, "values in JSON: key1=jsonval1,key2=jsonval2 (repeatable)")
	flags.StringArrayVar(&options.LiteralValues, "set-literal", nil, "a value that is a string, taken literally (repeatable)")
	return &options
}

// merge returns the values that the flags of a command line amount to.
func (i *invocation) merge(options *values.Options) (map[string]any, error) {
	if slices.Contains(options.ValueFiles, "-") || slices.ContainsFunc(options.FileValues, stdin.MatchString) {
		return nil, errors.New("there is no standard input to read values from: name a file in place of -")
	}
	return options.MergeValues(append(getter.Providers{i.files()}, getter.All(i.settings)...))
}

// stdin finds a value of --set-file that is to be read from standard input.
var stdin = regexp.MustCompile(`=\s*-\s*(,|$)`)

// files reads what has no scheme, a plain path.
func (i *invocation) files() getter.Provider {
	return getter.Provider{
		Schemes: []string{""},
		New:     func(...getter.Option) (getter.Getter, error) { return fileGetter(i.path), nil },
	}
}

// fileGetter reads a file whose path it first resolves.
type fileGetter func(path string) string

func (resolve fileGetter) Get(path string, _ ...getter.Option) (*bytes.Buffer, error) {
	content, err := os.ReadFile(resolve(path))
	return bytes.NewBuffer(content), err
}

// kubeVersionFlag adds --kube-version, which defaults to the client's.
func (i *invocation) kubeVersionFlag(flags *pflag.FlagSet) func() (*chartutil.KubeVersion, error) {
	text := flags.String("kube-version", i.client.kubeVersion, "Kubernetes version that the chart is rendered for")
	return func() (*chartutil.KubeVersion, error) {
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
