package steps

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/traderadmin/charts/internal/gherkin"
	"github.com/traderadmin/charts/internal/helm/binary"
)

// verdicts is the table of small manifests and charts, each with the verdict that it has on every cluster. The rules in
// it list what the embedded cluster cannot decide, with scenarios that have one of the tags onEmbedded and onKind.
const verdicts = "testdata/verdicts.feature"

const (
	onEmbedded = "@embedded"
	onKind     = "@kind"
	// withProvisioner is the tag of scenarios that are skipped where nothing provisions volumes.
	withProvisioner = "@provisioner"
)

// TestVerdicts runs the table on the embedded cluster or, with -cluster=kind and the flags of kind, on kind.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	feature, err := os.ReadFile(verdicts)
	require.NoError(t, err)
	options := func(o *Options) {
		o.Dir, o.Chart, o.Release, o.Namespace = "..", "./steps/testdata/verdicts/app", "demo", "demo"
		o.RealImages = []string{"real.example/*"}
	}
	if *backend != "kind" {
		output, passed := runTagged(t, newSuite(t, options), string(feature), "~"+onKind, 32)
		assert.True(t, passed, output)
		return
	}
	suite := newRunningSuite(t, startKind(t), 3*time.Minute, options)
	tags := "~" + onEmbedded
	_, err = suite.client.AppsV1().Deployments("local-path-storage").
		Get(t.Context(), "local-path-provisioner", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		t.Log("nothing provisions volumes on this cluster: scenarios with the tag " + withProvisioner + " are skipped")
		tags += " && ~" + withProvisioner
	}
	output, passed := runTagged(t, suite, string(feature), tags, 4)
	assert.True(t, passed, output)
}

// TestCases installs charts after public reports with Helm 3 and with Helm 4.
func TestCases(t *testing.T) {
	t.Parallel()
	feature, err := os.ReadFile("testdata/cases.feature")
	require.NoError(t, err)
	for name, skipped := range map[string]string{"3": "@helm4", "4": "@helm3"} {
		t.Run("helm "+name, func(t *testing.T) { // not in parallel: a chart has a cluster-scoped object
			if testing.Short() && name != binary.SDK {
				t.Skip("-short skips Helm 4, whose first build takes minutes")
			}
			path, _, err := binary.Find(t.Context(), name, os.Stderr)
			require.NoError(t, err)
			suite := newSuite(t, func(o *Options) { o.Dir, o.Helm, o.Release, o.Namespace = "..", path, "demo", "demo" })
			output, passed := runTagged(t, suite, string(feature), "~"+skipped, 8)
			assert.True(t, passed, output)
		})
	}
}

// TestVerdictsThatDifferAreDocumented compares the rules of the table with docs/clusters.md. The flag -update writes
// them.
func TestVerdictsThatDifferAreDocumented(t *testing.T) {
	t.Parallel()
	features, err := godog.TestSuite{Options: &godog.Options{Paths: []string{verdicts}}}.RetrieveFeatures()
	require.NoError(t, err)
	var table strings.Builder
	table.WriteString("| what | what happens instead |\n| --- | --- |\n")
	tags := map[string]int{}
	for node := range gherkin.Nodes(features[0].GherkinDocument) {
		switch {
		case node.Rule != nil && node.Scenario == nil:
			fmt.Fprintf(&table, "| %s | %s |\n", node.Rule.Name, strings.TrimSpace(node.Rule.Description))
		case node.Scenario != nil:
			for _, tag := range node.Scenario.Tags {
				if tag.Name != onEmbedded && tag.Name != onKind {
					continue
				}
				if assert.NotNil(t, node.Rule, "%s is about one cluster, and no Rule says why", node.Scenario.Name) {
					tags[tag.Name+node.Rule.Name]++
				}
			}
		}
	}
	for _, rule := range strings.Split(strings.TrimSpace(table.String()), "\n")[2:] {
		name := strings.TrimSpace(strings.Split(rule, "|")[1])
		assert.NotZero(t, tags[onEmbedded+name], "the rule %q has no scenario %s", name, onEmbedded)
		assert.NotZero(t, tags[onKind+name], "the rule %q has no scenario %s", name, onKind)
	}
	const path = "../docs/clusters.md"
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	const begin, end = "<!-- generated from steps/testdata/verdicts.feature -->\n", "<!-- end -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	require.True(t, found, "%s has no %s", path, begin)
	current, after, found := strings.Cut(rest, end)
	require.True(t, found, "%s has no %s", path, end)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(before+begin+table.String()+end+after), 0o600))
		return
	}
	assert.Equal(t, table.String(), current, "%s is out of date: run `go test ./steps -run Documented -update`", path)
}
