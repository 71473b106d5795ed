package steps

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/traderadmin/charts/internal/helm"
)

// leaving is the objects that `helm uninstall` leaves: that of a hook, one with the policy keep, and a volume claim.
const leaving = `apiVersion: v1
kind: ConfigMap
metadata: {name: hook, annotations: {helm.sh/hook: pre-install}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: hook-that-never-runs, annotations: {helm.sh/hook: test}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, annotations: {helm.sh/resource-policy: keep}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: store, image: nginx}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// Scenarios in a single namespace are isolated, too, and leave the objects of others alone.
func TestSingleNamespace(t *testing.T) {
	t.Parallel()
	const name = "single"
	suite := newSuite(t, func(o *Options) { o.SingleNamespace = name })
	write(t, suite, "templates/leaving.yaml", leaving)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := suite.client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	require.NoError(t, err)
	for _, canary := range []string{"canary", "hook-that-never-runs"} {
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: canary}}
		_, err := suite.client.CoreV1().ConfigMaps(name).Create(t.Context(), object, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	user := newSuite(t)
	_, err = user.helm.Run(t.Context(), helm.Scope{}, "install", "theirs", "./shop", "-n", name)
	require.NoError(t, err)
	before := inNamespace(t, suite, name)

	output, passed := runFeature(t, suite, `Feature: f
  Scenario: one
    When I run helm install shop ./shop --create-namespace
    Then deployment/shop appears in namespace "shop"
    And there is a pvc "data-store-0"
  Scenario: other
    When I run helm upgrade with --set replicaCount=2
    Then deployment/shop appears in namespace "shop"
  Scenario: theirs
    When I run helm upgrade theirs ./shop
  Scenario: second
    When I run helm install shop ./shop --namespace elsewhere --create-namespace
  Scenario: applied
    Given the objects
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: applied}
      """
    Then there is a configmap "applied"
`, 4)

	assert.False(t, passed)
	assert.Contains(t, output, "release theirs was in namespace single before this scenario, and is not touched")
	reason := `it needs the namespace "elsewhere", and the run may only use single`
	assert.Equal(t, map[string][]string{reason: {"second"}}, suite.Skipped())
	assert.Contains(t, output, "5 scenarios (4 passed, 1 failed)", "godog counts skipped scenarios as passed")
	assert.Equal(t, before, inNamespace(t, suite, name), output)
}

// inNamespace returns the UIDs of the objects in a namespace that are not being deleted, without those of controllers.
func inNamespace(t *testing.T, suite *Suite, name string) map[string]string {
	found := map[string]string{}
	for _, kind := range []string{
		"configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims",
		"deployments.apps", "statefulsets.apps",
	} {
		resource, err := suite.resources.mapper.ResourceFor(schema.ParseGroupResource(kind).WithVersion(""))
		require.NoError(t, err)
		list, err := suite.resources.dynamic.Resource(resource).Namespace(name).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
		for _, object := range list.Items {
			if object.GetDeletionTimestamp() == nil {
				found[kind+"/"+object.GetName()] = string(object.GetUID())
			}
		}
	}
	return found
}
