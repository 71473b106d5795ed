Feature: Uninstalling
  A release takes everything with it that it brought, but for what must not be lost.

  Scenario: Nothing is left of a release, and its name is free again
    Given I run helm install traderadmin ./charts/traderadmin
    When I run helm uninstall traderadmin
    Then nothing is left in namespace "trader"
    When I run helm install traderadmin ./charts/traderadmin
    Then deployment/python-orch, go-scanner and redis appear in namespace "trader"
    And release "traderadmin" has revision 1 and status "deployed"

  Scenario: Production too leaves nothing behind
    Given I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml
    When I run helm uninstall traderadmin
    Then nothing is left in namespace "trader"

  Scenario: What Redis stored outlives the release, the next one takes it over, and leaves it when Redis is switched off
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

  Scenario: The history of a release can be kept, and then it comes back by a rollback
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
