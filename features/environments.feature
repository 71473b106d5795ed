Feature: Environments
  QA is small, staging rehearses production, and production tolerates the failure of a node, a pod or a release.

  Rule: QA runs one small pod of each component of the next release

    Scenario: QA is small, runs the next release on one symbol, and can be drained at any time
      When I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-qa.yaml
      Then deployment/python-orch is rolled out with 1 pod
      And deployment/go-scanner is rolled out with 1 pod
      And deployment/redis is rolled out with 1 pod
      And the containers of deployment/python-orch have the resources
        | container   | requests.cpu | requests.memory | limits.cpu | limits.memory |
        | python-orch | 50m          | 128Mi           | 250m       | 256Mi         |
      And the containers of deployment/go-scanner have the resources
        | container  | requests.cpu | requests.memory | limits.cpu | limits.memory |
        | go-scanner | 50m          | 64Mi            | 250m       | 256Mi         |
      And the containers of deployment/redis have the resources
        | container | requests.cpu | requests.memory | limits.cpu | limits.memory |
        | redis     | 50m          | 64Mi            | 250m       | 128Mi         |
      And go-scanner pods use image "ghcr.io/traderadmin/go-scanner:2.1.0-rc.1"
      And python-orch pods use image "ghcr.io/traderadmin/python-orch:1.5.0-rc.1"
      And the configmap "trader-config" holds "config.json" as json
        """
        {"sma50_period": 50, "candle_count": 2, "iv_threshold": 0.8, "universe": ["SPY"]}
        """
      And helm does not print "WARNING"
      When I drain deployment/python-orch
      And I drain deployment/go-scanner
      Then deployment/python-orch is rolled out with 1 pod
      And deployment/go-scanner is rolled out with 1 pod

  Rule: Staging is production on a smaller scale

    Scenario: Staging needs less than production, has the same safeguards, and is drained pod by pod
      When I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-staging.yaml
      Then deployment/python-orch is rolled out with 2 pods
      And the containers of deployment/python-orch have the resources
        | container   | requests.cpu | requests.memory | requests.ephemeral-storage | limits.cpu | limits.memory | limits.ephemeral-storage |
        | python-orch | 100m         | 128Mi           | 128Mi                      | 500m       | 512Mi         | 512Mi                    |
      And the containers of deployment/go-scanner have the resources
        | container  | requests.cpu | requests.memory | requests.ephemeral-storage | limits.cpu | limits.memory | limits.ephemeral-storage |
        | go-scanner | 100m         | 128Mi           | 128Mi                      | 500m       | 256Mi         | 512Mi                    |
      And the containers of deployment/redis have the resources
        | container | requests.cpu | requests.memory | requests.ephemeral-storage | limits.cpu | limits.memory | limits.ephemeral-storage |
        | redis     | 100m         | 128Mi           | 64Mi                       | 500m       | 256Mi         | 128Mi                    |
      And python-orch pods use image "ghcr.io/traderadmin/python-orch:1.4.1"
      And go-scanner pods use image "ghcr.io/traderadmin/go-scanner:2.0.2"
      And the horizontalpodautoscaler "go-scanner" has
        | path              | value |
        | .spec.minReplicas | 2     |
        | .spec.maxReplicas | 3     |
      And the poddisruptionbudget "python-orch" has .spec.maxUnavailable = 1
      And the poddisruptionbudget "go-scanner" has .spec.maxUnavailable = 1
      And there is a networkpolicy "redis"
      And there is a secret "redis-auth"
      And pods of deployment/go-scanner may reach deployment/redis on port 6379
      And pods of deployment/redis may not reach deployment/go-scanner on port 8080
      Given deployment/python-orch is watched
      When I drain deployment/python-orch
      Then deployment/python-orch is rolled out with 2 pods
      And at least 1 pod of deployment/python-orch was ready all along

  Rule: Production is pinned, hardened and always available

    @smoke
    Scenario: Production runs pinned versions with sufficient resources, within the quota of its namespace
      Given the objects
        """
        apiVersion: v1
        kind: ResourceQuota
        metadata:
          name: production
        spec:
          hard:
            pods: "12"
            requests.cpu: "2"
            requests.memory: 2Gi
            limits.cpu: "9"
            limits.memory: 8Gi
        """
      When I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml
      Then deployment/python-orch is rolled out with 2 pods
      And deployment/go-scanner is rolled out
      And deployment/redis is rolled out with 1 pod
      And the containers of deployment/python-orch have the resources
        | container   | requests.cpu | requests.memory | requests.ephemeral-storage | limits.cpu | limits.memory | limits.ephemeral-storage |
        | python-orch | 150m         | 256Mi           | 128Mi                      | 750m       | 1Gi           | 512Mi                    |
      And the containers of deployment/go-scanner have the resources
        | container  | requests.cpu | requests.memory | requests.ephemeral-storage | limits.cpu | limits.memory | limits.ephemeral-storage |
        | go-scanner | 150m         | 128Mi           | 128Mi                      | 750m       | 512Mi         | 512Mi                    |
      And the containers of deployment/redis have the resources
        | container | requests.cpu | requests.memory | requests.ephemeral-storage | limits.cpu | limits.memory | limits.ephemeral-storage |
        | redis     | 150m         | 256Mi           | 64Mi                       | 750m       | 1Gi           | 128Mi                    |
      And python-orch pods use image "ghcr.io/traderadmin/python-orch:1.4.0"
      And go-scanner pods use image "ghcr.io/traderadmin/go-scanner:2.0.1"
      And redis pods use image "redis:7.4.10"
      And helm does not print "WARNING"
      And service/python-orch port 8000 leads to 2 pods of deployment/python-orch
      And service/redis port 6379 leads to 1 pod of deployment/redis

    Scenario: Production meets restricted Pod Security, with read-only filesystems and without API tokens
      Given a namespace "floor" with labels
        | key                                | value      |
        | pod-security.kubernetes.io/enforce | restricted |
        | pod-security.kubernetes.io/warn    | restricted |
      When I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml --namespace floor
      Then deployment/python-orch, go-scanner and redis appear in namespace "floor"
      And helm does not print "would violate PodSecurity"
      And the serviceaccount "traderadmin" has .automountServiceAccountToken = false in namespace "floor"
      And the deployment "python-orch" satisfies in namespace "floor"
        """
        self.spec.template.spec.serviceAccountName == "traderadmin" &&
        !self.spec.template.spec.automountServiceAccountToken &&
        self.spec.template.spec.containers.all(c, c.securityContext.readOnlyRootFilesystem)
        """
      And the deployment "go-scanner" satisfies in namespace "floor"
        """
        self.spec.template.spec.serviceAccountName == "traderadmin" &&
        !self.spec.template.spec.automountServiceAccountToken &&
        self.spec.template.spec.containers.all(c, c.securityContext.readOnlyRootFilesystem)
        """
      And the deployment "redis" satisfies in namespace "floor"
        """
        self.spec.template.spec.serviceAccountName == "traderadmin" &&
        !self.spec.template.spec.automountServiceAccountToken &&
        self.spec.template.spec.containers.all(c, c.securityContext.readOnlyRootFilesystem)
        """

    Scenario: A production rollout adds a pod before it removes one, and a drain evicts one pod at a time
      Given I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml --wait
      And deployment/python-orch is watched
      When I run helm upgrade traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml --set image.pythonOrch=ghcr.io/traderadmin/python-orch:1.4.1
      Then deployment/python-orch got new pods
      And at least 2 pods of deployment/python-orch were ready all along
      When I drain deployment/python-orch
      Then deployment/python-orch is rolled out with 2 pods
      And at least 1 pod of deployment/python-orch was ready all along
      And the poddisruptionbudget "python-orch" has .spec.maxUnavailable = 1
      And the poddisruptionbudget "go-scanner" has .spec.maxUnavailable = 1

    Scenario: In production only clients reach the services, and load decides the number of scanners
      When I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml
      Then pods of deployment/python-orch may reach deployment/redis on port 6379
      And pods of deployment/go-scanner may reach deployment/redis on port 6379
      And pods of deployment/go-scanner may reach deployment/python-orch on port 8000
      And pods of deployment/python-orch may reach deployment/go-scanner on port 8080
      And pods of deployment/redis may not reach deployment/python-orch on port 8000
      And other pods may not reach deployment/redis on port 6379
      And other pods may not reach deployment/python-orch on port 8000
      And other pods may not reach deployment/go-scanner on port 8080
      And the horizontalpodautoscaler "go-scanner" has
        | path                                                | value      |
        | .spec.scaleTargetRef.kind                           | Deployment |
        | .spec.scaleTargetRef.name                           | go-scanner |
        | .spec.minReplicas                                   | 2          |
        | .spec.maxReplicas                                   | 6          |
        | .spec.metrics[*].resource.name                      | cpu        |
        | .spec.metrics[*].resource.target.averageUtilization | 70         |

  Rule: Every environment is hardened, and lets pods finish

    Scenario Outline: <environment> runs without API tokens and root, behind policies, with a Redis password
      When I run helm template traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-<environment>.yaml
      Then helm prints the deployment "python-orch" with
        | path                                                                     | value                        |
        | .spec.template.spec.serviceAccountName                                   | traderadmin                  |
        | .spec.template.spec.automountServiceAccountToken                         | false                        |
        | .spec.template.spec.securityContext.runAsNonRoot                         | true                         |
        | .spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem | true                         |
        | .spec.template.spec.containers[0].env[*].name                            | [REDIS_ADDR, REDIS_PASSWORD] |
        | .spec.template.spec.containers[0].readinessProbe.httpGet.path            | /readyz                      |
      And helm prints the deployment "go-scanner" with
        | path                                                                     | value                        |
        | .spec.template.spec.serviceAccountName                                   | traderadmin                  |
        | .spec.template.spec.automountServiceAccountToken                         | false                        |
        | .spec.template.spec.securityContext.runAsNonRoot                         | true                         |
        | .spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem | true                         |
        | .spec.template.spec.containers[0].env[*].name                            | [REDIS_ADDR, REDIS_PASSWORD] |
        | .spec.template.spec.containers[0].readinessProbe.httpGet.path            | /readyz                      |
      And helm prints the networkpolicy "redis" with
        | path              | value             |
        | .spec.policyTypes | [Ingress, Egress] |

      Examples:
        | environment |
        | qa          |
        | staging     |
        | production  |

    Scenario Outline: In <environment> a rollout of <service> adds a pod first, and the old pod serves its last requests
      When I run helm template traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-<environment>.yaml
      Then helm prints the deployment "<service>" with
        | path                                                              | value                            |
        | .spec.strategy.rollingUpdate                                      | {maxUnavailable: 0, maxSurge: 1} |
        | .spec.template.spec.containers[0].lifecycle.preStop.sleep.seconds | 5                                |
        | .spec.template.spec.terminationGracePeriodSeconds                 | 45                               |
        | .spec.template.spec.topologySpreadConstraints[0].topologyKey      | kubernetes.io/hostname           |

      Examples:
        | environment | service     |
        | staging     | python-orch |
        | staging     | go-scanner  |
        | production  | python-orch |
        | production  | go-scanner  |

    Scenario Outline: In <environment> Redis is limited to half of its memory, and the test pod to a small disk
      When I run helm template traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-<environment>.yaml
      Then helm prints the deployment "redis" with
        | path                                                      | value               |
        | .spec.template.spec.containers[0].args[-2:]               | [--maxmemory, <of>] |
        | .spec.template.spec.containers[0].resources.limits.memory | <memory>            |
      And helm prints the pod "traderadmin-test" with
        | path                                                        | value |
        | .spec.containers[0].resources.requests['ephemeral-storage'] | 16Mi  |
        | .spec.containers[0].resources.limits['ephemeral-storage']   | 64Mi  |

      Examples:
        | environment | of    | memory |
        | staging     | 128mb | 256Mi  |
        | production  | 512mb | 1Gi    |

  Rule: A release can move from one environment to the next

    Scenario: An upgrade from staging to production values applies the differences
      Given I run helm install traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-staging.yaml
      And I note .data.password of the secret "redis-auth"
      When I run helm upgrade traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml
      Then python-orch pods use image "ghcr.io/traderadmin/python-orch:1.4.0"
      And the horizontalpodautoscaler "go-scanner" has .spec.maxReplicas = 6
      And .data.password of the secret "redis-auth" is as noted
