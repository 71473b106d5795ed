Feature: Values files
  An environment, a team and a user on the command line each set values; the last one takes precedence.

  Background:
    Given the file "desk.yaml"
      """
      image:
        goScanner: registry/go-scanner:desk
      replicaCount:
        pythonOrch: 3
      config:
        scanner:
          universe: [TSLA]
      """

  Scenario: A file overrides only the values that it names
    When I run helm install traderadmin ./charts/traderadmin -f desk.yaml
    Then deployment/python-orch is rolled out with 3 pods
    And deployment/go-scanner is rolled out with 1 pod
    And the configmap "trader-config" holds "config.json" as json
      """
      {"sma50_period": 50, "candle_count": 2, "iv_threshold": 0.8, "universe": ["TSLA"]}
      """

  Scenario: The later of two files takes precedence
    When I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-qa.yaml -f desk.yaml
    Then go-scanner pods use image "registry/go-scanner:desk"
    And python-orch pods use image "ghcr.io/traderadmin/python-orch:1.5.0-rc.1"
    And deployment/python-orch is rolled out with 3 pods
    And the configmap "trader-config" holds "config.json" as json
      """
      {"sma50_period": 50, "candle_count": 2, "iv_threshold": 0.8, "universe": ["TSLA"]}
      """

  Scenario: In reverse order the environment takes precedence
    When I run helm install traderadmin ./charts/traderadmin -f desk.yaml -f ./charts/traderadmin/values-qa.yaml
    Then go-scanner pods use image "ghcr.io/traderadmin/go-scanner:2.1.0-rc.1"
    And deployment/python-orch is rolled out with 3 pods
    And the configmap "trader-config" holds "config.json" as json
      """
      {"sma50_period": 50, "candle_count": 2, "iv_threshold": 0.8, "universe": ["SPY"]}
      """

  Scenario: --set overrides all files at any position, and a later --set overrides an earlier one
    When I run helm install traderadmin ./charts/traderadmin --set replicaCount.pythonOrch=2,image.goScanner=custom:1.1 -f ./charts/traderadmin/values-qa.yaml -f desk.yaml --set image.goScanner=custom:1.2
    Then deployment/python-orch is rolled out with 2 pods
    And go-scanner pods use image "custom:1.2"

  Scenario: A release stores the given values, and no defaults
    When I run helm install traderadmin ./charts/traderadmin -f desk.yaml --set replicaCount.goScanner=2
    Then the values of release "traderadmin" are
      """
      image: {goScanner: "registry/go-scanner:desk"}
      replicaCount: {pythonOrch: 3, goScanner: 2}
      config: {scanner: {universe: [TSLA]}}
      """
