Feature: Limits of values
  Numbers are accepted up to the limits of the services and of Kubernetes, and rejected beyond them.

  Scenario: Numbers at their minimum are accepted
    Given the file "least.yaml"
      """
      config:
        python:
          ibkr: {port: 1, client_id: 0}
          strategy: {sma_period: 1, candle_count: 1, otm_offset: 0}
        scanner: {sma50_period: 1, candle_count: 1}
      replicaCount: {pythonOrch: 0, goScanner: 0}
      autoscaling:
        goScanner: {minReplicas: 1, maxReplicas: 1, targetCPUUtilizationPercentage: 1}
      termination:
        pythonOrch: {preStopSleepSeconds: 0, gracePeriodSeconds: 0}
        goScanner: {preStopSleepSeconds: 0, gracePeriodSeconds: 0}
        redis: {gracePeriodSeconds: 0}
      service:
        pythonOrch: {port: 1}
        goScanner: {port: 1}
      redis: {port: 1}
      """
    When I run helm template traderadmin ./charts/traderadmin -f least.yaml
    Then helm prints "kind: Deployment"

  Scenario: Numbers below their minimum are rejected
    Given the file "low.yaml"
      """
      config:
        python:
          ibkr: {port: 0, client_id: -1}
          strategy: {sma_period: 0, candle_count: 0, otm_offset: -1}
        scanner: {sma50_period: 0, candle_count: 0}
      replicaCount: {pythonOrch: -1, goScanner: -1}
      autoscaling:
        goScanner: {minReplicas: 0, maxReplicas: 0, targetCPUUtilizationPercentage: 0}
      termination:
        pythonOrch: {preStopSleepSeconds: -1, gracePeriodSeconds: -1}
        goScanner: {preStopSleepSeconds: -1, gracePeriodSeconds: -1}
        redis: {gracePeriodSeconds: -1}
      probes:
        goScanner:
          startup:
            grpc: {port: 0}
            initialDelaySeconds: -1
            periodSeconds: 0
            timeoutSeconds: 0
            successThreshold: 0
            failureThreshold: 0
            terminationGracePeriodSeconds: 0
      service:
        pythonOrch: {port: 0}
        goScanner: {port: 0}
      redis: {port: 0}
      """
    When I try helm template traderadmin ./charts/traderadmin -f low.yaml
    Then it fails with each of
      | text                                                                                 |
      | at '/config/python/ibkr/port': minimum: got 0, want 1                                |
      | at '/config/python/ibkr/client_id': minimum: got -1, want 0                          |
      | at '/config/python/strategy/sma_period': minimum: got 0, want 1                      |
      | at '/config/python/strategy/candle_count': minimum: got 0, want 1                    |
      | at '/config/python/strategy/otm_offset': minimum: got -1, want 0                     |
      | at '/config/scanner/sma50_period': minimum: got 0, want 1                            |
      | at '/config/scanner/candle_count': minimum: got 0, want 1                            |
      | at '/replicaCount/pythonOrch': minimum: got -1, want 0                               |
      | at '/replicaCount/goScanner': minimum: got -1, want 0                                |
      | at '/autoscaling/goScanner/minReplicas': minimum: got 0, want 1                      |
      | at '/autoscaling/goScanner/maxReplicas': minimum: got 0, want 1                      |
      | at '/autoscaling/goScanner/targetCPUUtilizationPercentage': minimum: got 0, want 1   |
      | at '/termination/pythonOrch/preStopSleepSeconds': minimum: got -1, want 0            |
      | at '/termination/pythonOrch/gracePeriodSeconds': minimum: got -1, want 0             |
      | at '/termination/goScanner/preStopSleepSeconds': minimum: got -1, want 0             |
      | at '/termination/goScanner/gracePeriodSeconds': minimum: got -1, want 0              |
      | at '/termination/redis/gracePeriodSeconds': minimum: got -1, want 0                  |
      | at '/probes/goScanner/startup/grpc/port': minimum: got 0, want 1                     |
      | at '/probes/goScanner/startup/initialDelaySeconds': minimum: got -1, want 0          |
      | at '/probes/goScanner/startup/periodSeconds': minimum: got 0, want 1                 |
      | at '/probes/goScanner/startup/timeoutSeconds': minimum: got 0, want 1                |
      | at '/probes/goScanner/startup/successThreshold': minimum: got 0, want 1              |
      | at '/probes/goScanner/startup/failureThreshold': minimum: got 0, want 1              |
      | at '/probes/goScanner/startup/terminationGracePeriodSeconds': minimum: got 0, want 1 |
      | at '/service/pythonOrch/port': minimum: got 0, want 1                                |
      | at '/service/goScanner/port': minimum: got 0, want 1                                 |
      | at '/redis/port': minimum: got 0, want 1                                             |

  Scenario: The last port is accepted
    Given the file "last.yaml"
      """
      config:
        python:
          ibkr: {port: 65535}
      probes:
        goScanner:
          startup:
            httpGet: null
            grpc: {port: 65535}
      service:
        pythonOrch: {port: 65535}
        goScanner: {port: 65535}
      redis: {port: 65535}
      """
    When I run helm template traderadmin ./charts/traderadmin -f last.yaml
    Then helm prints "kind: Deployment"

  Scenario: Ports after the last one are rejected
    Given the file "beyond.yaml"
      """
      config:
        python:
          ibkr: {port: 65536}
      probes:
        goScanner:
          startup:
            grpc: {port: 65536}
      service:
        pythonOrch: {port: 65536}
        goScanner: {port: 65536}
      redis: {port: 65536}
      """
    When I try helm template traderadmin ./charts/traderadmin -f beyond.yaml
    Then it fails with each of
      | text                                                                       |
      | at '/config/python/ibkr/port': maximum: got 65,536, want 65,535            |
      | at '/probes/goScanner/startup/grpc/port': maximum: got 65,536, want 65,535 |
      | at '/service/pythonOrch/port': maximum: got 65,536, want 65,535            |
      | at '/service/goScanner/port': maximum: got 65,536, want 65,535             |
      | at '/redis/port': maximum: got 65,536, want 65,535                         |
