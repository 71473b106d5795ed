package steps

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

const clusterRole = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .Values.role }}
`

func TestClusterScopedObjectsAreDeletedAfterTheScenario(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	write(t, suite, "templates/role.yaml", clusterRole)

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: s
    When I run helm install shop ./shop --set role=deleted
    Then deployment/shop appears in namespace "shop"
`, 1)

	require.True(t, passed, output)
	_, err := suite.client.RbacV1().ClusterRoles().Get(t.Context(), "deleted", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
}

// A claim that is bound protects its volume, and a pod its claim. The namespace of both is retained otherwise.
func TestVolumesOfAScenarioAreDeletedWithTheirClaims(t *testing.T) {
	t.Parallel()
	suite := newSuite(t, func(o *Options) { o.RetainNamespaces = 100 })

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: s
    Given the objects
      """
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: data}
      spec: {storageClassName: hand-made, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      ---
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: of-scenario}
      spec:
        storageClassName: hand-made
        accessModes: [ReadWriteOnce]
        capacity: {storage: 1Gi}
        hostPath: {path: /data}
      ---
      apiVersion: v1
      kind: Pod
      metadata: {name: user}
      spec:
        containers: [{name: c, image: i}]
        volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]
      """
    Then the pod "user" has .status.phase = Running
    And the pv "of-scenario" has .status.phase = Bound
`, 1)

	require.True(t, passed, output)
	_, err := suite.client.CoreV1().PersistentVolumes().Get(t.Context(), "of-scenario", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
}

const orders = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: orders.GROUP}
spec:
  group: GROUP
  scope: Namespaced
  names: {kind: Order, plural: orders, singular: order}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
`

// Helm leaves CRDs, and cluster-scoped objects of hooks. The last scenario that uses them deletes them.
func TestClusterScopedObjectsThatHelmLeavesAreDeleted(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	require.NoError(t, os.Mkdir(filepath.Join(suite.options.Dir, "shop", "crds"), 0o700))
	write(t, suite, "crds/orders.yaml", strings.ReplaceAll(orders, "GROUP", "left.example"))
	write(t, suite, "templates/order.yaml", "apiVersion: left.example/v1\nkind: Order\nmetadata: {name: first}\n")
	hook := strings.Replace(clusterRole, "metadata:\n", "metadata:\n  annotations: {helm.sh/hook: pre-install}\n", 1)
	write(t, suite, "templates/hook.yaml", hook)
	feature := "Feature: f\n"
	for i := range 6 {
		feature += fmt.Sprintf("  Scenario: %[1]d\n    When I run helm install shop ./shop --set role=hook-%[1]d\n"+
			"    And I run helm uninstall with --wait\n", i)
	}

	output, passed := runFeature(t, suite, feature, 3)

	require.True(t, passed, output)
	_, err := suite.resources.dynamic.Resource(crds).Get(t.Context(), "orders.left.example", metav1.GetOptions{})
	assert.True(t, apierrors.IsNotFound(err), err)
	ofRun := metav1.ListOptions{LabelSelector: RunLabel + "=" + suite.run}
	roles, err := suite.client.RbacV1().ClusterRoles().List(t.Context(), ofRun)
	require.NoError(t, err)
	assert.Empty(t, roles.Items)
}

func TestACRDThatExistedBeforeTheRunStays(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	crd := strings.ReplaceAll(orders, "GROUP", "stays.example")
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(crd), &object.Object))
	_, err := suite.resources.dynamic.Resource(crds).Create(t.Context(), object, metav1.CreateOptions{})
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(suite.options.Dir, "shop", "crds"), 0o700))
	write(t, suite, "crds/orders.yaml", crd)

	output, passed := runFeature(t, suite, "Feature: f\n  Scenario: s\n    When I run helm install shop ./shop\n", 1)

	require.True(t, passed, output)
	found, err := suite.resources.dynamic.Resource(crds).Get(t.Context(), "orders.stays.example", metav1.GetOptions{})
	require.NoError(t, err)
	assert.Empty(t, found.GetLabels())
	assert.Nil(t, found.GetDeletionTimestamp())
}

