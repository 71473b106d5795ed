Feature: Services
  Each service has a name and a port in the cluster, and leads to its own pods and to no others.

  Scenario: No service is open to the world
    When I run helm install traderadmin ./charts/traderadmin
    Then the service "python-orch" has .spec.type = ClusterIP
    And the service "go-scanner" has .spec.type = ClusterIP
    And the service "redis" has .spec.type = ClusterIP
