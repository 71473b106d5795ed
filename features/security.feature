Feature: Security
  Pods have no more privileges than they need: no root, no capabilities, and no API token.

  Rule: securityContext.enabled meets the Pod Security Standard "restricted"

    Scenario: A namespace that enforces it admits the pods, whose root filesystem is read-only except for /tmp
      Given a namespace "vault" with labels
        | key                                | value      |
        | pod-security.kubernetes.io/enforce | restricted |
        | pod-security.kubernetes.io/warn    | restricted |
      When I run helm install traderadmin ./charts/traderadmin --namespace vault --set securityContext.enabled=true
      Then deployment/python-orch, go-scanner and redis appear in namespace "vault"
      And helm does not print "would violate PodSecurity"
      And the deployment "python-orch" satisfies "self.spec.template.spec.containers.all(c, c.securityContext.readOnlyRootFilesystem)" in namespace "vault"
      And the deployment "go-scanner" satisfies "self.spec.template.spec.containers.all(c, c.securityContext.readOnlyRootFilesystem)" in namespace "vault"
      And the deployment "redis" satisfies "self.spec.template.spec.containers.all(c, c.securityContext.readOnlyRootFilesystem)" in namespace "vault"
      And container "python-orch" of deployment/python-orch has the mounts in namespace "vault"
        | path | from     | readOnly |
        | /tmp | emptyDir | false    |
      And container "go-scanner" of deployment/go-scanner has the mounts in namespace "vault"
        | path | from     | readOnly |
        | /tmp | emptyDir | false    |

    Scenario: A namespace that enforces it rejects the pods without securityContext
      Given a namespace "vault" with labels
        | key                                | value      |
        | pod-security.kubernetes.io/enforce | restricted |
      When I run helm install traderadmin ./charts/traderadmin --namespace vault
      Then deployment/python-orch cannot be rolled out: "violates PodSecurity" in namespace "vault"

    Scenario: Pods and containers have the configured security context
      Given the file "user.yaml"
        """
        securityContext:
          enabled: true
          pod: {runAsUser: 20001, runAsGroup: 20002, fsGroup: 20003, fsGroupChangePolicy: Always}
          container: {readOnlyRootFilesystem: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}
        """
      When I run helm template traderadmin ./charts/traderadmin -f user.yaml
      Then helm prints the deployment "redis" with
        | path                                                                     | value              |
        | .spec.template.spec.securityContext.runAsUser                            | 20001              |
        | .spec.template.spec.securityContext.runAsGroup                           | 20002              |
        | .spec.template.spec.securityContext.fsGroup                              | 20003              |
        | .spec.template.spec.securityContext.fsGroupChangePolicy                  | Always             |
        | .spec.template.spec.securityContext.runAsNonRoot                         | true               |
        | .spec.template.spec.containers[0].securityContext.capabilities.add       | [NET_BIND_SERVICE] |
        | .spec.template.spec.containers[0].securityContext.readOnlyRootFilesystem | false              |
        | .spec.template.spec.containers[0].securityContext.capabilities.drop      | [ALL]              |

    Scenario Outline: <workload> runs as an unprivileged user in a group of its own
      When I run helm template traderadmin ./charts/traderadmin --set securityContext.enabled=true
      Then helm prints the deployment "<workload>" with
        | path                                                                       | value                  |
        | .spec.template.spec.securityContext.runAsUser                              | 10001                  |
        | .spec.template.spec.securityContext.runAsGroup                             | 10001                  |
        | .spec.template.spec.securityContext.fsGroup                                | 10001                  |
        | .spec.template.spec.securityContext.fsGroupChangePolicy                    | OnRootMismatch         |
        | .spec.template.spec.securityContext.seccompProfile                         | {type: RuntimeDefault} |
        | .spec.template.spec.containers[0].securityContext.allowPrivilegeEscalation | false                  |

      Examples:
        | workload    |
        | python-orch |
        | go-scanner  |
        | redis       |

    Scenario Outline: Without securityContext.enabled, <workload> has no security context and no volume for /tmp
      When I run helm template traderadmin ./charts/traderadmin
      Then helm prints the deployment "<workload>" with
        | path                                              | value     |
        | .spec.template.spec.securityContext               |           |
        | .spec.template.spec.containers[0].securityContext |           |
        | .spec.template.spec.volumes[*].name               | <volumes> |

      Examples:
        | workload    | volumes       |
        | python-orch | config-volume |
        | go-scanner  | config-volume |
        | redis       |               |

  Rule: Pods have an API token only if configured

    Scenario: Pods run as the ServiceAccount of the release, without its token
      When I run helm install traderadmin ./charts/traderadmin --set serviceAccount.create=true,serviceAccount.automountToken=false
      Then there is a serviceaccount "traderadmin"
      And the deployment "python-orch" has
        | path                                             | value       |
        | .spec.template.spec.serviceAccountName           | traderadmin |
        | .spec.template.spec.automountServiceAccountToken | false       |
      And the deployment "go-scanner" has
        | path                                             | value       |
        | .spec.template.spec.serviceAccountName           | traderadmin |
        | .spec.template.spec.automountServiceAccountToken | false       |
      And the deployment "redis" has
        | path                                             | value       |
        | .spec.template.spec.serviceAccountName           | traderadmin |
        | .spec.template.spec.automountServiceAccountToken | false       |

    Scenario: The ServiceAccount of the release has no permission of its own
      When I run helm install traderadmin ./charts/traderadmin --set serviceAccount.create=true
      Then serviceaccount/traderadmin may not get, list or create secrets
      And serviceaccount/traderadmin may not get or list pods in all namespaces

    Scenario: An existing ServiceAccount is used, and none is created
      Given the objects
        """
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: desk}
        """
      When I run helm install traderadmin ./charts/traderadmin --set serviceAccount.name=desk
      Then deployment/python-orch, go-scanner and redis appear in namespace "trader"
      And the deployment "python-orch" has .spec.template.spec.serviceAccountName = desk
      And there is no serviceaccount "traderadmin"

    Scenario: The ServiceAccount has the configured name and annotations
      Given the file "role.yaml"
        """
        serviceAccount:
          create: true
          name: desk
          annotations: {cloud/role: trader}
        """
      When I run helm template traderadmin ./charts/traderadmin -f role.yaml
      Then helm prints the serviceaccount "desk" with
        | path                          | value                |
        | .metadata.annotations         | {cloud/role: trader} |
        | .automountServiceAccountToken | true                 |
