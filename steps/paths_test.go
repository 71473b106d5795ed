package steps

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart/charttest"
)

func TestRedirect(t *testing.T) {
	t.Parallel()
	p, err := newPaths(Options{Dir: "/repo", Chart: "./charts/shop", ChartSource: "../new/shop"})
	require.NoError(t, err)
	for path, want := range map[string]string{
		"/repo/charts/shop":              "/new/shop",
		"/repo/charts/../charts/shop/":   "/new/shop",
		"/repo/charts/shop/values.yaml":  "/new/shop/values.yaml",
		"/repo/charts/shop-2":            "/repo/charts/shop-2",
		"/repo/charts":                   "/repo/charts",
		"/elsewhere/charts/shop/Chart.y": "/elsewhere/charts/shop/Chart.y",
	} {
		assert.Equal(t, want, p.redirect(path))
	}

	p, err = newPaths(Options{Dir: "/repo", Chart: "./charts/shop"})
	require.NoError(t, err)
	assert.Equal(t, "/repo/charts/shop", p.redirect("/repo/charts/shop"))
}

// However a step writes a path to the suite's chart, or to a file in it, it leads to the chart to test.
func TestStepsFollowTheChartSource(t *testing.T) {
	t.Parallel()
	elsewhere := t.TempDir()
	_, err := charttest.Create("shop", elsewhere)
	require.NoError(t, err)
	source := filepath.Join(elsewhere, "shop")
	chart, err := os.ReadFile(filepath.Join(source, "Chart.yaml"))
	require.NoError(t, err)
	chart = append(chart, "description: under test\n"...)
	require.NoError(t, os.WriteFile(filepath.Join(source, "Chart.yaml"), chart, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(source, "values-two.yaml"), []byte("replicaCount: 2\n"), 0o600))
	suite := newSuite(t, func(o *Options) { o.ChartSource = source })
	require.NoFileExists(t, filepath.Join(suite.options.Dir, "shop", "values-two.yaml"))

	output, passed := runFeature(t, suite, `Feature: f
  Scenario Outline: <path>
    When I run helm template a <path> -f <path>/values-two.yaml
    Then helm prints "replicas: 2"
    When I run helm show chart <path>
    Then helm prints "under test"
    Examples:
      | path |
      | shop |
      | ./shop |
      | `+filepath.Join(suite.options.Dir, "shop")+` |
  Scenario: the release under test
    When I run helm upgrade with --values=shop/values-two.yaml --description changed
    Then deployment/shop is rolled out with 2 pods
  Scenario: a package
    When I run helm package ./shop
    Then the package "shop-0.1.0.tgz" contains
      | file            |
      | values-two.yaml |
    When I run helm install shop shop-0.1.0.tgz -f ./shop/values-two.yaml
    Then deployment/shop is rolled out with 2 pods
  Scenario: a copy
    Given a copy of the folder "shop"
    And the file "shop/values.yaml"
      """
      replicaCount: 3
      """
    When I run helm show chart ./shop
    Then helm prints "under test"
    When I run helm show values ./shop
    Then helm prints "replicaCount: 3"
`, 4)

	assert.True(t, passed, output)
}

// A file in the folder of a suite's chart does not hide the chart's other files.
func TestFileInAChartFolderIsAddedToTheChart(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: values beside the chart's own
    Given the file "shop/values-x.yaml"
      """
      replicaCount: 2
      """
    When I run helm template shop ./shop -f shop/values-x.yaml
    Then helm prints "replicas: 2"
  Scenario: a template
    Given the file "shop/templates/map.yaml"
      """
      {apiVersion: v1, kind: ConfigMap, metadata: {name: added}}
      """
    And a copy of the folder "shop"
    When I run helm template shop ./shop
    Then helm prints "name: added"
    And helm prints "kind: Deployment"
  Scenario: a chart of the scenario's own
    Given the file "shop/Chart.yaml"
      """
      {apiVersion: v2, name: other, version: 1.0.0}
      """
    And the file "shop/templates/map.yaml"
      """
      {apiVersion: v1, kind: ConfigMap, metadata: {name: added}}
      """
    When I run helm template shop ./shop
    Then helm prints "name: added"
    And helm does not print "kind: Deployment"
`, 3)

	assert.True(t, passed, output)
	assert.NoFileExists(t, filepath.Join(suite.options.Dir, "shop", "values-x.yaml"))
}

func TestCopyOfAFolderThatContainsTheChart(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, name := range []string{"charts/shop/old", "charts/other/old", "source/new"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
	}
	p, err := newPaths(Options{Dir: root, Chart: "charts/shop", ChartSource: "source"})
	require.NoError(t, err)
	copied := filepath.Join(t.TempDir(), "charts")

	require.NoError(t, p.copy("charts", copied))

	assert.FileExists(t, filepath.Join(copied, "shop/new"))
	assert.NoFileExists(t, filepath.Join(copied, "shop/old"))
	assert.FileExists(t, filepath.Join(copied, "other/old"))
}
