Feature: Verdicts
  Small manifests and charts, each with its verdict. Every scenario runs on the embedded cluster and on kind. Where the
  two differ, a Rule says what the embedded cluster cannot decide and, in its description, what happens there instead.
  Its scenarios are tagged @embedded or @kind. docs/clusters.md has the rules as a table.
  The chart renders a workload with the container c, and further objects.

  Background:
    Given the objects
      """
      {apiVersion: v1, kind: Secret, metadata: {name: present}, stringData: {k: v}}
      ---
      {apiVersion: v1, kind: ConfigMap, metadata: {name: present}, data: {k: v}}
      """

  Scenario Outline: a kubelet does not start <what>
    Given the file "values.yaml"
      """
      <values>
      """
    When I try helm install with -f values.yaml --wait --timeout 2m
    Then it fails with
      """
      <because>
      """

    Examples:
      | what                                         | values                                                                                                     | because                                                                        |
      | a variable of a missing Secret               | container: {env: [{name: A, valueFrom: {secretKeyRef: {name: none, key: k}}}]}                             | CreateContainerConfigError: secret "none" not found                            |
      | a variable of a missing key of a Secret      | container: {env: [{name: A, valueFrom: {secretKeyRef: {name: present, key: none}}}]}                       | CreateContainerConfigError: couldn't find key none in Secret                   |
      | a variable of a missing ConfigMap            | container: {env: [{name: A, valueFrom: {configMapKeyRef: {name: none, key: k}}}]}                          | CreateContainerConfigError: configmap "none" not found                         |
      | a variable of a missing key of a ConfigMap   | container: {env: [{name: A, valueFrom: {configMapKeyRef: {name: present, key: none}}}]}                    | CreateContainerConfigError: couldn't find key none in ConfigMap                |
      | an environment from a missing Secret         | container: {envFrom: [{secretRef: {name: none}}]}                                                          | CreateContainerConfigError: secret "none" not found                            |
      | an environment from a missing ConfigMap      | container: {envFrom: [{configMapRef: {name: none}}]}                                                       | CreateContainerConfigError: configmap "none" not found                         |
      | an init container without its Secret         | pod: {initContainers: [{name: i, image: "registry.example/i:1", envFrom: [{secretRef: {name: none}}]}]}    | container i: CreateContainerConfigError: secret "none" not found               |
      | a sidecar without its ConfigMap              | pod: {initContainers: [{name: s, image: "registry.example/s:1", restartPolicy: Always, envFrom: [{configMapRef: {name: none}}]}]} | container s: CreateContainerConfigError: configmap "none" not found |
      | a volume of a missing Secret                 | {pod: {volumes: [{name: v, secret: {secretName: none}}]}, container: {volumeMounts: [{name: v, mountPath: /v}]}}                                                    | mounts what does not exist: secret/none                                  |
      | a volume of a missing ConfigMap              | {pod: {volumes: [{name: v, configMap: {name: none}}]}, container: {volumeMounts: [{name: v, mountPath: /v}]}}                                                       | mounts what does not exist: configmap/none                               |
      | a volume of a missing key of a ConfigMap     | {pod: {volumes: [{name: v, configMap: {name: present, items: [{key: none, path: p}]}}]}, container: {volumeMounts: [{name: v, mountPath: /v}]}}                     | mounts what does not exist: the key none of configmap/present                  |
      | a projected volume of a missing Secret       | {pod: {volumes: [{name: v, projected: {sources: [{secret: {name: none}}]}}]}, container: {volumeMounts: [{name: v, mountPath: /v}]}}                                | mounts what does not exist: secret/none                                  |
      | user 0 with runAsNonRoot of the container    | container: {securityContext: {runAsNonRoot: true, runAsUser: 0}}                                           | CreateContainerConfigError: container's runAsUser breaks non-root policy       |
      | user 0 with runAsNonRoot of the pod          | {pod: {securityContext: {runAsNonRoot: true}}, container: {securityContext: {runAsUser: 0}}}               | CreateContainerConfigError: container's runAsUser breaks non-root policy       |
      | an image tag that is a number                | container: {image: "app:5.8467965e+07"}                                                                    | couldn't parse image name "app:5.8467965e+07": invalid reference format        |
      | an image name with capital letters           | container: {image: "registry.example/App:1"}                                                               | couldn't parse image name "registry.example/App:1"               |
      | an image of a registry that does not exist   | container: {image: "registry.invalid/app:1"}                                                               | image "registry.invalid/app:1" cannot be pulled                                |

  Scenario Outline: a kubelet starts <what>
    Given the file "values.yaml"
      """
      <values>
      """
    When I run helm install with -f values.yaml --wait --timeout 2m
    Then deployment/demo is rolled out

    Examples:
      | what                                            | values                                                                                                                    |
      | a container without its optional ConfigMap      | container: {envFrom: [{configMapRef: {name: none, optional: true}}]}                                                      |
      | a container without its optional key            | container: {env: [{name: A, valueFrom: {secretKeyRef: {name: present, key: none, optional: true}}}]}                      |
      | a container with its Secret and its ConfigMap   | container: {envFrom: [{configMapRef: {name: present}}, {secretRef: {name: present}}]}                                     |
      | a volume of an optional Secret                  | {pod: {volumes: [{name: v, secret: {secretName: none, optional: true}}]}, container: {volumeMounts: [{name: v, mountPath: /v}]}}                                                   |
      | a volume with a key of a ConfigMap              | {pod: {volumes: [{name: v, configMap: {name: present, items: [{key: k, path: p}]}}]}, container: {volumeMounts: [{name: v, mountPath: /v}]}}                                       |
      | a missing Secret in a volume that nothing mounts | pod: {volumes: [{name: v, secret: {secretName: none}}]}                                                                   |
      | another user than that of the pod               | {pod: {securityContext: {runAsNonRoot: true, runAsUser: 0}}, container: {securityContext: {runAsUser: 7}}}                |
      | an init container and a sidecar                 | pod: {initContainers: [{name: i, image: "registry.example/i:1"}, {name: s, image: "registry.example/s:1", restartPolicy: Always}]} |

  Scenario Outline: no node takes <what>
    Given the file "values.yaml"
      """
      <values>
      """
    When I try helm install with -f values.yaml --wait --timeout 2m
    Then it fails with
      """
      <because>
      """

    Examples:
      | what                                    | values                                                                               | because                                            |
      | a pod that requests 5000 cores          | container: {resources: {requests: {cpu: 5k}}}                                        | it requests cpu 5k                                 |
      | a pod for nodes with a label            | pod: {nodeSelector: {disk: none}}                                                    | disk=none                                          |
      | a pod of a missing claim                | pod: {volumes: [{name: v, persistentVolumeClaim: {claimName: none}}]}                | persistentvolumeclaim/none does not exist          |
      | a claim of a missing StorageClass       | pod: {volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: gold, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}}]} | names the StorageClass gold, which does not exist |

  Scenario Outline: the API server admits no pod <what>
    Given the file "values.yaml"
      """
      <values>
      """
    When I try helm install with -f values.yaml --wait --timeout 2m
    Then it fails with
      """
      <because>
      """

    Examples:
      | what                              | values                                 | because                                        |
      | of a missing ServiceAccount       | pod: {serviceAccountName: none}        | error looking up service account               |
      | of a missing PriorityClass        | pod: {priorityClassName: none}         | no PriorityClass with name none was found      |
      | of a missing RuntimeClass         | pod: {runtimeClassName: none}          | RuntimeClass "none" not found                  |

  Scenario: a quota refuses a pod
    Given the objects
      """
      {apiVersion: v1, kind: ResourceQuota, metadata: {name: few}, spec: {hard: {pods: "0"}}}
      """
    When I try helm install with --wait --timeout 2m
    Then it fails with "exceeded quota: few"

  Scenario: a LimitRange refuses a pod
    Given the objects
      """
      apiVersion: v1
      kind: LimitRange
      metadata: {name: small}
      spec: {limits: [{type: Container, max: {cpu: 100m}}]}
      """
    When I try helm install with --set container.resources.limits.cpu=1 --wait --timeout 2m
    Then it fails with "maximum cpu usage per Container is 100m"

  Scenario: Pod Security refuses a pod
    Given a namespace "demo" with labels
      | key                                | value    |
      | pod-security.kubernetes.io/enforce | baseline |
    When I try helm install with --set pod.hostNetwork=true --wait --timeout 2m
    Then it fails with "violates PodSecurity"

  Scenario Outline: the API server refuses <what>
    Given the file "values.yaml"
      """
      <values>
      """
    When I try helm install with -f values.yaml
    Then it fails with
      """
      <because>
      """

    Examples: of a workload
      | what                                | values                                                                                              | because                                              |
      | a port name with 16 letters         | container: {ports: [{name: abcdefghijklmnop, containerPort: 80}]}                                   | must be no more than 15 characters                   |
      | a mount of no volume                | container: {volumeMounts: [{name: v, mountPath: /v}]}                                               | volumeMounts[0].name: Not found: "v"                 |
      | two mounts on one path              | {pod: {volumes: [{name: v, emptyDir: {}}]}, container: {volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /v}]}} | must be unique |
      | a variable with two sources         | container: {env: [{name: A, value: a, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}          | may not be specified when `value` is not empty       |
      | Recreate with rollingUpdate         | spec: {strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}}                                    | may not be specified when strategy `type` is         |
      | a selector for other pods           | spec: {selector: {matchLabels: {app: other}}}                                                       | `selector` does not match template `labels`          |
      | a request above the limit           | container: {resources: {requests: {cpu: 2}, limits: {cpu: 1}}}                                      | must be less than or equal to cpu limit              |
      | a probe of a port without a name    | container: {livenessProbe: {httpGet: {path: /, port: 70000}}}                                       | must be between 1 and 65535                          |
      | a Job that always restarts          | {kind: Job, pod: {restartPolicy: Always}}                                                           | restartPolicy: Required value: valid values          |
      | an unknown restart policy           | {kind: Pod, pod: {restartPolicy: Sometimes}}                                                        | Unsupported value: "Sometimes"                       |

    Examples: of another kind
      | what                              | values                                                                                                                                    | because                                       |
      | two ports without names           | objects: [{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}, {port: 81}]}}]                                  | ports[0].name: Required value                 |
      | a node port outside the range     | objects: [{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {type: NodePort, ports: [{port: 80, nodePort: 80}]}}]                | provided port is not in the valid range       |
      | a name with capital letters       | objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: Settings}}]                                                                  | a lowercase RFC 1123 subdomain                |
      | a label value with a +            | objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {version: 1+2}}}]                                                 | a valid label must be an empty string or      |
      | an autoscaler with min over max   | objects: [{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: h}, spec: {minReplicas: 3, maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: demo}}}] | must be greater than or equal to `minReplicas` |
      | a budget with min and max         | objects: [{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b}, spec: {minAvailable: 1, maxUnavailable: 1}}]            | minAvailable and maxUnavailable cannot be both set |
      | an Ingress without pathType       | objects: [{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {rules: [{http: {paths: [{path: /, backend: {service: {name: s, port: {number: 80}}}}]}}]}}] | pathType: Required value |
      | a claim without access modes      | objects: [{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: p}, spec: {resources: {requests: {storage: 1Gi}}}}]              | accessModes: Required value                   |
      | an unknown schedule               | objects: [{apiVersion: batch/v1, kind: CronJob, metadata: {name: c}, spec: {schedule: daily, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}}}] | Invalid value: "daily" |
      | a role that grants no verb        | objects: [{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: r}, rules: [{apiGroups: [""], resources: [pods]}]}]     | rules[0].verbs: Required value                |
      | a binding to no role              | objects: [{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ""}}] | roleRef.name: Required value |
      | an unknown kind                   | objects: [{apiVersion: example.com/v1, kind: Order, metadata: {name: o}}]                                                                 | no matches for kind "Order"                   |

  Scenario Outline: an upgrade cannot change <what>
    Given the file "old.yaml"
      """
      <old>
      """
    And the file "new.yaml"
      """
      <new>
      """
    When I run helm install with -f old.yaml
    And I try helm upgrade with -f new.yaml
    Then it fails with
      """
      <because>
      """

    Examples:
      | what                          | old                                                     | new                                                      | because                                     |
      | the image of a Job            | {kind: Job, pod: {restartPolicy: Never}}                | {kind: Job, pod: {restartPolicy: Never}, container: {image: "registry.example/app:2"}} | field is immutable |
      | the selector of a Deployment  | {}                                                      | {spec: {selector: {matchLabels: {app: demo, tier: web}}}} | spec.selector |
      | the Service of a StatefulSet  | {kind: StatefulSet, spec: {serviceName: one}}           | {kind: StatefulSet, spec: {serviceName: two}}            | StatefulSet.apps "demo" is invalid: spec |
      | the volume of a pod           | {kind: Pod}                                             | {kind: Pod, pod: {volumes: [{name: v, emptyDir: {}}]}}   | pod updates may not change fields other than |
      | the role of a binding         | {objects: [{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: one}}]} | {objects: [{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: r}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: two}}]} | "r" is invalid: roleRef |
      | the address of a Service      | {objects: [{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: 10.96.77.76, ports: [{port: 80}]}}]} | {objects: [{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: 10.96.77.77, ports: [{port: 80}]}}]} | spec.clusterIPs[0]: Invalid value |

  Scenario: an upgrade cannot shrink a claim
    Given the file "old.yaml"
      """
      kind: ""
      objects:
        - apiVersion: v1
          kind: PersistentVolumeClaim
          metadata: {name: data}
          spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}}
      """
    When I run helm install with -f old.yaml
    And I try helm upgrade with -f old.yaml --set objects[0].spec.resources.requests.storage=1Gi
    Then it fails with "spec is immutable after creation"

  Scenario Outline: a Job <what>
    Given the file "values.yaml"
      """
      kind: Job
      pod: {restartPolicy: Never, <pod>}
      """
    When I run helm install with -f values.yaml --wait --wait-for-jobs --timeout 2m
    Then job/demo is rolled out

    Examples:
      | what                                     | pod                                                                                                                                  |
      | completes                                | activeDeadlineSeconds: 100                                                                                                           |
      | completes after its init containers      | initContainers: [{name: one, image: "registry.example/i:1"}, {name: two, image: "registry.example/i:2"}]                             |
      | completes though its sidecar runs        | initContainers: [{name: s, image: "registry.example/s:1", restartPolicy: Always}]                                                    |

  Scenario: a Job that fails
    Given the file "values.yaml"
      """
      kind: Job
      spec: {backoffLimit: 0}
      pod: {restartPolicy: Never}
      podAnnotations: {charts.traderadmin/exit-code: "3"}
      container: {env: [{name: STANDIN_EXIT, value: "3"}]}
      """
    When I try helm install with -f values.yaml --wait --wait-for-jobs --timeout 2m
    Then it fails with "BackoffLimitExceeded"
    And the job "demo" has .status.failed = 1

  Scenario: a Job that fails restarts its container
    Given the file "values.yaml"
      """
      kind: Job
      spec: {backoffLimit: 1}
      pod: {restartPolicy: OnFailure}
      podAnnotations: {charts.traderadmin/exit-code: "3"}
      container: {env: [{name: STANDIN_EXIT, value: "3"}]}
      """
    When I try helm install with -f values.yaml --wait --wait-for-jobs --timeout 2m
    Then it fails with "BackoffLimitExceeded"

  Scenario: a suspended Job has no pods
    Given the file "values.yaml"
      """
      kind: Job
      spec: {suspend: true}
      pod: {restartPolicy: Never}
      """
    When I run helm install with -f values.yaml
    Then the job "demo" satisfies "self.status.conditions.exists(c, c.type == 'Suspended' && c.status == 'True')"

  Scenario: a container that crashes
    Given the file "values.yaml"
      """
      podAnnotations: {charts.traderadmin/exit-code: "3"}
      container:
        env: [{name: STANDIN_EXIT, value: "3"}]
        ports: [{containerPort: 80}]
        readinessProbe: {httpGet: {path: /, port: 80}}
      """
    When I try helm install with -f values.yaml --wait --timeout 25s
    Then it fails with "ended with exit code 3"

  Scenario Outline: a hook of kind <kind> with exit code <code>
    Given the file "values.yaml"
      """
      kind: <kind>
      annotations: {helm.sh/hook: pre-install}
      podAnnotations: {charts.traderadmin/exit-code: "<code>"}
      pod: {restartPolicy: Never}
      spec: {backoffLimit: 0}
      container: {env: [{name: STANDIN_EXIT, value: "<code>"}]}
      """
    When I try helm install with -f values.yaml --timeout 2m
    Then it <outcome>

    Examples:
      | kind | code | outcome                    |
      | Job  | 0    | succeeds                   |
      | Pod  | 0    | succeeds                   |
      | Job  | 3    | fails with "pre-install"   |
      | Pod  | 3    | fails with "pre-install"   |

  Scenario Outline: a helm test with exit code <code>
    Given the file "values.yaml"
      """
      kind: Pod
      annotations: {helm.sh/hook: test}
      podAnnotations: {charts.traderadmin/exit-code: "<code>"}
      pod: {restartPolicy: Never}
      container: {env: [{name: STANDIN_EXIT, value: "<code>"}]}
      """
    When I run helm install with -f values.yaml --timeout 2m
    And I try helm test with --timeout 2m
    Then it <outcome>

    Examples:
      | code | outcome                   |
      | 0    | succeeds                  |
      | 4    | fails with "exit code 4"  |

  Scenario: a pod is not ready before its readiness gate
    When I run helm install with --set pod.readinessGates[0].conditionType=example.com/ready
    Then the deployment "demo" has
      | path                        | value |
      | .status.unavailableReplicas | 1     |
      | .status.readyReplicas       |       |

  Scenario: a Service leads to the pods that are ready
    Given the file "values.yaml"
      """
      spec: {replicas: 2}
      container: {ports: [{containerPort: 80}]}
      objects:
        - apiVersion: v1
          kind: Service
          metadata: {name: demo}
          spec: {selector: {app: demo}, ports: [{port: 80}]}
      """
    When I run helm install with -f values.yaml --wait
    Then service/demo leads to 2 pods of deployment/demo

  Scenario: a Service of type NodePort gets a port
    Given the file "values.yaml"
      """
      kind: ""
      objects:
        - apiVersion: v1
          kind: Service
          metadata: {name: demo}
          spec: {type: NodePort, selector: {app: demo}, ports: [{port: 80}]}
      """
    When I run helm install with -f values.yaml --wait
    Then the service "demo" satisfies "self.spec.ports[0].nodePort >= 30000 && self.spec.clusterIP != ''"

  Scenario: an eviction respects a disruption budget
    Given the objects
      """
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      metadata: {name: demo}
      spec: {minAvailable: 1, selector: {matchLabels: {app: demo}}}
      """
    When I run helm install with --set spec.replicas=2 --wait --timeout 2m
    And I drain deployment/demo
    Then deployment/demo is rolled out with 2 pods

  Scenario: a disruption budget that allows no eviction
    Given the objects
      """
      apiVersion: policy/v1
      kind: PodDisruptionBudget
      metadata: {name: demo}
      spec: {maxUnavailable: 0, selector: {matchLabels: {app: demo}}}
      """
    When I run helm install with --wait --timeout 2m
    And I try to drain deployment/demo
    Then it fails with "poddisruptionbudget/demo allows no eviction"

  Scenario: an upgrade keeps the replicas that another manager has set
    When I run helm install with --wait --timeout 2m
    And the objects
      """
      {apiVersion: apps/v1, kind: Deployment, metadata: {name: demo}, spec: {replicas: 3}}
      """
    And I run helm upgrade with --set podAnnotations.a=b --wait --timeout 2m
    Then deployment/demo is rolled out with 3 pods

  Scenario: an immutable ConfigMap keeps its data
    Given the objects
      """
      {apiVersion: v1, kind: ConfigMap, metadata: {name: fixed}, immutable: true, data: {k: v}}
      """
    And the file "values.yaml"
      """
      objects: [{apiVersion: v1, kind: ConfigMap, metadata: {name: fixed}, data: {k: w}}]
      """
    When I try helm install with -f values.yaml --take-ownership
    Then it fails with "field is immutable when `immutable` is set"

  Scenario: permissions of a role
    Given the file "values.yaml"
      """
      kind: ""
      objects:
        - {apiVersion: v1, kind: ServiceAccount, metadata: {name: reader}}
        - apiVersion: rbac.authorization.k8s.io/v1
          kind: Role
          metadata: {name: reader}
          rules: [{apiGroups: [""], resources: [configmaps], resourceNames: [present], verbs: [get]}]
        - apiVersion: rbac.authorization.k8s.io/v1
          kind: RoleBinding
          metadata: {name: reader}
          roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
          subjects: [{kind: ServiceAccount, name: reader}]
      """
    When I run helm install with -f values.yaml
    Then serviceaccount/reader may get configmaps "present"
    And serviceaccount/reader may not get configmaps "other"
    And serviceaccount/reader may not list configmaps

  Scenario: what belongs to a deleted object is deleted
    When I run helm install with --wait --timeout 2m
    And I run helm uninstall with
    Then nothing of release "demo" is left

  @provisioner
  Scenario: a claim is bound to a volume for its first pod
    Given the file "values.yaml"
      """
      pod: {volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}
      objects:
        - apiVersion: v1
          kind: PersistentVolumeClaim
          metadata: {name: data}
          spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      """
    When I run helm install with -f values.yaml --wait --timeout 2m
    Then the pvc "data" has
      | path                    | value           |
      | .status.phase           | Bound           |
      | .spec.storageClassName  | standard        |
      | .status.accessModes     | [ReadWriteOnce] |
    When I try helm upgrade with -f values.yaml --set objects[0].spec.resources.requests.storage=2Gi
    Then it fails with "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"

  Scenario: a claim without a pod waits for its first consumer
    Given the file "values.yaml"
      """
      kind: ""
      objects:
        - apiVersion: v1
          kind: PersistentVolumeClaim
          metadata: {name: data}
          spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      """
    When I run helm install with -f values.yaml
    Then the pvc "data" has .status.phase = Pending

  @serial
  Scenario: a claim takes a volume that was made by hand
    Given the objects
      """
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: by-hand}
      spec:
        {storageClassName: by-hand, accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /tmp/by-hand}}
      """
    And the file "values.yaml"
      """
      kind: StatefulSet
      spec:
        serviceName: demo
        volumeClaimTemplates:
          - metadata: {name: data}
            spec: {storageClassName: by-hand, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      """
    When I run helm install with -f values.yaml --wait --timeout 2m
    Then the pv "by-hand" has .status.phase = Bound

  @serial
  Scenario: the life of a release with claims, a hook and a test
    Given the objects
      """
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: life-0}
      spec: {storageClassName: life, accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /tmp/life-0}}
      ---
      apiVersion: v1
      kind: PersistentVolume
      metadata: {name: life-1}
      spec: {storageClassName: life, accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}, hostPath: {path: /tmp/life-1}}
      """
    And the file "values.yaml"
      """
      kind: StatefulSet
      spec:
        serviceName: demo
        replicas: 1
        volumeClaimTemplates:
          - metadata: {name: data}
            spec: {storageClassName: life, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      container: {volumeMounts: [{name: data, mountPath: /data}]}
      objects:
        - apiVersion: batch/v1
          kind: Job
          metadata:
            name: migrate
            annotations:
              helm.sh/hook: pre-install,pre-upgrade,pre-rollback,post-delete
              helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
          spec:
            template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: "registry.example/task:1"}]}}
        - apiVersion: v1
          kind: Pod
          metadata:
            name: test
            annotations:
              helm.sh/hook: test
              helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
              charts.traderadmin/exit-code: "0"
          spec: {restartPolicy: Never, containers: [{name: test, image: "registry.example/task:1"}]}
      """
    When I run helm install with -f values.yaml --wait --timeout 3m
    Then statefulset/demo is rolled out with 1 pod
    When I run helm test with --timeout 3m
    And I run helm upgrade with -f values.yaml --set spec.replicas=2,container.image=registry.example/app:2 --wait --timeout 3m
    Then statefulset/demo got new pods
    And statefulset/demo is rolled out with 2 pods
    When I run helm test with --timeout 3m
    And I run helm rollback with 1 --wait --timeout 3m
    Then statefulset/demo is rolled out with 1 pod
    And release "demo" has revision 3 and status "deployed"
    When I run helm uninstall with --wait --timeout 3m
    Then nothing is left in namespace "demo" but
      | kind      | name        |
      | secret    | present     |
      | configmap | present     |
      | pvc       | data-demo-0 |
      | pvc       | data-demo-1 |

  # Charts made after public reports. Most of them also serve the tests of the linter.

  Scenario: nothing is wrong
    When I run helm install demo ./lint/testdata/cases/00-base --wait
    Then deployment/demo is rolled out with 2 pods

  Scenario: a tag of digits
    Given the file "tag.yaml"
      """
      image: {tag: 58467965}
      """
    When I run helm install demo ./lint/testdata/cases/04a-tag-number -f tag.yaml
    Then deployment/demo cannot be rolled out: "InvalidImageName"

  Scenario: a Job whose image changes
    When I run helm install demo ./lint/testdata/cases/11-job-immutable
    And I try helm upgrade demo ./lint/testdata/cases/11-job-immutable --set image.tag=1.4.3
    Then it fails with "demo-schema"
    And it fails with "spec.template"
    And it fails with "immutable"

  Scenario: a disruption budget for one replica
    When I run helm install demo ./lint/testdata/cases/15-pdb-one-replica --wait --timeout 2m
    And I try to drain deployment/demo
    Then it fails with "poddisruptionbudget/demo allows no eviction"

  Scenario: a hook whose service account comes after it
    When I try helm install demo ./lint/testdata/cases/21a-hook-serviceaccount --timeout 5s
    Then it fails with "demo-schema"

  @serial
  Scenario: a ClusterRole with a fixed name
    When I run helm install demo ./lint/testdata/cases/34-clusterrole-name
    And I try helm install other ./lint/testdata/cases/34-clusterrole-name
    Then it fails with "ClusterRole"

  Scenario: a Secret that does not exist
    When I run helm install demo ./steps/testdata/cases/51-deployment-no-secret
    Then deployment/demo cannot be rolled out: "CreateContainerConfigError"

  Scenario: a wait for a Secret that does not exist
    When I try helm install demo ./steps/testdata/cases/51-deployment-no-secret --wait --timeout 4m
    Then it fails with
      """
      CreateContainerConfigError: secret "database-login" not found
      """

  @provisioner
  Scenario: claims of a StatefulSet
    When I run helm install demo ./steps/testdata/cases/56-statefulset-storage-ok --wait
    Then statefulset/demo is rolled out with 2 pods
    And the pvc "data-demo-0" has .spec.storageClassName = standard
    When I run helm upgrade demo ./steps/testdata/cases/56-statefulset-storage-ok --wait --set replicaCount=3
    Then statefulset/demo is rolled out with 3 pods
    When I run helm rollback demo 1 --wait
    Then statefulset/demo is rolled out with 2 pods
    When I run helm uninstall demo --wait
    Then there is no statefulset "demo"

  Rule: whether an image exists, unless its registry is under `.invalid`
    it counts as present

    @embedded
    Scenario: an image that no registry has
      When I run helm install with --set container.image=real.example/none:1 --wait --timeout 2m
      Then deployment/demo is rolled out

    @kind
    Scenario: an image that no registry has
      When I try helm install with --set container.image=real.example/none:1 --wait --timeout 2m
      Then it fails with "real.example/none:1"

  Rule: the user, the command and the exit code of an image
    the container runs until its pod is deleted

    @embedded
    Scenario: a program that fails
      Given the file "values.yaml"
        """
        container:
          env: [{name: STANDIN_EXIT, value: "3"}]
          ports: [{containerPort: 80}]
          readinessProbe: {httpGet: {path: /, port: 80}}
        """
      When I run helm install with -f values.yaml --wait --timeout 25s
      Then deployment/demo is rolled out

    @kind
    Scenario: a program that fails
      Given the file "values.yaml"
        """
        container:
          env: [{name: STANDIN_EXIT, value: "3"}]
          ports: [{containerPort: 80}]
          readinessProbe: {httpGet: {path: /, port: 80}}
        """
      When I try helm install with -f values.yaml --wait --timeout 25s
      Then it fails with "exit code 3"

  Rule: probes, ports, limits, mounts, `subPath`, traffic, NetworkPolicies
    not looked at: a scenario about them needs `@containers`

    @embedded
    Scenario: a readiness probe that fails
      When I run helm install with --set container.readinessProbe.exec.command={/none} --wait --timeout 2m
      Then deployment/demo is rolled out

    @kind
    Scenario: a readiness probe that fails
      When I run helm install with --set container.readinessProbe.exec.command={/none} --timeout 2m
      Then the deployment "demo" has .status.unavailableReplicas = 1

  Rule: the pod of a Job
    its containers end with exit code 0, and its sidecars after them

    @embedded
    Scenario: a Job whose program fails
      Given the file "values.yaml"
        """
        {kind: Job, pod: {restartPolicy: Never}, container: {env: [{name: STANDIN_EXIT, value: "3"}]}, spec: {backoffLimit: 0}}
        """
      When I run helm install with -f values.yaml --wait --wait-for-jobs --timeout 2m
      Then job/demo is rolled out

    @kind
    Scenario: a Job whose program fails
      Given the file "values.yaml"
        """
        {kind: Job, pod: {restartPolicy: Never}, container: {env: [{name: STANDIN_EXIT, value: "3"}]}, spec: {backoffLimit: 0}}
        """
      When I try helm install with -f values.yaml --wait --wait-for-jobs --timeout 2m
      Then it fails with "BackoffLimitExceeded"

  Rule: other pods that should end, such as those of `helm test`
    a wait for their end fails at once, unless they have an exit code, see below

    @embedded
    Scenario: a test without an exit code
      When I run helm install with --set kind=Pod,pod.restartPolicy=Never,annotations.helm\\.sh/hook=test
      And I try helm test with --timeout 5m
      Then it fails with "charts.traderadmin/exit-code"

    @kind
    Scenario: a test without an exit code
      When I run helm install with --set kind=Pod,pod.restartPolicy=Never,annotations.helm\\.sh/hook=test
      And I try helm test with --timeout 5m
      Then it succeeds

  Rule: logs, `exec`, `attach`, port forwarding
    the API server answers that the node is simulated

    @embedded
    Scenario: the log of a test
      Given the file "values.yaml"
        """
        kind: Pod
        annotations: {helm.sh/hook: test, charts.traderadmin/exit-code: "0"}
        pod: {restartPolicy: Never}
        """
      When I run helm install with -f values.yaml
      And I try helm test with --logs --timeout 2m
      Then it fails with "the node of this pod is simulated and runs no container: there are no logs"

    @kind
    Scenario: the log of a test
      Given the file "values.yaml"
        """
        {kind: Pod, annotations: {helm.sh/hook: test}, pod: {restartPolicy: Never}}
        """
      When I run helm install with -f values.yaml
      And I run helm test with --logs --timeout 2m
      Then helm prints "POD LOGS: demo"

  Rule: the address of a LoadBalancer Service, and of an Ingress that names a class
    one that leads nowhere; kind without a load balancer gives none

    @embedded
    Scenario: a LoadBalancer Service and an Ingress
      Given the file "values.yaml"
        """
        kind: ""
        objects:
          - {apiVersion: v1, kind: Service, metadata: {name: demo}, spec: {type: LoadBalancer, ports: [{port: 80}]}}
          - apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: demo}
            spec: {ingressClassName: any, defaultBackend: {service: {name: demo, port: {number: 80}}}}
          - apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: none}
            spec: {defaultBackend: {service: {name: demo, port: {number: 80}}}}
        """
      When I run helm install with -f values.yaml --wait --timeout 2m
      Then the service "demo" satisfies "self.status.loadBalancer.ingress[0].ip.startsWith('198.18.')"
      And the ingress "demo" satisfies "self.status.loadBalancer.ingress[0].ip.startsWith('198.18.')"
      And the ingress "none" has .status.loadBalancer = {}

    @kind
    Scenario: a LoadBalancer Service and an Ingress
      Given the file "values.yaml"
        """
        kind: ""
        objects:
          - {apiVersion: v1, kind: Service, metadata: {name: demo}, spec: {type: LoadBalancer, ports: [{port: 80}]}}
        """
      When I try helm install with -f values.yaml --wait --timeout 5s
      Then it fails with "service/demo is not ready"

  Rule: whether a volume can grow
    claims of the StorageClass `network` grow, see below; kind has no such class

    @embedded
    Scenario: a claim that grows
      Given the file "values.yaml"
        """
        kind: ""
        objects:
          - apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: data}
            spec: {storageClassName: network, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
        """
      When I run helm install with -f values.yaml --wait --timeout 2m
      And I run helm upgrade with -f values.yaml --set objects[0].spec.resources.requests.storage=2Gi
      Then the pvc "data" has .status.capacity.storage = 2Gi

    @kind
    Scenario: a claim that grows
      Given the file "values.yaml"
        """
        kind: ""
        objects:
          - apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: data}
            spec: {storageClassName: network, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}
        """
      When I run helm install with -f values.yaml
      Then the pvc "data" has .status.phase = Pending
