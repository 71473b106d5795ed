package helm

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/client-go/rest"
)

// unreachable returns a client whose cluster does not exist: commands that succeed do not contact the cluster.
func unreachable(t *testing.T, options Options) *Client {
	t.Helper()
	client, err := New(&rest.Config{Host: "http://127.0.0.1:1"}, options)
	require.NoError(t, err)
	return client
}

// inMemory returns a client that keeps releases in memory and creates no objects.
func inMemory(dir string) *Client {
	releases := driver.NewMemory()
	return &Client{
		namespace:   "trader",
		dir:         dir,
		redirect:    func(path string) string { return path },
		load:        loader.Load,
		kubeVersion: func() string { return "" },
		configure: func(_ context.Context, e *execution) error {
			releases.SetNamespace(e.namespace)
			*e.config = action.Configuration{
				Releases:     storage.Init(releases),
				KubeClient:   &kubefake.PrintingKubeClient{Out: io.Discard, LogOutput: io.Discard},
				Capabilities: chartutil.DefaultCapabilities,
				Log:          e.logf,
			}
			return nil
		},
	}
}

// folderWithChart returns a folder with Helm's starter chart in charts/web.
func folderWithChart(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	charts := filepath.Join(dir, "charts")
	require.NoError(t, os.Mkdir(charts, 0o755))
	_, err := chartutil.Create("web", charts)
	require.NoError(t, err)
	return dir
}

func write(t *testing.T, content string, path ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(path...), []byte(content), 0o600))
}

func run(t *testing.T, client *Client, line string) *Result {
	t.Helper()
	return runIn(t, client, Scope{}, line)
}

func runIn(t *testing.T, client *Client, scope Scope, line string) *Result {
	t.Helper()
	result, err := tryIn(t, client, scope, line)
	require.NoError(t, err, "%s%s", result.Output, result.Warnings)
	return result
}

func try(t *testing.T, client *Client, line string) (*Result, error) {
	t.Helper()
	return tryIn(t, client, Scope{}, line)
}

func tryIn(t *testing.T, client *Client, scope Scope, line string) (*Result, error) {
	t.Helper()
	words, err := Split(line)
	require.NoError(t, err)
	return client.Run(t.Context(), scope, words...)
}

func TestNewRejectsInvalidOptions(t *testing.T) {
	t.Parallel()
	_, err := New(nil, Options{})
	require.ErrorContains(t, err, "configuration of the cluster is missing")

	withoutCA := &rest.Config{Host: "http://127.0.0.1:1", TLSClientConfig: rest.TLSClientConfig{CAFile: "/nowhere"}}
	_, err = New(withoutCA, Options{})
	require.ErrorContains(t, err, "helm client of http://127.0.0.1:1: ")
}

func TestNewDoesNotChangeTheConfiguration(t *testing.T) {
	t.Parallel()
	config := &rest.Config{Host: "http://127.0.0.1:1", QPS: 5}
	_, err := New(config, Options{})
	require.NoError(t, err)
	assert.InDelta(t, 5, config.QPS, 0)
	assert.Nil(t, config.WrapTransport)
	assert.Nil(t, config.WarningHandler)
}

