Feature: Uninstalling
  An uninstall removes everything that the release created, except for data that must not be lost.

  @smoke
  Scenario: An uninstall leaves nothing behind, and frees the release name
    Given I run helm install traderadmin ./charts/traderadmin
    When I run helm uninstall traderadmin
    Then nothing is left in namespace "trader"
    When I run helm install traderadmin ./charts/traderadmin
    Then deployment/python-orch, go-scanner and redis appear in namespace "trader"
    And release "traderadmin" has revision 1 and status "deployed"

  Scenario: An uninstall of production leaves nothing behind
    Given I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml
    When I run helm uninstall traderadmin
    Then nothing is left in namespace "trader"

  Scenario: The data of Redis survives an uninstall, is adopted by the next release, and survives the removal of Redis
    Given I run helm install traderadmin ./charts/traderadmin --set redis.persistence.enabled=true
    And I note .metadata.uid of the persistentvolumeclaim "redis-data"
    When I run helm uninstall traderadmin
    Then nothing is left in namespace "trader" but
      | kind                  | name       |
      | PersistentVolumeClaim | redis-data |
    When I run helm install traderadmin ./charts/traderadmin --set redis.persistence.enabled=true
    Then .metadata.uid of the persistentvolumeclaim "redis-data" is as noted
    And container "redis" of deployment/redis has the mounts
      | path  | from           |
      | /data | pvc/redis-data |
    When I run helm upgrade traderadmin ./charts/traderadmin --set redis.enabled=false
    Then there is no deployment "redis"
    And .metadata.uid of the persistentvolumeclaim "redis-data" is as noted

  Scenario: A release uninstalled with --keep-history can be restored by a rollback
    Given I run helm install traderadmin ./charts/traderadmin --set image.goScanner=custom:1.2
    And I run helm upgrade traderadmin ./charts/traderadmin --set replicaCount.goScanner=2
    When I run helm uninstall traderadmin --keep-history
    Then there is no deployment "go-scanner"
    And the history of release "traderadmin" is
      | revision | status      | description             |
      | 1        | superseded  | Install complete        |
      | 2        | uninstalled | Uninstallation complete |
    When I run helm rollback traderadmin 1
    Then go-scanner pods use image "custom:1.2"
    And release "traderadmin" has revision 3 and status "deployed"
