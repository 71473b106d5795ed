Feature: Images
  The image of each container is a value, so that an environment can choose the registry, tag or digest.

  @smoke
  Scenario: Each service runs its configured image, by tag or by digest
    When I run helm install traderadmin ./charts/traderadmin --set image.pythonOrch=registry/python-orch@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef,image.goScanner=registry.example:5000/desk/scanner:v2,image.redis=redis:7.4.9-alpine
    Then the deployment "python-orch" has .spec.template.spec.containers[0].image = registry/python-orch@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    And go-scanner pods use image "registry.example:5000/desk/scanner:v2"
    And redis pods use image "redis:7.4.9-alpine"

  Scenario: A new image replaces only the pods of its service
    Given I run helm install traderadmin ./charts/traderadmin --wait
    When I run helm upgrade traderadmin ./charts/traderadmin --set image.pythonOrch=registry/python-orch:v2.0
    Then python-orch pods use image "registry/python-orch:v2.0"
    And deployment/python-orch got new pods
    And service/python-orch leads to 1 pod of deployment/python-orch
    And deployment/go-scanner kept its pods
    And deployment/redis kept its pods

  Scenario: Nodes pull images with the configured registry Secrets
    Given the file "registry.yaml"
      """
      imagePullPolicy: IfNotPresent
      imagePullSecrets:
        - name: desk-registry
      """
    When I run helm install traderadmin ./charts/traderadmin -f registry.yaml
    Then the deployment "python-orch" has
      | path                                              | value                   |
      | .spec.template.spec.imagePullSecrets              | [{name: desk-registry}] |
      | .spec.template.spec.containers[0].imagePullPolicy | IfNotPresent            |
    And the deployment "go-scanner" has
      | path                                              | value                   |
      | .spec.template.spec.imagePullSecrets              | [{name: desk-registry}] |
      | .spec.template.spec.containers[0].imagePullPolicy | IfNotPresent            |
    And the deployment "redis" has
      | path                                              | value                   |
      | .spec.template.spec.imagePullSecrets              | [{name: desk-registry}] |
      | .spec.template.spec.containers[0].imagePullPolicy | IfNotPresent            |

  Scenario Outline: The pull policy <policy> applies to every container
    When I run helm template traderadmin ./charts/traderadmin --set imagePullPolicy=<policy>
    Then helm prints the deployment "python-orch" with
      | path                                              | value    |
      | .spec.template.spec.containers[0].imagePullPolicy | <policy> |
    And helm prints the deployment "redis" with
      | path                                              | value    |
      | .spec.template.spec.containers[0].imagePullPolicy | <policy> |
    And helm prints the pod "traderadmin-test" with
      | path                                | value    |
      | .spec.containers[0].imagePullPolicy | <policy> |

    Examples:
      | policy |
      | Always |
      | Never  |
