Feature: Services
  Each service has a name and a port in the cluster, and selects only its own pods.

  @smoke
  Scenario: Each service selects only its own pods, and is reachable only inside the cluster
    When I run helm install traderadmin ./charts/traderadmin --set replicaCount.pythonOrch=2 --set replicaCount.goScanner=3
    Then service/python-orch port 8000 leads to 2 pods of deployment/python-orch
    And service/go-scanner port 8080 leads to 3 pods of deployment/go-scanner
    And service/redis port 6379 leads to 1 pod of deployment/redis
    And the service "python-orch" has .spec.type = ClusterIP
    And the service "go-scanner" has .spec.type = ClusterIP
    And the service "redis" has .spec.type = ClusterIP

  Scenario: A service can listen on another port
    When I run helm install traderadmin ./charts/traderadmin --set service.goScanner.port=9090
    Then container "go-scanner" of deployment/go-scanner has the ports
      | port | name |
      | 9090 | api  |
    And service/go-scanner port 9090 leads to 1 pod of deployment/go-scanner
    And service/python-orch port 8000 leads to 1 pod of deployment/python-orch

  Scenario Outline: The Service of <name> forwards to the named port of its pods
    When I run helm template traderadmin ./charts/traderadmin
    Then helm prints the service "<name>" with
      | path        | value   |
      | .spec.ports | <ports> |

    Examples:
      | name        | ports                                          |
      | python-orch | [{name: api, port: 8000, targetPort: api}]     |
      | go-scanner  | [{name: api, port: 8080, targetPort: api}]     |
      | redis       | [{name: redis, port: 6379, targetPort: redis}] |
