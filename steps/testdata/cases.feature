Feature: Charts after public reports
  Charts that the linter's tests have too, each after a fault that a public chart had, and what a cluster makes of them.

  Scenario: a chart without a fault
    When I run helm install demo ./lint/testdata/cases/00-base --wait
    Then deployment/demo is rolled out

  Scenario: a tag of digits is printed as a number with an exponent
    When I try helm install demo ./lint/testdata/cases/04a-tag-number -f ./lint/testdata/cases/04a-tag-number/values-prod.yaml --wait
    Then it fails with "couldn't parse image name"

  Scenario: the pod of a Job that is no hook changes
    When I run helm install demo ./lint/testdata/cases/11-job-immutable
    And I try helm upgrade demo ./lint/testdata/cases/11-job-immutable --set image.tag=2.0.0
    Then it fails with
      """
      spec.template
      """
    And it fails with "demo-schema"

  Scenario: a disruption budget allows no eviction
    When I run helm install demo ./lint/testdata/cases/15-pdb-one-replica --wait
    And I try to drain deployment/demo
    Then it fails with "poddisruptionbudget/demo allows no eviction"

  @helm3
  Scenario: Helm 3 takes an environment variable that is there twice
    When I run helm install demo ./lint/testdata/cases/17-env-twice --wait
    Then deployment/demo is rolled out

  @helm4
  Scenario: Helm 4 refuses an environment variable that is there twice
    When I try helm install demo ./lint/testdata/cases/17-env-twice --wait
    Then it fails with
      """
      duplicate entries for key [name="LOG_LEVEL"]
      """

  Scenario: a hook runs as a ServiceAccount that the release makes after it
    When I try helm install demo ./lint/testdata/cases/21a-hook-serviceaccount
    Then it fails with
      """
      serviceaccount "demo" not found
      """

  Scenario: a ClusterRole has the same name in every release
    Given a namespace "other"
    When I run helm install demo ./lint/testdata/cases/34-clusterrole-name
    And I try helm install demo ./lint/testdata/cases/34-clusterrole-name --namespace other
    Then it fails with
      """
      ClusterRole "node-viewer" in namespace "" exists and cannot be imported into the current release
      """

  Scenario: a workload needs a Secret that nobody makes
    When I try helm install demo ./steps/testdata/cases/51-deployment-no-secret --wait
    Then it fails with "CreateContainerConfigError"

  Scenario: a StatefulSet with claims goes through its life
    When I run helm install demo ./steps/testdata/cases/56-statefulset-storage-ok --wait
    Then statefulset/demo is rolled out
    When I run helm upgrade demo ./steps/testdata/cases/56-statefulset-storage-ok --set image.tag=2.0.0 --wait
    And I run helm rollback demo 1 --wait
    Then statefulset/demo is rolled out
    When I run helm uninstall demo --wait
    Then there is no statefulset "demo"