var crds = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

const twoWithOneRole = `Feature: f
  @serial
  Scenario: one
    When I run helm install shop ./shop --set role=ROLE
    Then deployment/shop appears in namespace "shop"
  @serial
  Scenario: other
    When I run helm install shop ./shop --set role=ROLE
    Then deployment/shop appears in namespace "shop"
`

func TestSerialScenariosDoNotClash(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	write(t, suite, "templates/role.yaml", clusterRole)

	output, passed := runFeature(t, suite, strings.ReplaceAll(twoWithOneRole, "ROLE", "in-turn"), 2)

	assert.True(t, passed, output)
}

func TestTheErrorOfAClashNamesTheTagSerial(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	write(t, suite, "templates/role.yaml", clusterRole)

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: s
    When I run helm install shop ./shop --set role=clash
    And I run helm install shop ./shop --set role=clash -n other --create-namespace
`, 1)

	assert.False(t, passed)
	assert.Contains(t, output, `ClusterRole "clash" in namespace "" exists and cannot be imported`)
	assert.Contains(t, output, "tag them @serial")
	requireOnlyDeleting(t, suite)
}

func TestEveryScenarioHasItsOwnNamespaces(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: one
    When I run helm install shop ./shop -n elsewhere --create-namespace
    Then deployment/shop appears in namespace "elsewhere"
  Scenario: other
    When I run helm install shop ./shop --namespace=elsewhere --create-namespace
    Then deployment/shop appears in namespace "elsewhere"
  Scenario: none
    When I run helm install shop ./shop -n elsewhere
`, 3)

	assert.False(t, passed)
	assert.Contains(t, output, "3 scenarios (2 passed, 1 failed)", output)
	assert.Regexp(t, `namespaces "elsewhere-\w{6}" not found`, output)
	requireOnlyDeleting(t, suite)
}

