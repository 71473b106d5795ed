package steps

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/cluster/kind"
	"github.com/traderadmin/charts/internal/chart/charttest"
)

// TestRunning needs nodes that run containers: go test ./steps -run TestRunning -cluster=kind, with the flags of kind.
var (
	backend     = flag.String("cluster", "embedded", "`kind` runs the tests that need nodes which run containers")
	kindOptions kind.Options
)

func init() { kindOptions.Bind(flag.CommandLine) }

// startKind returns a cluster whose nodes run containers.
func startKind(t *testing.T) *kind.Cluster {
	t.Helper()
	if *backend != "kind" {
		t.Skip("it needs nodes that run containers: pass -cluster=kind")
	}
	cluster := kind.New(kindOptions, os.Stdout)
	require.NoError(t, cluster.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, cluster.Stop()) })
	return cluster
}

// newRunningSuite returns a suite that tests Helm's starter chart as the release "shop" on such a cluster.
func newRunningSuite(t *testing.T, cluster *kind.Cluster, wait time.Duration, change ...func(*Options)) *Suite {
	t.Helper()
	folder := t.TempDir()
	_, err := charttest.Create("shop", folder)
	require.NoError(t, err)
	shop := Options{Release: "shop", Chart: "./shop", Namespace: "shop", Dir: folder, Wait: wait, Progress: os.Stdout}
	for _, c := range change {
		c(&shop)
	}
	suite, err := NewSuite(cluster.Config(), shop.ForCluster(cluster))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, suite.Close(context.Background())) }) // the context of t has ended by then
	return suite
}

// failingInside are scenarios whose last step fails on nodes that run containers.
var failingInside = []failingExample{
	{
		exampleMounted + `
Then the file "/etc/shop/app.yaml" in deployment/shop holds
  """
  mode: slow
  """`,
		[]string{"pod/shop-", "/etc/shop/app.yaml differs", "-mode: slow", "+mode: fast"},
	}, {
		exampleMounted + `
Then the file "/etc/shop/other.yaml" in deployment/shop is "app.yaml" of the configmap "settings"`,
		[]string{"read /etc/shop/other.yaml", "no such file or directory"},
	}, {
		exampleMounted + `
Then there is no file "/etc/shop/app.yaml" in deployment/shop`,
		[]string{"it has the file /etc/shop/app.yaml"},
	}, {
		`When I run helm install shop ./shop
		 Then the kernel holds deployment/shop to
		   | property        | value     |
		   | user            | 0         |
		   | root filesystem | read-only |
		   | memory          | 1Gi       |
		   | cpus            | 1         |`,
		[]string{
			`user is "65532", not "0"`, `root filesystem is "writable", not "read-only"`, "the limit of memory is none, not 1Gi",
			`unknown property "cpus"; did you mean "cpu"?`,
		},
	}, {
		`When I run helm install shop ./shop
		 And container "shap" of deployment/shop gets the env
		   | name | value |
		   | A    | B     |`,
		[]string{`it has no container "shap", only`, "shop"},
	}, {
		`When I run helm install shop ./shop
		 Then deployment/shop reaches "http://shop:80/nowhere"`,
		[]string{
			"waited",
			"http://shop:80/nowhere: status 404: GET /nowhere on port 80: 404 (this stand-in answers only / /health)",
		},
	}, {
		`When I run helm install shop ./shop
		 Then deployment/shop cannot reach "http://shop:80/": "timeout"`,
		[]string{"http://shop:80/ is reached: status 200: shop-"},
	}, {
		`When I run helm install shop ./shop
		 Then service/shop port 81 answers "/" with 200`,
		[]string{"service/shop has no port 81, only", "80"},
	}, {
		`When I run helm install shop ./shop
		 Then no request was lost`,
		[]string{"no requests are being sent: add `a stream of requests to"},
	}, {
		`When I run helm install shop ./shop
		 Given a stream of requests to "http://shop:80/"`,
		[]string{"no step checks the requests to http://shop:80/"},
	}, {
		`When I run helm install shop ./shop
		 Given a stream of requests to "http://shop:80/"
		 When I run helm uninstall shop
		 And nothing of release "shop" is left
		 Then no request was lost`,
		[]string{"requests to http://shop:80/ were lost in", "after "},
	}, {
		`When I run helm install shop ./shop
		 Then "ls" in deployment/shop prints "x"`,
		[]string{"executable file not found"},
	}, {
		`When I run helm install shop ./shop
		 Then the log of deployment/shop has "nothing of the kind"`,
		[]string{`no line of its log contains "nothing of the kind"`, "stand-in: listening on port 80"},
	}, {
		`When I run helm install shop ./shop
		 Then deployment/shop cannot be rolled out, and its log says "x"`,
		[]string{"deployment/shop", "is rolled out"},
	}, {
		`When I run helm install shop ./shop --set replicaCount=0
		 And I delete a pod of deployment/shop`,
		[]string{"it wants 0 pods, so that there is none to look at"},
	}, {
		exampleRedis + `
		 Then "redis-cli ping" in deployment/shop fails with "NOAUTH"`,
		[]string{`redis-cli ping succeeded; it should have failed with "NOAUTH"`, "PONG"},
	}, {
		`When I run helm install shop ./shop
		 Then deployment/shop hears "NOAUTH" from "http://shop:80/"`,
		[]string{"waited", "http://shop:80/: status 200: shop-"},
	}, {
		`When I run helm install shop ./shop
		 Then deployment/shop reaches all pods of deployment/shop through "http://127.0.0.1:81/"`,
		[]string{"http://127.0.0.1:81/ was not answered by pod/shop-", "connection refused"},
	}, {
		// The kubelet reports in events why a probe fails.
		`When I run helm install shop ./shop --set readinessProbe.httpGet.path=/wrong
		 Then deployment/shop is rolled out`,
		[]string{"container shop: running, but not ready", "statuscode: 404"},
	}, {
		`When I run helm install shop ./shop --set readinessProbe.httpGet.port=8081
		 Then deployment/shop is rolled out`,
		[]string{"container shop: running, but not ready", "connection refused"},
	},
}

// TestRunning runs the examples that need containers, and the scenarios of failingInside.
func TestRunning(t *testing.T) {
	cluster := startKind(t)
	suite := newRunningSuite(t, cluster, 3*time.Minute)
	t.Run("examples", func(t *testing.T) {
		var feature strings.Builder
		feature.WriteString("Feature: examples\n")
		for _, row := range builtInVocabulary(t).steps.Rows() {
			if row.Effects.Has(NeedsContainers) {
				fmt.Fprintf(&feature, "\n  %s\n  Scenario: %s\n%s\n", Containers, row.Phrase, indent(row.Example))
			}
		}
		output, passed := runFeature(t, suite, feature.String(), 2)
		assert.True(t, passed, output)
	})
	impatient := newRunningSuite(t, cluster, 20*time.Second)
	for i, example := range failingInside {
		t.Run(fmt.Sprint("failing ", i), func(t *testing.T) {
			output, passed := runFeature(t, impatient, "Feature: f\n  Scenario: s\n"+indent(example.steps)+"\n", 1)
			assert.False(t, passed, "it passed:\n%s", example.steps)
			assert.NotContains(t, output, "undefined")
			for _, words := range example.words {
				assert.Contains(t, flat(output), flat(words))
			}
		})
	}
}