func TestInvalidCommandLines(t *testing.T) {
	t.Parallel()
	client := unreachable(t, Options{})
	const commands = "; the commands are get, help, history, install, lint, package, rollback, show, status, template, " +
		"test, uninstall, upgrade, version\n"
	for line, words := range map[string]string{
		"":                            "helm needs a command" + commands,
		"-n trader":                   "helm needs a command" + commands,
		"instal x ./c":                `unknown command "instal" for helm; did you mean install?`,
		"instal --set a=b x ./c":      `unknown command "instal" for helm; did you mean install?`,
		"-n trader instal x":          `unknown command "instal" for helm; did you mean install?`,
		"remove x":                    `unknown command "remove" for helm; did you mean uninstall?`,
		"frobnicate":                  `unknown command "frobnicate" for helm` + commands,
		"dependency update ./c":       `unknown command "dependency" for helm` + commands,
		"repo add a https://a":        `unknown command "repo" for helm` + commands,
		"get":                         "helm get needs a command; the commands are all, hooks, manifest, metadata, notes",
		"get value x":                 `unknown command "value" for helm get; did you mean values?`,
		"install x ./c --nmaespace y": "unknown flag --nmaespace for helm install; did you mean --namespace?",
		"install x ./c --se a=b":      "unknown flag --se for helm install; did you mean --set?",
		"install x ./c -set a=b":      "unknown flag -set for helm install; did you mean --set?",
		"install x ./c --sett a=b":    "unknown flag --sett for helm install; did you mean --set?",
		"install x ./c --frobnicate":  "unknown flag --frobnicate for helm install; `helm install --help` lists the flags",
		"install x ./c --kube-contex": "unknown flag --kube-contex for helm install; `helm install --help` lists the flags",
		"status x --reuse-values":     "unknown flag --reuse-values for helm status; `helm status --help` lists the flags",
		"install x ./c --timeout 5":   `invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"`,
		"install x ./c --set":         "flag needs an argument: --set",
		"install":                     "accepts between 1 and 2 arg(s), received 0; usage: helm install [NAME] CHART [flags]",
		"upgrade x":                   "accepts 2 arg(s), received 1; usage: helm upgrade RELEASE CHART [flags]",
		"version x":                   `unknown command "x" for "helm version"; usage: helm version [flags]`,
		"status x -o xml":             `invalid argument "xml" for "-o, --output" flag: invalid format type`,
		"status x --kube-context c":   "--kube-context cannot be used here: the suite chooses the cluster",
		"status x --kubeconfig c":     "--kubeconfig cannot be used here",
		"status x --qps 3":            "--qps cannot be used here",
		"uninstall x --cascade no":    `invalid cascade value (no). Must be "background", "foreground", or "orphan"`,
		"rollback x one":              "could not convert revision to a number",
		"lint -f -":                   "there is no standard input",
		"lint --set-file a=b,c=-":     "there is no standard input",
	} {
		result, err := try(t, client, line)
		require.Error(t, err, line)
		assert.ErrorContains(t, err, words)
		assert.Equal(t, 1, strings.Count(err.Error(), "\n"), "the cause, and the command line: %s", err)
		assert.Empty(t, result.Output+result.Warnings, line)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	client := unreachable(t, Options{})
	for _, line := range []string{"install --help", "install -h", "help install"} {
		output := run(t, client, line).Output
		assert.Contains(t, output, "helm install [NAME] CHART [flags]")
		assert.Contains(t, output, "--create-namespace")
		assert.NotContains(t, output, "--kube-context")
	}
	assert.Contains(t, run(t, client, "get --help").Output, "download the notes")
	assert.Contains(t, run(t, client, "--help").Output, "uninstall a release")
}

func TestTheFirstLineOfAnErrorIsTheCause(t *testing.T) {
	t.Parallel()
	_, err := try(t, inMemory(t.TempDir()), `get values shop --revision 3`)
	require.EqualError(t, err, "release: not found\nwhile running: helm get values shop --revision 3")
	require.ErrorIs(t, err, ErrReleaseNotFound)
	require.ErrorIs(t, err, driver.ErrReleaseNotFound)

	_, err = try(t, unreachable(t, Options{}), "install 'my shop' . --wait")
	require.ErrorContains(t, err, "\nwhile running: helm install 'my shop' . --wait")
	assert.True(t, strings.HasPrefix(err.Error(), "INSTALLATION FAILED: "), err)

	_, err = try(t, unreachable(t, Options{}), "status shop")
	require.ErrorContains(t, err, "Kubernetes cluster unreachable: ")
}

func TestNothingRunsAfterTheContextHasEnded(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := inMemory(t.TempDir()).Run(ctx, Scope{}, "version")
	require.ErrorIs(t, err, context.Canceled)
	require.EqualError(t, err, "context canceled\nwhile running: helm version")
}

func TestTemplate(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	write(t, "image:\n  repository: from-file\n  tag: file\n", dir, "values.yaml")
	write(t, "a note\n", dir, "note.txt")
	client := unreachable(t, Options{Dir: dir, Namespace: "trader"})

	result := run(t, client, "template shop ./charts/web -f values.yaml --set image.tag=set --set podAnnotations.a=b "+
		"--set-string podLabels.n=1 --set-file podAnnotations.note=note.txt --set-json 'tolerations=[{\"key\":\"k\"}]' "+
		"--set-literal podAnnotations.l=x,y")
	assert.True(t, strings.HasPrefix(result.Output, "---\n# Source: web/templates/serviceaccount.yaml\n"), result.Output)
	for _, line := range []string{
		"name: shop-web\n", `image: "from-file:set"`, "a: b\n", `"n": "1"`, "note: |\n", "a note\n", "- key: k\n", "l: x,y\n",
		"# Source: web/templates/tests/test-connection.yaml\n",
	} {
		assert.Contains(t, result.Output, line)
	}
	assert.Equal(t, "shop", result.Release.Name)
	assert.Equal(t, "trader", result.Release.Namespace)
	assert.Equal(t, "helm", strings.Fields(result.Command)[0])
	assert.Empty(t, result.Warnings)

	assert.Contains(t, run(t, client, "template charts/web").Output, "name: release-name-web\n")
	assert.NotContains(t, run(t, client, "template charts/web --skip-tests").Output, "test-connection")
	assert.NotContains(t, run(t, client, "template charts/web --no-hooks").Output, "test-connection")
	assert.Equal(t, "elsewhere", run(t, client, "template charts/web -n elsewhere").Release.Namespace)
	actual := func(called string) string { return called + "-1" }
	assert.Equal(t, "trader-1", runIn(t, client, Scope{Namespace: actual}, "template charts/web").Release.Namespace)
	assert.Contains(t, run(t, client, "template "+filepath.Join(dir, "charts", "web")).Output, "name: release-name-web\n")

	only := run(t, client, "template charts/web -s templates/service.yaml -s 'templates/depl*.yaml'").Output
	assert.Equal(t, 2, strings.Count(only, "# Source: "))
	assert.Less(t, strings.Index(only, "kind: Service\n"), strings.Index(only, "kind: Deployment\n"))

	_, err := try(t, client, "template charts/web -s templates/none.yaml")
	require.ErrorContains(t, err, "could not find template templates/none.yaml in chart")
}

func TestValuesFromAURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(response, "replicaCount: 7\n")
	}))
	t.Cleanup(server.Close)
	client := unreachable(t, Options{Dir: folderWithChart(t)})
	assert.Contains(t, run(t, client, "template charts/web -f "+server.URL+"/values.yaml").Output, "replicas: 7\n")
}

