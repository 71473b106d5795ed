Feature: Invalid values
  Invalid values are reported before anything reaches the cluster.

  Scenario Outline: <value> is rejected, because <why>
    When I try helm install traderadmin ./charts/traderadmin --set <value>
    Then it fails with "<says>"
    And nothing is left in namespace "trader"

    Examples: Values of the wrong type
      | value                        | why                       | says                                                   |
      | replicaCount.goScanner=two   | replicas are a number     | at '/replicaCount/goScanner': got string, want integer |
      | redis.enabled=maybe          | a switch is true or false | at '/redis/enabled': got string, want boolean          |
      | config.scanner.universe=AAPL | the universe is a list    | at '/config/scanner/universe': got string, want array  |

    Examples: Values that are malformed or out of range
      | value                                    | why                                | says                                                             |
      | replicaCount.goScanner=-1                | replicas cannot be negative        | at '/replicaCount/goScanner': minimum: got -1, want 0            |
      | service.goScanner.port=70000             | ports end at 65535                 | at '/service/goScanner/port': maximum: got 70,000, want 65,535   |
      | config.python.strategy.sma_period=0      | an average needs a candle          | at '/config/python/strategy/sma_period': minimum: got 0, want 1  |
      | config.python.strategy.iv_threshold=high | a threshold is a number            | at '/config/python/strategy/iv_threshold': 'high' does not match |
      | config.scanner.universe={AAPL,AAPL}      | symbols are unique                 | at '/config/scanner/universe': items at 0 and 1 are equal        |
      | image.goScanner=go-scanner:1:2           | an image has one tag               | at '/image/goScanner': 'go-scanner:1:2' does not match           |
      | resources.redis.requests.memory=128MB    | the suffix of megabytes is M or Mi | at '/resources/redis/requests/memory': '128MB' does not match    |

    Examples: Unknown keys
      | value                         | why                             | says                                                                  |
      | replicas.goScanner=2          | the key is replicaCount         | additional properties 'replicas' not allowed                          |
      | replicaCount.goscanner=2      | keys are case-sensitive         | at '/replicaCount': additional properties 'goscanner' not allowed     |
      | config.python.strategy.sma=20 | python-orch has no such setting | at '/config/python/strategy': additional properties 'sma' not allowed |

  Scenario: An invalid upgrade leaves the release unchanged
    Given I run helm install traderadmin ./charts/traderadmin
    When I try helm upgrade traderadmin ./charts/traderadmin --set replicaCount.goScanner=two
    Then it fails with "at '/replicaCount/goScanner': got string, want integer"
    And release "traderadmin" has revision 1 and status "deployed"
    And deployment/go-scanner is rolled out with 1 pod

  Scenario: Invalid values in a file are rejected like those on the command line
    Given the file "desk.yaml"
      """
      config:
        scanner:
          universe: [AAPL, ON]
      """
    When I try helm install traderadmin ./charts/traderadmin -f desk.yaml
    Then it fails with "at '/config/scanner/universe/1': got boolean, want string"
    And nothing is left in namespace "trader"

  Scenario: A required setting cannot be removed
    When I try helm install traderadmin ./charts/traderadmin --set config.scanner.universe=null
    Then it fails with "at '/config/scanner': missing property 'universe'"
    And nothing is left in namespace "trader"