func TestTheLastReleaseThatAScenarioNamesIsUnderTest(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: s
    When I run helm install market-shop ./shop
    And I run helm upgrade with --set replicaCount=2
    And I run helm rollback with 1
    And I run helm history with --max 5
    And I run helm get values with --all
    And I run helm template with --set replicaCount=3
    And I run helm lint with --strict
    Then deployment/market-shop appears in namespace "shop"
    When I run helm uninstall with --wait
`, 1)

	assert.True(t, passed, output)
}

func TestErrorsOfInvalidCommandLines(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	for line, words := range map[string]string{
		"instal shop ./shop":                 `did you mean install?`,
		"install shop ./shop --nmaespace x":  `did you mean --namespace?`,
		"install shop ./nowhere":             `./nowhere`,
		"install shop ./shop | tee x":        `this is not a shell`,
		"install shop ./shop --set a='b":     `reached EOF without closing quote`,
		"upgrade other ./shop":               `"other" has no deployed releases`,
		"install shop ./shop --kubeconfig x": `--kubeconfig cannot be used here`,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			output, passed := runFeature(t, suite, "Feature: f\n  Scenario: s\n    When I run helm "+line+"\n", 1)
			assert.False(t, passed)
			assert.Contains(t, output, words)
		})
	}
}

// attachments runs a feature and returns what its steps attached, by name.
func attachments(t *testing.T, suite *Suite, feature string) map[string]string {
	var mu sync.Mutex
	found := map[string]string{}
	godog.TestSuite{
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			// After hooks run in reverse order: this one sees what the steps' own attached.
			sc.After(func(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) {
				mu.Lock()
				defer mu.Unlock()
				for _, a := range godog.Attachments(ctx) {
					found[a.FileName] = string(a.Body)
				}
				return ctx, nil
			})
			Register(sc, suite)
		},
		Options: &godog.Options{
			FeatureContents: []godog.Feature{{Name: "test.feature", Contents: []byte(feature)}},
			Format:          "progress", NoColors: true, Strict: true, Output: new(strings.Builder), DefaultContext: t.Context(),
		},
	}.Run()
	return found
}

func TestAFailedStepAttachesTheHelmCommand(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)

	found := attachments(t, suite, `Feature: f
  Scenario: it fails
    When I run helm install shop ./shop
    Then shop pods use image "nginx:9"
`)

	assert.Contains(t, found["Helm"], "$ helm install shop ./shop\nNAME: shop\n")
	assert.NotContains(t, found, "Difference", "the objects are as they were rendered")
}

func TestAFailedStepAttachesTheDetailsOfAllWaits(t *testing.T) {
	t.Parallel()
	found := attachments(t, newSuite(t), `Feature: f
  Scenario: s
    When I run helm install shop ./shop --set image.repository=registry.invalid/one
    And I run helm install other-shop ./shop --set image.repository=registry.invalid/two
    Then deployment/shop and other-shop appear in namespace "shop"
`)

	assert.Contains(t, found["Why"], "deployment/shop (")
	assert.Contains(t, found["Why"], "deployment/other-shop (")
	assert.Contains(t, found["Why"], "registry.invalid/two")
}

func TestAFailedStepAttachesTheDifferenceToTheRendering(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)
	write(t, suite, "templates/quantity.yaml", `apiVersion: v1
kind: ConfigMap
metadata: {name: mine}
data: {a: "1"}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec:
  limits:
    - type: Container
      max: {cpu: 1000m}
`)
	found := attachments(t, suite, `Feature: f
  Scenario: s
    When I run helm install shop ./shop
    Then shop pods use image "nginx:9"
`)

	diff := found["Difference"]
	assert.Contains(t, diff, "--- LimitRange/limits as rendered\n+++ LimitRange/limits in the cluster\n")
	assert.Contains(t, diff, "-      cpu: 1000m\n+      cpu: \"1\"\n")
	assert.NotContains(t, diff, "ConfigMap")
}

func TestAPassingScenarioAttachesNothing(t *testing.T) {
	t.Parallel()
	found := attachments(t, newSuite(t), `Feature: f
  Scenario: s
    When I run helm install shop ./shop
    Then deployment/shop appears in namespace "shop"
`)

	assert.Empty(t, found)
}

func TestKeepFailed(t *testing.T) {
	t.Parallel()
	suite := newSuite(t, func(o *Options) { o.KeepFailed = true })

	_, passed := runFeature(t, suite, `Feature: f
  Scenario: fails
    When I run helm install shop ./shop
    Then shop pods use image "nginx:9"
  Scenario: passes
    When I run helm install shop ./shop
    Then deployment/shop appears in namespace "shop"
`, 2)

	assert.False(t, passed)
	require.Len(t, suite.Kept(), 1)
	kept, err := suite.client.CoreV1().Namespaces().Get(t.Context(), suite.Kept()[0], metav1.GetOptions{})
	require.NoError(t, err)
	assert.Nil(t, kept.DeletionTimestamp)
}

func TestScenariosWithTheTagContainersAreSkippedOnSimulatedNodes(t *testing.T) {
	t.Parallel()
	const feature = `Feature: f
  @containers
  Scenario: served
    When I run helm install shop ./nowhere
`
	suite := newSuite(t)
	output, passed := runFeature(t, suite, feature, 1)
	assert.True(t, passed, output)
	assert.Contains(t, output, "1 steps (1 skipped)")
	assert.Equal(t, map[string][]string{noContainers: {"served"}}, suite.Skipped())
	assert.Contains(t, attachments(t, newSuite(t), feature)["Skipped"], "the nodes of this cluster are simulated")

	output, passed = runFeature(t, newSuite(t, func(o *Options) { o.Containers = true }), feature, 1)
	assert.False(t, passed, "it runs on nodes that run containers")
	assert.Contains(t, output, "./nowhere")
}

func TestScenariosWithStepsThatNeedContainersAreSkippedOnSimulatedNodes(t *testing.T) {
	t.Parallel()
	suite := newSuite(t)

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: not tagged
    When I run helm install shop ./nowhere
    Then deployment/shop reaches "http://shop:80/"
  Scenario: simulated nodes will do
    When I run helm lint with --strict
`, 1)

	assert.True(t, passed, output)
	assert.Equal(t, map[string][]string{noContainers: {"not tagged"}}, suite.Skipped())
}
