Feature: Labels
  Labels tell operators and tools what an object is, which release it belongs to, and who manages it.

  Scenario: Every object has the labels that Kubernetes recommends
    When I run helm template desk ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml --set redis.persistence.enabled=true
    Then every object that helm prints has
      | path                                               | value             |
      | .metadata.labels['helm\.sh/chart']                 | traderadmin-0.1.0 |
      | .metadata.labels['app\.kubernetes\.io/name']       | traderadmin       |
      | .metadata.labels['app\.kubernetes\.io/instance']   | desk              |
      | .metadata.labels['app\.kubernetes\.io/version']    | "1.0"             |
      | .metadata.labels['app\.kubernetes\.io/part-of']    | traderadmin       |
      | .metadata.labels['app\.kubernetes\.io/managed-by'] | Helm              |

  Scenario Outline: The <kind> <name> belongs to the component <component>
    When I run helm template traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml --set redis.persistence.enabled=true
    Then helm prints the <kind> "<name>" with
      | path                                              | value       |
      | .metadata.labels['app\.kubernetes\.io/component'] | <component> |

    Examples:
      | kind                    | name             | component       |
      | configmap               | trader-config    | config          |
      | serviceaccount          | traderadmin      | service-account |
      | deployment              | python-orch      | python-orch     |
      | service                 | python-orch      | python-orch     |
      | networkpolicy           | python-orch      | python-orch     |
      | poddisruptionbudget     | python-orch      | python-orch     |
      | deployment              | go-scanner       | go-scanner      |
      | service                 | go-scanner       | go-scanner      |
      | networkpolicy           | go-scanner       | go-scanner      |
      | poddisruptionbudget     | go-scanner       | go-scanner      |
      | horizontalpodautoscaler | go-scanner       | go-scanner      |
      | deployment              | redis            | redis           |
      | service                 | redis            | redis           |
      | networkpolicy           | redis            | redis           |
      | secret                  | redis-auth       | redis           |
      | persistentvolumeclaim   | redis-data       | redis           |
      | pod                     | traderadmin-test | test            |
      | networkpolicy           | traderadmin-test | test            |
