Feature: Availability
  The values can prepare the services for node drains, load and slow starts.

  Rule: A disruption budget keeps pods available during a node drain

    Scenario: A drain evicts scanners one at a time, and unhealthy pods do not block it
      Given I run helm install traderadmin ./charts/traderadmin --set podDisruptionBudget.pythonOrch.enabled=true,podDisruptionBudget.goScanner.enabled=true,replicaCount.goScanner=3 --wait
      And deployment/go-scanner is watched
      When I drain deployment/go-scanner
      Then deployment/go-scanner is rolled out with 3 pods
      And at least 2 pods of deployment/go-scanner were ready all along
      And the poddisruptionbudget "python-orch" has .spec.unhealthyPodEvictionPolicy = AlwaysAllow
      And the poddisruptionbudget "go-scanner" has .spec.unhealthyPodEvictionPolicy = AlwaysAllow

    Scenario Outline: The budget of <service> allows the configured number of disruptions
      When I run helm template traderadmin ./charts/traderadmin --set podDisruptionBudget.<key>.enabled=true,podDisruptionBudget.<key>.maxUnavailable=2
      Then helm prints the poddisruptionbudget "<service>" with
        | path                                                        | value     |
        | .spec.maxUnavailable                                        | 2         |
        | .spec.selector.matchLabels['app\.kubernetes\.io/component'] | <service> |

      Examples:
        | service     | key        |
        | python-orch | pythonOrch |
        | go-scanner  | goScanner  |

    Scenario: A budget without disruptions left blocks the drain of its own service only
      Given I run helm install traderadmin ./charts/traderadmin --set podDisruptionBudget.pythonOrch.enabled=true,podDisruptionBudget.pythonOrch.maxUnavailable=0 --wait
      And deployment/python-orch is watched
      When I try to drain deployment/python-orch
      Then it fails with "poddisruptionbudget/python-orch allows no eviction"
      And at least 1 pod of deployment/python-orch was ready all along
      When I drain deployment/go-scanner
      Then deployment/go-scanner is rolled out with 1 pod

  Rule: An autoscaler sets the number of scanners

    Scenario: The autoscaler takes its bounds and target from the values, and an upgrade keeps its replicas
      When I run helm install traderadmin ./charts/traderadmin --set autoscaling.goScanner.enabled=true,autoscaling.goScanner.minReplicas=3,autoscaling.goScanner.maxReplicas=8,autoscaling.goScanner.targetCPUUtilizationPercentage=60
      Then the horizontalpodautoscaler "go-scanner" has
        | path                                                | value      |
        | .spec.scaleTargetRef.kind                           | Deployment |
        | .spec.scaleTargetRef.name                           | go-scanner |
        | .spec.minReplicas                                   | 3          |
        | .spec.maxReplicas                                   | 8          |
        | .spec.metrics[0].resource.name                      | cpu        |
        | .spec.metrics[0].resource.target.averageUtilization | 60         |
      When another manager sets .spec.replicas of the deployment "go-scanner" to 3
      And I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set image.goScanner=custom:1.2
      Then deployment/go-scanner is rolled out with 3 pods

    Scenario: An upgrade and a rollback keep a container that an injector added
      Given I run helm install traderadmin ./charts/traderadmin
      And another manager sets .spec.template.spec.containers of the deploy "go-scanner" to [{name: proxy, image: p:1}]
      When I run helm upgrade traderadmin ./charts/traderadmin --set image.goScanner=custom:1.2
      Then the deployment "go-scanner" has .spec.template.spec.containers[*].image = [custom:1.2, p:1]
      When I run helm rollback traderadmin 1
      Then the deployment "go-scanner" has .spec.template.spec.containers[*].name = [go-scanner, proxy]
      And deployment/go-scanner is rolled out

  Rule: Probes decide when a pod serves, and a terminating pod serves its last requests

    Scenario: Services are probed on their own port, and serve their last requests before SIGTERM
      When I run helm install traderadmin ./charts/traderadmin --set probes.pythonOrch.enabled=true,probes.goScanner.enabled=true --set termination.pythonOrch.preStopSleepSeconds=5,termination.pythonOrch.gracePeriodSeconds=45,termination.goScanner.preStopSleepSeconds=7,termination.goScanner.gracePeriodSeconds=50
      Then the deployment "python-orch" has
        | path                                                     | value                                     |
        | .spec.template.spec.containers[0].startupProbe.httpGet   | {path: /healthz, port: api, scheme: HTTP} |
        | .spec.template.spec.containers[0].readinessProbe.httpGet | {path: /readyz, port: api, scheme: HTTP}  |
        | .spec.template.spec.containers[0].livenessProbe.httpGet  | {path: /healthz, port: api, scheme: HTTP} |
      And the deployment "go-scanner" has
        | path                                                     | value                                     |
        | .spec.template.spec.containers[0].startupProbe.httpGet   | {path: /healthz, port: api, scheme: HTTP} |
        | .spec.template.spec.containers[0].readinessProbe.httpGet | {path: /readyz, port: api, scheme: HTTP}  |
        | .spec.template.spec.containers[0].livenessProbe.httpGet  | {path: /healthz, port: api, scheme: HTTP} |
      And the deployment "python-orch" has
        | path                                                              | value |
        | .spec.template.spec.containers[0].lifecycle.preStop.sleep.seconds | 5     |
        | .spec.template.spec.terminationGracePeriodSeconds                 | 45    |
      And the deployment "go-scanner" has
        | path                                                              | value |
        | .spec.template.spec.containers[0].lifecycle.preStop.sleep.seconds | 7     |
        | .spec.template.spec.terminationGracePeriodSeconds                 | 50    |

    Scenario Outline: The probes of <service> can be tuned
      Given the file "tuned.yaml"
        """
        probes:
          <key>:
            enabled: true
            startup: {httpGet: {path: /start, port: 81}, periodSeconds: 11, failureThreshold: 12}
            readiness: {httpGet: {path: /ready, port: 82}, periodSeconds: 21, timeoutSeconds: 22, failureThreshold: 23}
            liveness: {httpGet: {path: /live, port: 83}, periodSeconds: 31, timeoutSeconds: 32, failureThreshold: 33}
        """
      When I run helm template traderadmin ./charts/traderadmin -f tuned.yaml
      Then helm prints the deployment "<service>" with
        | path                                             | value                                                                                            |
        | .spec.template.spec.containers[0].startupProbe   | {httpGet: {path: /start, port: 81}, periodSeconds: 11, failureThreshold: 12}                     |
        | .spec.template.spec.containers[0].readinessProbe | {httpGet: {path: /ready, port: 82}, periodSeconds: 21, timeoutSeconds: 22, failureThreshold: 23} |
        | .spec.template.spec.containers[0].livenessProbe  | {httpGet: {path: /live, port: 83}, periodSeconds: 31, timeoutSeconds: 32, failureThreshold: 33}  |

      Examples:
        | service     | key        |
        | python-orch | pythonOrch |
        | go-scanner  | goScanner  |

    Scenario Outline: Each probe of <service> can be left out
      When I run helm template traderadmin ./charts/traderadmin --set probes.<key>.enabled=true,probes.<key>.startup=null,probes.<key>.readiness=null,probes.<key>.liveness=null
      Then helm prints the deployment "<service>" with
        | path                                             | value |
        | .spec.template.spec.containers[0].startupProbe   |       |
        | .spec.template.spec.containers[0].readinessProbe |       |
        | .spec.template.spec.containers[0].livenessProbe  |       |

      Examples:
        | service     | key        |
        | python-orch | pythonOrch |
        | go-scanner  | goScanner  |

    Scenario Outline: <service> is probed with patience for its start, and taken out of its Service soon
      When I run helm template traderadmin ./charts/traderadmin --set probes.<key>.enabled=true
      Then helm prints the deployment "<service>" with
        | path                                                              | value     |
        | .spec.template.spec.containers[0].startupProbe.periodSeconds      | <period>  |
        | .spec.template.spec.containers[0].startupProbe.failureThreshold   | <periods> |
        | .spec.template.spec.containers[0].readinessProbe.periodSeconds    | 5         |
        | .spec.template.spec.containers[0].readinessProbe.timeoutSeconds   | 2         |
        | .spec.template.spec.containers[0].readinessProbe.failureThreshold | 2         |
        | .spec.template.spec.containers[0].livenessProbe.periodSeconds     | 10        |
        | .spec.template.spec.containers[0].livenessProbe.timeoutSeconds    | 2         |
        | .spec.template.spec.containers[0].livenessProbe.failureThreshold  | 3         |

      Examples:
        | service     | key        | period | periods |
        | python-orch | pythonOrch | 2      | 60      |
        | go-scanner  | goScanner  | 1      | 30      |

    Scenario: A service without HTTP can be probed in another way
      Given the file "tcp.yaml"
        """
        probes:
          goScanner:
            enabled: true
            readiness:
              httpGet: null
              tcpSocket: {port: api}
            liveness: null
        """
      When I run helm install traderadmin ./charts/traderadmin -f tcp.yaml
      Then the deployment "go-scanner" has
        | path                                                       | value       |
        | .spec.template.spec.containers[0].readinessProbe.tcpSocket | {port: api} |
        | .spec.template.spec.containers[0].readinessProbe.httpGet   |             |
        | .spec.template.spec.containers[0].livenessProbe            |             |

  Rule: The values decide where pods run

    Scenario: A node selector restricts a service to matching nodes
      When I run helm install traderadmin ./charts/traderadmin --set scheduling.goScanner.nodeSelector.disk=fast
      Then deployment/go-scanner cannot be rolled out: "didn't match Pod's node affinity/selector"
      And deployment/python-orch is rolled out with 1 pod
      And deployment/redis is rolled out with 1 pod

    Scenario: Pods of a service are spread over nodes and zones
      When I run helm install traderadmin ./charts/traderadmin --set topologySpread.enabled=true,replicaCount.pythonOrch=2
      Then deployment/python-orch is rolled out with 2 pods
      And the deployment "python-orch" has
        | path                                                               | value                                                 |
        | .spec.template.spec.topologySpreadConstraints[*].topologyKey       | [kubernetes.io/hostname, topology.kubernetes.io/zone] |
        | .spec.template.spec.topologySpreadConstraints[*].whenUnsatisfiable | [DoNotSchedule, ScheduleAnyway]                       |
      And the deployment "python-orch" satisfies
        """
        self.spec.template.spec.topologySpreadConstraints.all(c, c.labelSelector.matchLabels == self.spec.selector.matchLabels)
        """

    Scenario Outline: Spreading counts only <service> pods of the same revision
      When I run helm template traderadmin ./charts/traderadmin --set topologySpread.enabled=true
      Then helm prints the deployment "<service>" with
        | path                                                                                                        | value                                                 |
        | .spec.template.spec.topologySpreadConstraints[*].topologyKey                                                | [kubernetes.io/hostname, topology.kubernetes.io/zone] |
        | .spec.template.spec.topologySpreadConstraints[*].nodeTaintsPolicy                                           | Honor                                                 |
        | .spec.template.spec.topologySpreadConstraints[*].labelSelector.matchLabels['app\.kubernetes\.io/component'] | [<service>, <service>]                                |
        | .spec.template.spec.topologySpreadConstraints[*].matchLabelKeys[*]                                          | [pod-template-hash, pod-template-hash]                |

      Examples:
        | service     |
        | python-orch |
        | go-scanner  |

    Scenario Outline: <service> pods are spread only if enabled
      When I run helm template traderadmin ./charts/traderadmin
      Then helm prints the deployment "<service>" with
        | path                                          | value |
        | .spec.template.spec.topologySpreadConstraints |       |

      Examples:
        | service     |
        | python-orch |
        | go-scanner  |

    Scenario Outline: Pods of <service> have the configured annotations besides their checksum
      When I run helm template traderadmin ./charts/traderadmin --set podAnnotations.<key>.desk=one
      Then helm prints the deployment "<service>" with
        | path                                     | value |
        | .spec.template.metadata.annotations.desk | one   |

      Examples:
        | service     | key        |
        | python-orch | pythonOrch |
        | go-scanner  | goScanner  |

    Scenario: Tolerations, affinity and priority place a service on reserved nodes
      Given the file "placement.yaml"
        """
        scheduling:
          goScanner:
            tolerations:
              - {key: desk, operator: Exists, effect: NoSchedule}
            affinity:
              nodeAffinity:
                preferredDuringSchedulingIgnoredDuringExecution:
                  - weight: 1
                    preference: {matchExpressions: [{key: disk, operator: In, values: [fast]}]}
            priorityClassName: system-cluster-critical
        """
      When I run helm install traderadmin ./charts/traderadmin -f placement.yaml
      Then the deployment "go-scanner" has
        | path                                  | value                                               |
        | .spec.template.spec.tolerations       | [{key: desk, operator: Exists, effect: NoSchedule}] |
        | .spec.template.spec.priorityClassName | system-cluster-critical                             |
      And the deployment "go-scanner" satisfies "has(self.spec.template.spec.affinity.nodeAffinity)"
      And deployment/go-scanner is rolled out with 1 pod
      And the deployment "python-orch" satisfies "!has(self.spec.template.spec.tolerations)"

    Scenario Outline: <service> is placed as its own values say
      Given the file "placement.yaml"
        """
        scheduling:
          <key>:
            nodeSelector: {disk: fast}
            tolerations: [{key: desk, operator: Exists}]
            affinity:
              podAntiAffinity:
                preferredDuringSchedulingIgnoredDuringExecution:
                  - weight: 1
                    podAffinityTerm:
                      topologyKey: kubernetes.io/hostname
                      labelSelector: {matchLabels: {app.kubernetes.io/component: <service>}}
            priorityClassName: desk-<service>
        """
      When I run helm template traderadmin ./charts/traderadmin -f placement.yaml
      Then helm prints the deployment "<service>" with
        | path                                                                                                   | value                           |
        | .spec.template.spec.nodeSelector                                                                       | {disk: fast}                    |
        | .spec.template.spec.tolerations                                                                        | [{key: desk, operator: Exists}] |
        | .spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight | 1                               |
        | .spec.template.spec.priorityClassName                                                                  | desk-<service>                  |
      And helm prints the deployment "<other>" with
        | path                                  | value |
        | .spec.template.spec.nodeSelector      |       |
        | .spec.template.spec.tolerations       |       |
        | .spec.template.spec.affinity          |       |
        | .spec.template.spec.priorityClassName |       |

      Examples:
        | service     | key        | other       |
        | python-orch | pythonOrch | go-scanner  |
        | go-scanner  | goScanner  | redis       |
        | redis       | redis      | python-orch |

    Scenario: The constraints of spreading can be replaced
      Given the file "spread.yaml"
        """
        topologySpread:
          enabled: true
          constraints: [{topologyKey: rack, maxSkew: 2, whenUnsatisfiable: ScheduleAnyway}]
        """
      When I run helm template traderadmin ./charts/traderadmin -f spread.yaml
      Then helm prints the deployment "go-scanner" with
        | path                                                         | value |
        | .spec.template.spec.topologySpreadConstraints[*].topologyKey | rack  |
        | .spec.template.spec.topologySpreadConstraints[*].maxSkew     | 2     |
      When I run helm template traderadmin ./charts/traderadmin --set topologySpread.enabled=true --set-json topologySpread.constraints=[]
      Then helm prints the deployment "go-scanner" with
        | path                                          | value |
        | .spec.template.spec.topologySpreadConstraints |       |
