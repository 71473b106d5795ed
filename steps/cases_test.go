package steps

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// cases are scenarios of charts that were made after public reports. Each has the verdict of a real cluster. Most of
// the charts also serve the tests of the linter.
var cases = map[string]string{
	"nothing is wrong": `
		When I run helm install demo ./lint/testdata/cases/00-base --wait
		Then deployment/demo is rolled out with 2 pods`,
	"a tag of digits": `
		Given the file "tag.yaml"
		  """
		  image: {tag: 58467965}
		  """
		When I run helm install demo ./lint/testdata/cases/04a-tag-number -f tag.yaml
		Then deployment/demo cannot be rolled out: "InvalidImageName"`,
	"a Job whose image changes": `
		When I run helm install demo ./lint/testdata/cases/11-job-immutable
		And I try helm upgrade demo ./lint/testdata/cases/11-job-immutable --set image.tag=1.4.3
		Then it fails with "demo-schema"
		And it fails with "spec.template"
		And it fails with "immutable"`,
	"a hook whose service account comes after it": `
		When I try helm install demo ./lint/testdata/cases/21a-hook-serviceaccount --timeout 5s
		Then it fails with "demo-schema"`,
	"a ClusterRole with a fixed name": `
		When I run helm install demo ./lint/testdata/cases/34-clusterrole-name
		And I try helm install other ./lint/testdata/cases/34-clusterrole-name
		Then it fails with "ClusterRole"`,
	"a Secret that does not exist": `
		When I run helm install demo ./steps/testdata/cases/51-deployment-no-secret
		Then deployment/demo cannot be rolled out: "CreateContainerConfigError"`,
	"a wait for a Secret that does not exist": `
		When I try helm install demo ./steps/testdata/cases/51-deployment-no-secret --wait --timeout 4m
		Then it fails with
		  """
		  CreateContainerConfigError: secret "database-login" not found
		  """`,
	"claims of a StatefulSet": `
		When I run helm install demo ./steps/testdata/cases/56-statefulset-storage-ok --wait
		Then statefulset/demo is rolled out with 2 pods
		And the persistentvolumeclaim "data-demo-0" has
		  | path                   | value    |
		  | .status.phase          | Bound    |
		  | .spec.storageClassName | standard |
		When I run helm upgrade demo ./steps/testdata/cases/56-statefulset-storage-ok --wait --set replicaCount=3
		Then statefulset/demo is rolled out with 3 pods
		When I run helm rollback demo 1 --wait
		Then statefulset/demo is rolled out with 2 pods
		When I run helm uninstall demo --wait
		Then there is no statefulset "demo"`,
}

func TestCases(t *testing.T) {
	t.Parallel()
	suite := newSuite(t, func(o *Options) {
		o.Dir, o.Chart, o.Release, o.Namespace = "..", "./lint/testdata/cases/00-base", "demo", "demo"
	})
	var feature strings.Builder
	feature.WriteString("Feature: Cases\n")
	for title, steps := range cases {
		tag := ""
		if strings.Contains(steps, "34-clusterrole-name") {
			tag = Serial // it creates cluster-scoped objects
		}
		feature.WriteString("\n" + tag + "\nScenario: " + title + strings.ReplaceAll(steps, "\t", "") + "\n")
	}
	output, passed := runFeature(t, suite, feature.String(), len(cases))
	assert.True(t, passed, output)
}
