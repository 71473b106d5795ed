Feature: Release test
  `helm test` runs a pod that connects to every service by name. containers.feature runs it on real nodes.

  Scenario: The test pod expects an answer from each service and from Redis
    When I run helm template traderadmin ./charts/traderadmin --set service.pythonOrch.port=8001,service.goScanner.port=8081,redis.port=6380
    Then helm prints
      """
                expect python-orch 8001 "*Protocol error*"
                expect go-scanner 8081 "*Protocol error*"
                expect redis 6380 PONG
                exit $failed
      """

  Scenario: The test pod expects that Redis rejects clients without the password
    When I run helm template traderadmin ./charts/traderadmin --set redis.auth.enabled=true,redis.port=6380
    Then helm prints
      """
                expect redis 6380 "NOAUTH*"
                export REDISCLI_AUTH="$REDIS_PASSWORD"
                expect redis 6380 PONG
      """
    And helm prints the pod "traderadmin-test" with
      | path                                                   | value            |
      | .spec.containers[0].env[*].name                        | [REDIS_PASSWORD] |
      | .spec.containers[0].env[*].valueFrom.secretKeyRef.name | redis-auth       |
      | .spec.containers[0].env[*].valueFrom.secretKeyRef.key  | password         |

  Scenario Outline: The test pod does not expect <what> that does not run
    When I run helm template traderadmin ./charts/traderadmin --set <value>
    Then helm does not print "expect <name> "
    And helm prints the pod "traderadmin-test" with
      | path                    | value |
      | .spec.containers[0].env |       |

    Examples:
      | what          | name        | value                                       |
      | a python-orch | python-orch | replicaCount.pythonOrch=0                   |
      | a go-scanner  | go-scanner  | replicaCount.goScanner=0                    |
      | a Redis       | redis       | redis.enabled=false,redis.auth.enabled=true |

  Scenario: Scanners that an autoscaler starts are expected
    When I run helm template traderadmin ./charts/traderadmin --set replicaCount.goScanner=0,autoscaling.goScanner.enabled=true
    Then helm prints "expect go-scanner 8080 "

  Scenario: The test pod runs once for at most two minutes, and is kept for its log
    When I run helm template traderadmin ./charts/traderadmin
    Then helm prints the pod "traderadmin-test" with
      | path                                                 | value                |
      | .metadata.annotations['helm\.sh/hook']               | test                 |
      | .metadata.annotations['helm\.sh/hook-delete-policy'] | before-hook-creation |
      | .spec.restartPolicy                                  | Never                |
      | .spec.activeDeadlineSeconds                          | 120                  |
      | .spec.containers[0].name                             | test                 |
      | .spec.containers[0].command                          | [sh, -euc]           |

  Scenario: The test pod has the image of Redis and small resources, unless the values say otherwise
    When I run helm template traderadmin ./charts/traderadmin
    Then helm prints the pod "traderadmin-test" with
      | path                          | value                                                                   |
      | .spec.containers[0].image     | redis:7.4.10                                                            |
      | .spec.containers[0].resources | {requests: {cpu: 20m, memory: 16Mi}, limits: {cpu: 100m, memory: 64Mi}} |
    When I run helm template traderadmin ./charts/traderadmin --set image.redis=redis:8
    Then helm prints the pod "traderadmin-test" with
      | path                      | value   |
      | .spec.containers[0].image | redis:8 |
    When I run helm template traderadmin ./charts/traderadmin --set image.test=desk/redis-cli:1,resources.test.limits.memory=32Mi
    Then helm prints the pod "traderadmin-test" with
      | path                                        | value            |
      | .spec.containers[0].image                   | desk/redis-cli:1 |
      | .spec.containers[0].resources.limits.memory | 32Mi             |

  Scenario: The test pod is scheduled as configured
    Given the file "placement.yaml"
      """
      scheduling:
        test:
          nodeSelector: {disk: fast}
          tolerations: [{key: desk, operator: Exists}]
          affinity: {podAffinity: {}}
          priorityClassName: low
      """
    When I run helm template traderadmin ./charts/traderadmin -f placement.yaml
    Then helm prints the pod "traderadmin-test" with
      | path                    | value                           |
      | .spec.nodeSelector      | {disk: fast}                    |
      | .spec.tolerations       | [{key: desk, operator: Exists}] |
      | .spec.affinity          | {podAffinity: {}}               |
      | .spec.priorityClassName | low                             |

  Scenario: Network policies let the test pod reach each service, and nothing reach the test pod
    When I run helm template traderadmin ./charts/traderadmin --set networkPolicy.enabled=true,service.pythonOrch.port=8001,service.goScanner.port=8081,redis.port=6380
    Then helm prints the networkpolicy "traderadmin-test" with
      | path                                                                            | value                                                                                                             |
      | .spec.podSelector.matchLabels                                                   | {app.kubernetes.io/name: traderadmin, app.kubernetes.io/instance: traderadmin, app.kubernetes.io/component: test} |
      | .spec.policyTypes                                                               | [Ingress, Egress]                                                                                                 |
      | .spec.ingress                                                                   | []                                                                                                                |
      | .spec.egress[1:].to[0].podSelector.matchLabels['app\.kubernetes\.io/component'] | [python-orch, go-scanner, redis]                                                                                  |
      | .spec.egress[1:].ports[*].port                                                  | [8001, 8081, 6380]                                                                                                |
      | .spec.egress[0].ports[*].port                                                   | [53, 53]                                                                                                          |

  Scenario: Without a Redis, the test pod does not reach one
    When I run helm template traderadmin ./charts/traderadmin --set networkPolicy.enabled=true,redis.enabled=false
    Then helm prints the networkpolicy "traderadmin-test" with
      | path                                                                            | value                     |
      | .spec.egress[1:].to[0].podSelector.matchLabels['app\.kubernetes\.io/component'] | [python-orch, go-scanner] |

  Scenario: There is no policy for the test pod unless network policies are enabled
    When I run helm install traderadmin ./charts/traderadmin
    Then there is no networkpolicy "traderadmin-test"
