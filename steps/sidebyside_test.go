package steps

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var many = flag.Int("scenarios", 24, "how many scenarios TestSideBySide runs")

// runFeature runs the scenarios of a feature. It returns what godog printed, and whether all passed.
func runFeature(t *testing.T, suite *Suite, feature string, concurrency int) (string, bool) {
	return runTagged(t, suite, feature, "", concurrency)
}

// runTagged runs the scenarios of a feature that have tags.
func runTagged(t *testing.T, suite *Suite, feature, tags string, concurrency int) (string, bool) {
	printed, err := os.Create(filepath.Join(t.TempDir(), "printed")) // with many scenarios, it is long
	require.NoError(t, err)
	defer func() { _ = printed.Close() }()
	status := godog.TestSuite{
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			Register(sc, suite)
			sc.StepContext().After(func(
				ctx context.Context, _ *godog.Step, _ godog.StepResultStatus, err error,
			) (context.Context, error) {
				for _, detail := range details(err) {
					_, _ = fmt.Fprintln(printed, detail)
				}
				return ctx, nil
			})
		},
		Options: &godog.Options{
			FeatureContents: []godog.Feature{{Name: "test.feature", Contents: []byte(feature)}},
			Format:          "pretty", NoColors: true, Strict: true, Randomize: -1, Concurrency: concurrency,
			Output: printed, DefaultContext: t.Context(), Tags: tags,
		},
	}.Run()
	output, err := os.ReadFile(printed.Name())
	require.NoError(t, err)
	return string(output), status == 0
}

// TestSideBySide runs scenarios with the same names of releases and namespaces at once.
func TestSideBySide(t *testing.T) {
	if testing.Short() {
		t.Skip("-short skips tests with many scenarios")
	}
	suite := newSuite(t)
	var feature strings.Builder
	feature.WriteString("Feature: many\n")
	for i := range *many {
		fmt.Fprintf(&feature, `
  Scenario: life cycle %[1]d
    When I run helm install shop %[2]s --set image.tag=%[1]d
    Then deployment/shop appears in namespace "shop"
    When I run helm upgrade with --set image.tag=new-%[1]d
    Then shop pods use image "nginx:new-%[1]d"
    When I run helm uninstall with --wait
`, i, suite.options.Chart)
	}

	started := time.Now()
	output, passed := runFeature(t, suite, feature.String(), 4*runtime.NumCPU())

	assert.True(t, passed, output)
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("%d scenarios in %s, %d MB from the system", *many, time.Since(started).Round(time.Millisecond), memory.Sys>>20)
	requireOnlyDeleting(t, suite)
}

// requireOnlyDeleting fails t if a namespace of the suite's run exists that is not being deleted.
func requireOnlyDeleting(t *testing.T, suite *Suite) {
	ofRun := metav1.ListOptions{LabelSelector: RunLabel + "=" + suite.run}
	mine, err := suite.client.CoreV1().Namespaces().List(t.Context(), ofRun)
	require.NoError(t, err)
	for _, namespace := range mine.Items {
		assert.NotNil(t, namespace.DeletionTimestamp, "the namespace %s is left", namespace.Name)
	}
}
