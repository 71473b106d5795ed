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

    Examples: Values that the API server would refuse
      | value                                                      | why                                      | says                                                             |
      | image.goScanner=go_-scanner                                | names of images have single separators   | at '/image/goScanner': 'go_-scanner' does not match              |
      | serviceAccount.name=desk.-trader                           | parts of names start with no dash        | at '/serviceAccount/name': 'desk.-trader' does not match         |
      | redis.auth.secretKey=..                                    | a key of a Secret is a file name         | at '/redis/auth/secretKey': '..' does not match                  |
      | resources.redis.limits.memory=1e20                         | no quantity is that large                | at '/resources/redis/limits/memory': '1e20' does not match       |
      | podDisruptionBudget.goScanner.maxUnavailable=101%          | no more than all pods can be unavailable | at '/podDisruptionBudget/goScanner/maxUnavailable': '101%' does  |
      | redis.persistence.size=0                                   | a volume has a size                      | at '/redis/persistence/size': minimum: got 0, want 1             |
      | redis.persistence.size=0Gi                                 | a volume has a size in any unit          | at '/redis/persistence/size': '0Gi' does not match               |
      | probes.goScanner.liveness.tcpSocket.port=1                 | a probe has one handler                  | at '/probes/goScanner/liveness': 'oneOf' failed                  |
      | probes.goScanner.startup.successThreshold=2                | a container starts once                  | at '/probes/goScanner/startup/successThreshold': value must be 1 |
      | probes.goScanner.readiness.terminationGracePeriodSeconds=5 | a readiness probe restarts nothing       | at '/probes/goScanner/readiness/terminationGracePeriodSeconds'   |
      | probes.goScanner.readiness.httpGet.port=a--b               | names of ports have single dashes        | at '/probes/goScanner/readiness/httpGet/port': 'a--b' does not   |
      | probes.goScanner.readiness.httpGet.port=orders-and-fills   | names of ports have 15 characters        | at '/probes/goScanner/readiness/httpGet/port': maxLength: got 16 |

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

  Scenario: Constraints for the spreading of pods must differ
    Given the file "spread.yaml"
      """
      topologySpread:
        constraints:
          - {topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}
          - {topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}
      """
    When I try helm install traderadmin ./charts/traderadmin -f spread.yaml
    Then it fails with "at '/topologySpread/constraints': items at 0 and 1 are equal"

  Scenario: A minimum of domains is only for pods that must be spread
    Given the file "spread.yaml"
      """
      topologySpread:
        constraints:
          - {topologyKey: kubernetes.io/hostname, maxSkew: 1, minDomains: 2, whenUnsatisfiable: ScheduleAnyway}
      """
    When I try helm install traderadmin ./charts/traderadmin -f spread.yaml
    Then it fails with "at '/topologySpread/constraints/0/whenUnsatisfiable': value must be 'DoNotSchedule'"

  Scenario: The command of a probe is not empty
    Given the file "probes.yaml"
      """
      probes:
        goScanner:
          liveness: {httpGet: null, exec: {command: []}}
      """
    When I try helm install traderadmin ./charts/traderadmin -f probes.yaml
    Then it fails with "at '/probes/goScanner/liveness/exec/command': minItems: got 0, want 1"