func TestTemplateCapabilities(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	write(t, "version: {{ .Capabilities.KubeVersion.Version }}\n"+
		"upgrade: {{ .Release.IsUpgrade }}\nmonitors: {{ .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" }}\n",
		dir, "charts", "web", "templates", "facts.yaml")
	const show = "template charts/web -s templates/facts.yaml"

	client := unreachable(t, Options{Dir: dir})
	assert.Contains(t, run(t, client, show).Output,
		"version: "+chartutil.DefaultCapabilities.KubeVersion.Version+"\nupgrade: false\nmonitors: false\n")
	assert.Contains(t, run(t, client, show+" --kube-version 1.31.0 --is-upgrade -a monitoring.coreos.com/v1").Output,
		"version: v1.31.0\nupgrade: true\nmonitors: true\n")
	_, config := newAPIServer(t)
	ofCluster, err := New(config, Options{Dir: dir})
	require.NoError(t, err)
	assert.Contains(t, run(t, ofCluster, show).Output, "version: v1.37.2\n")

	_, err = try(t, client, show+" --kube-version new")
	require.ErrorContains(t, err, "invalid kube version 'new'")
}

func TestTemplateContactsTheClusterOnlyToValidate(t *testing.T) {
	t.Parallel()
	_, err := try(t, unreachable(t, Options{Dir: folderWithChart(t)}), "template charts/web --validate")
	require.ErrorContains(t, err, "Kubernetes cluster unreachable")
}

func TestChartsThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	client := unreachable(t, Options{Dir: dir})

	_, err := try(t, client, "template ./charts/none")
	require.ErrorContains(t, err, `path "./charts/none" not found`)

	_, err = try(t, client, "template chart/web")
	require.ErrorContains(t, err, `chart "chart/web" not found: there is no `+filepath.Join(dir, "chart", "web"))

	_, err = try(t, client, "template oci://registry.invalid/web")
	require.ErrorContains(t, err, "charts are not downloaded")

	_, err = try(t, client, "template charts/web -f none.yaml")
	require.ErrorContains(t, err, "open none.yaml: no such file")

	write(t, "a: [\n", dir, "charts", "web", "templates", "broken.yaml")
	result, err := try(t, client, "template charts/web")
	require.ErrorContains(t, err, "YAML parse error on web/templates/broken.yaml")
	require.ErrorContains(t, err, "Use --debug flag to render out invalid YAML")
	assert.Empty(t, result.Output)
	result, err = try(t, client, "template charts/web --debug")
	require.ErrorContains(t, err, "YAML parse error on web/templates/broken.yaml")
	assert.Contains(t, result.Output, "# Source: web/templates/broken.yaml\na: [\n")

	const metadata = "apiVersion: v2\nname: web\nversion: 0.1.0\n"
	write(t, metadata+"type: library\n", dir, "charts", "web", "Chart.yaml")
	_, err = try(t, client, "template charts/web")
	require.ErrorContains(t, err, "library charts are not installable")

	const dependency = "dependencies: [{name: redis, version: 1.x, repository: 'https://example.invalid'}]\n"
	write(t, metadata+dependency, dir, "charts", "web", "Chart.yaml")
	_, err = try(t, client, "template charts/web")
	require.ErrorContains(t, err, "found in Chart.yaml, but missing in charts/ directory: redis")
	require.ErrorContains(t, err, "helm dependency build")
}

func TestDeprecatedChartIsAWarning(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	write(t, "apiVersion: v2\nname: web\nversion: 0.1.0\ndeprecated: true\n", dir, "charts", "web", "Chart.yaml")
	result := run(t, unreachable(t, Options{Dir: dir}), "template charts/web")
	assert.Equal(t, "WARNING: This chart is deprecated\n", result.Warnings)
	assert.NotContains(t, result.Output, "deprecated")
}

func TestLint(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	client := unreachable(t, Options{Dir: dir})

	assert.Equal(t, "==> Linting charts/web\n[INFO] Chart.yaml: icon is recommended\n\n"+
		"1 chart(s) linted, 0 chart(s) failed\n", run(t, client, "lint charts/web").Output)
	assert.Empty(t, run(t, client, "lint charts/web --strict --quiet").Output)
	inChart := unreachable(t, Options{Dir: filepath.Join(dir, "charts", "web")})
	assert.Contains(t, run(t, inChart, "lint").Output, "==> Linting .\n")

	write(t, "apiVersion: v2\nname: web\nversion: 0.1.0\ndependencies: [{name: inner, version: 0.1.0}]\n",
		dir, "charts", "web", "Chart.yaml")
	subcharts := filepath.Join(dir, "charts", "web", "charts")
	_, err := chartutil.Create("inner", subcharts)
	require.NoError(t, err)
	assert.Contains(t, run(t, client, "lint charts/web --with-subcharts").Output, "2 chart(s) linted, 0 chart(s) failed\n")

	write(t, "{{ .Values.none.none }}\n", dir, "charts", "web", "templates", "broken.yaml")
	result, err := try(t, client, "lint charts/web")
	require.ErrorContains(t, err, "1 chart(s) linted, 1 chart(s) failed")
	assert.Contains(t, result.Output, "[ERROR] templates/: template: web/templates/broken.yaml:1:10:")

	result, err = try(t, client, "lint charts/none")
	require.ErrorContains(t, err, "1 chart(s) linted, 1 chart(s) failed")
	assert.Contains(t, result.Output, "Error unable to check Chart.yaml file in chart")
}

