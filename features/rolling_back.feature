Feature: Rolling back
  Every revision of a release can be restored, and the history records it.

  @smoke
  Scenario: A rollback restores the images, replicas and configuration of a revision, and the history records it
    Given I run helm install traderadmin ./charts/traderadmin
    And I run helm upgrade traderadmin ./charts/traderadmin --set image.goScanner=custom:1.2,replicaCount.goScanner=2,config.scanner.sma50_period=55
    When I run helm rollback traderadmin 1
    Then deployment/go-scanner is rolled out with 1 pod
    And go-scanner pods use image "your-registry/go-scanner:latest"
    And the configmap "trader-config" holds "config.json" as json with
      | path         | value |
      | sma50_period | 50    |
    And the history of release "traderadmin" is
      | revision | status     | chart             | app version | description      |
      | 1        | superseded | traderadmin-0.1.0 | 1.0         | Install complete |
      | 2        | superseded | traderadmin-0.1.0 | 1.0         | Upgrade complete |
      | 3        | deployed   | traderadmin-0.1.0 | 1.0         | Rollback to 1    |

  Scenario: A rollback restarts the pods whose configuration it changes
    Given I run helm install traderadmin ./charts/traderadmin --wait
    And I run helm upgrade traderadmin ./charts/traderadmin --set config.python.strategy.sma_period=20 --wait
    When I run helm rollback traderadmin
    Then deployment/python-orch got new pods
    And deployment/go-scanner kept its pods

  Scenario: A rollback removes objects that an upgrade added, and an unknown revision is rejected
    Given I run helm install traderadmin ./charts/traderadmin --set redis.enabled=false
    And I run helm upgrade traderadmin ./charts/traderadmin --set redis.enabled=true
    When I run helm rollback traderadmin 1
    Then there is no deployment "redis"
    And there is no service "redis"
    When I try helm rollback traderadmin 7
    Then it fails with "release has no 7 version"
    And release "traderadmin" has revision 3 and status "deployed"
