Feature: Services
  Each service has a name and a port in the cluster, and leads to its own pods and to no others.

  Scenario Outline: <name> is reached at port <port>
    When I run helm install traderadmin ./charts/traderadmin --set replicaCount.pythonOrch=2 --set replicaCount.goScanner=3
    Then service/<name> port <port> leads to <pods> pods of deployment/<name>

    Examples:
      | name        | port | pods |
      | python-orch | 8000 | 2    |
      | go-scanner  | 8080 | 3    |
      | redis       | 6379 | 1    |

  Scenario: An image that listens elsewhere gets another port
    When I run helm install traderadmin ./charts/traderadmin --set service.goScanner.port=9090
    Then container "go-scanner" of deployment/go-scanner has the ports
      | port | name |
      | 9090 | api  |
    And service/go-scanner port 9090 leads to 1 pod of deployment/go-scanner
    And service/python-orch port 8000 leads to 1 pod of deployment/python-orch

  Scenario: A service follows its pods through an upgrade
    Given I run helm install traderadmin ./charts/traderadmin --wait
    When I run helm upgrade traderadmin ./charts/traderadmin --set image.pythonOrch=registry/python-orch:v2.0
    Then deployment/python-orch got new pods
    And service/python-orch leads to 1 pod of deployment/python-orch

  Scenario: No service is open to the world
    When I run helm install traderadmin ./charts/traderadmin
    Then the service "python-orch" has .spec.type = ClusterIP
    And the service "go-scanner" has .spec.type = ClusterIP
    And the service "redis" has .spec.type = ClusterIP