func TestPackage(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	out := filepath.Join(dir, "out")
	client := unreachable(t, Options{Dir: dir})

	assert.Equal(t, "Successfully packaged chart and saved it to: "+filepath.Join(dir, "web-0.1.0.tgz")+"\n",
		run(t, client, "package ./charts/web").Output)
	run(t, client, "package ./charts/web -d out --version 1.2.3 --app-version 4.5")
	require.FileExists(t, filepath.Join(out, "web-1.2.3.tgz"))

	shown := run(t, client, "show chart out/web-1.2.3.tgz").Output
	assert.Contains(t, shown, "version: 1.2.3\n")
	assert.Contains(t, shown, `appVersion: "4.5"`)
	assert.Contains(t, run(t, client, "template web-0.1.0.tgz").Output, "name: release-name-web\n")

	_, err := try(t, client, "package charts/none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPathsAreRelativeToTheScopesFolderFirst(t *testing.T) {
	t.Parallel()
	dir, folder := folderWithChart(t), t.TempDir()
	write(t, "replicaCount: 7\n", dir, "values.yaml")
	client, scope := unreachable(t, Options{Dir: dir}), Scope{Folder: folder}

	runIn(t, client, scope, "package ./charts/web")
	assert.FileExists(t, filepath.Join(folder, "web-0.1.0.tgz"))
	assert.NoFileExists(t, filepath.Join(dir, "web-0.1.0.tgz"))
	const line = "template web-0.1.0.tgz -f "
	assert.Contains(t, runIn(t, client, scope, line+"values.yaml").Output, "replicas: 7")

	write(t, "replicaCount: 9\n", folder, "values.yaml")
	assert.Contains(t, runIn(t, client, scope, line+"values.yaml").Output, "replicas: 9")
	assert.Contains(t, runIn(t, client, scope, line+filepath.Join(dir, "values.yaml")).Output, "replicas: 7")
}

func TestRedirectedPaths(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	web, other := filepath.Join(dir, "charts", "web"), filepath.Join(t.TempDir(), "other")
	require.NoError(t, os.CopyFS(other, os.DirFS(web)))
	write(t, "apiVersion: v2\nname: web\nversion: 2.0.0\n", other, "Chart.yaml")
	client := unreachable(t, Options{Dir: dir, Redirect: func(path string) string {
		if path == web {
			return other
		}
		return path
	}})
	for _, chart := range []string{"./charts/web", web} {
		assert.Contains(t, run(t, client, "show chart "+chart).Output, "version: 2.0.0\n")
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	write(t, "# Web\n", dir, "charts", "web", "README.md")
	client := unreachable(t, Options{Dir: dir})
	assert.Contains(t, run(t, client, "show values charts/web").Output, "replicaCount: 1\n")
	assert.Equal(t, "nginx", run(t, client, "show values charts/web --jsonpath '{.image.repository}'").Output)
	assert.Equal(t, "# Web\n\n", run(t, client, "inspect readme charts/web").Output)
	all := run(t, client, "show all charts/web").Output
	assert.Contains(t, all, "name: web\n")
	assert.Contains(t, all, "replicaCount: 1\n")
	assert.Contains(t, all, "# Web\n")
}

func TestDependenciesInTheChartsFolder(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	_, err := chartutil.Create("inner", filepath.Join(dir, "charts"))
	require.NoError(t, err)
	write(t, "apiVersion: v2\nname: web\nversion: 0.1.0\ndependencies:\n"+
		"  - {name: inner, version: 0.1.0, repository: 'file://../inner'}\n", dir, "charts", "web", "Chart.yaml")
	client := unreachable(t, Options{Dir: dir})

	_, err = try(t, client, "template charts/web")
	require.ErrorContains(t, err, "missing in charts/ directory: inner")

	run(t, client, "package charts/inner -d charts/web/charts")
	assert.Contains(t, run(t, client, "template charts/web").Output, "name: release-name-inner\n")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	client := unreachable(t, Options{})
	assert.Contains(t, run(t, client, "version").Output, `version.BuildInfo{Version:"v3.`)
	assert.Regexp(t, `^v3\.[0-9.]+\n$`, run(t, client, "version --short").Output)
	assert.Regexp(t, `^is v3\.[0-9.]+$`, run(t, client, "version --template 'is {{.Version}}'").Output)
}

func TestLifeCycle(t *testing.T) {
	t.Parallel()
	client := inMemory(folderWithChart(t))

	installed := run(t, client, "install shop ./charts/web --set replicaCount=2 --description first")
	assert.Regexp(t, `^NAME: shop\nLAST DEPLOYED: .+\nNAMESPACE: trader\nSTATUS: deployed\nREVISION: 1\n`+
		`NOTES:\n1. Get the application URL`, installed.Output)
	assert.Equal(t, StatusDeployed, installed.Release.Status)
	assert.Equal(t, "helm install shop ./charts/web --set replicaCount=2 --description first", installed.Command)

	_, err := try(t, client, "install shop ./charts/web")
	require.ErrorContains(t, err, "INSTALLATION FAILED: cannot re-use a name that is still in use")

	upgraded := run(t, client, "upgrade shop ./charts/web --reuse-values --set image.tag=v2")
	assert.Regexp(t, `^Release "shop" has been upgraded. Happy Helming!\nNAME: shop\n`, upgraded.Output)
	assert.Equal(t, 2, upgraded.Release.Revision)
	assert.Empty(t, upgraded.Warnings)

	values := run(t, client, "get values shop").Output
	assert.Equal(t, "USER-SUPPLIED VALUES:\nimage:\n  tag: v2\nreplicaCount: 2\n", values)
	assert.Equal(t, "replicaCount: 2\n", run(t, client, "get values shop --revision 1 -o yaml").Output)
	assert.Contains(t, run(t, client, "get values shop -a").Output, "COMPUTED VALUES:\naffinity: {}\n")
	assert.JSONEq(t, `{"replicaCount":2,"image":{"tag":"v2"}}`, run(t, client, "get values shop -o json").Output)
	assert.Contains(t, run(t, client, "get manifest shop").Output, `image: "nginx:v2"`)
	assert.Contains(t, run(t, client, "get notes shop").Output, "NOTES:\n1. Get the application URL")
	assert.Contains(t, run(t, client, "get hooks shop").Output, "# Source: web/templates/tests/test-connection.yaml\n")
	metadata := run(t, client, "get metadata shop").Output
	assert.Regexp(t, `^NAME: shop\nCHART: web\nVERSION: 0.1.0\nAPP_VERSION: 1.16.0\n`, metadata)
	assert.Equal(t, "shop 2", run(t, client, "get all shop --template '{{.Release.Name}} {{.Release.Version}}'").Output)
	all := run(t, client, "get all shop").Output
	for _, part := range []string{
		"CHART: web\n", "USER-SUPPLIED VALUES:\n", "COMPUTED VALUES:\n", "HOOKS:\n", "MANIFEST:\n", "NOTES:\n",
	} {
		assert.Contains(t, all, part)
	}

	status := run(t, client, "status shop --show-desc --show-resources")
	assert.Contains(t, status.Output, "REVISION: 2\nDESCRIPTION: Upgrade complete\nNOTES:\n")
	assert.Equal(t, Chart{Name: "web", Version: "0.1.0", AppVersion: "1.16.0"}, status.Release.Chart)
	assert.NotContains(t, run(t, client, "status shop -o json").Output, `"chart"`)

	rolledBack := run(t, client, "rollback shop 1 --debug")
	assert.Contains(t, rolledBack.Warnings, "[debug] preparing rollback of shop\n")
	assert.Equal(t, "Rollback was a success! Happy Helming!\n", rolledBack.Output)
	assert.Equal(t, 3, rolledBack.Release.Revision)
	assert.Equal(t, "USER-SUPPLIED VALUES:\nreplicaCount: 2\n", run(t, client, "get values shop").Output)

	history := run(t, client, "history shop")
	assert.Regexp(t, `^REVISION\s+UPDATED\s+STATUS\s+CHART\s+APP VERSION\s+DESCRIPTION\s*\n`+
		`1\s.*\ssuperseded\s+web-0.1.0\s+1.16.0\s+first\s*\n2\s.*\ssuperseded\s.*\sUpgrade complete\s*\n`+
		`3\s.*\sdeployed\s.*\sRollback to 1\s*\n$`,
		history.Output)
	require.Len(t, history.Releases, 3)
	assert.Equal(t, 3, history.Release.Revision)
	assert.Equal(t, map[string]any{"replicaCount": int64(2)}, history.Releases[0].Values)
	newest := run(t, client, "hist shop --max 1 -o json")
	assert.Contains(t, newest.Output, `"revision":3`)
	assert.NotContains(t, newest.Output, `"revision":2`)

	gone := run(t, client, "uninstall shop --keep-history")
	assert.Equal(t, "release \"shop\" uninstalled\n", gone.Output)
	assert.Equal(t, StatusUninstalled, gone.Release.Status)
	assert.Equal(t, StatusUninstalled, run(t, client, "status shop").Release.Status)

	again := run(t, client, "upgrade --install shop ./charts/web")
	assert.Regexp(t, `^Release "shop" does not exist. Installing it now.\nNAME: shop\n`, again.Output)
	run(t, client, "delete shop")

	_, err = try(t, client, "uninstall shop")
	require.ErrorContains(t, err, "uninstall: Release not loaded: shop: release: not found")
	run(t, client, "uninstall shop --ignore-not-found")
	_, err = try(t, client, "upgrade shop ./charts/web")
	require.ErrorContains(t, err, `UPGRADE FAILED: "shop" has no deployed releases`)
	assert.Equal(t, 1, run(t, client, "upgrade -i shop ./charts/web -o json").Release.Revision)
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	client := inMemory(folderWithChart(t))
	for _, flag := range []string{"--dry-run", "--dry-run=client", "--dry-run=server"} {
		output := run(t, client, "install shop ./charts/web "+flag).Output
		assert.Contains(t, output, "STATUS: pending-install\n")
		assert.Contains(t, output, "\nHOOKS:\n---\n# Source: web/templates/tests/test-connection.yaml\n")
		assert.Contains(t, output, "\nMANIFEST:\n---\n# Source: web/templates/serviceaccount.yaml\n")
	}
	_, err := try(t, client, "status shop")
	require.ErrorIs(t, err, ErrReleaseNotFound)
	assert.NotContains(t, run(t, client, "install shop ./charts/web --dry-run=none").Output, "MANIFEST:")
}

func TestNames(t *testing.T) {
	t.Parallel()
	client := inMemory(folderWithChart(t))
	assert.Regexp(t, `^web-\d+$`, run(t, client, "install ./charts/web -g").Release.Name)
	assert.Equal(t, "shop-1", run(t, client, "install ./charts/web --name-template 'shop-{{ add 0 1 }}'").Release.Name)
	_, err := try(t, client, "install ./charts/web")
	require.ErrorContains(t, err, "must either provide a name or specify --generate-name")
}

func TestReleaseTest(t *testing.T) {
	t.Parallel()
	client := inMemory(folderWithChart(t))
	run(t, client, "install shop ./charts/web")
	result := run(t, client, "test shop --hide-notes")
	assert.Regexp(t, `TEST SUITE:     shop-web-test-connection\nLast Started:   .+\nLast Completed: .+\n`+
		`Phase:          Succeeded\n$`, result.Output)

	result = run(t, client, "test shop --filter '!name=shop-web-test-connection'")
	assert.Equal(t, "shop", result.Release.Name)
	_, err := try(t, client, "test none")
	require.ErrorContains(t, err, "release: not found")
}

func TestCommandLinesDoNotShareState(t *testing.T) {
	t.Parallel()
	dir := folderWithChart(t)
	client := unreachable(t, Options{Dir: dir})
	for _, tag := range []string{"one", "two", "three", "four"} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			output := run(t, client, "template "+tag+" charts/web --set image.tag="+tag).Output
			assert.Contains(t, output, `image: "nginx:`+tag+`"`)
			assert.Contains(t, output, "name: "+tag+"-web\n")
		})
	}
}
