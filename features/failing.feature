Feature: Failing
  A release that cannot run reports the reason, and does not disturb the one before.

  Rule: A release that cannot run is rolled back

    Scenario: An image that cannot be pulled is rolled back, with --atomic or by hand, while the old pods keep serving
      Given I run helm install traderadmin ./charts/traderadmin --wait
      And deployment/go-scanner is watched
      When I try helm upgrade traderadmin ./charts/traderadmin --set image.goScanner=registry.invalid/go-scanner:2.0 --atomic --timeout 30s
      Then it fails with "registry.invalid/go-scanner:2.0"
      And go-scanner pods use image "your-registry/go-scanner:latest"
      And the history of release "traderadmin" is
        | revision | status     |
        | 1        | superseded |
        | 2        | failed     |
        | 3        | deployed   |
      When I run helm upgrade traderadmin ./charts/traderadmin --set image.goScanner=registry.invalid/go-scanner:2.0
      Then deployment/go-scanner cannot be rolled out: "registry.invalid/go-scanner:2.0"
      When I run helm rollback traderadmin
      Then go-scanner pods use image "your-registry/go-scanner:latest"
      And at least 1 pod of deployment/go-scanner was ready all along

    @smoke
    Scenario: A failed first installation leaves nothing behind
      When I try helm install traderadmin ./charts/traderadmin --set image.pythonOrch=registry.invalid/python-orch:2.0 --atomic --timeout 30s
      Then it fails with "registry.invalid/python-orch:2.0"
      And nothing of release "traderadmin" is left

  Rule: The limits of the cluster apply

    Scenario: An unschedulable pod stays pending, and the reason is reported
      When I run helm install traderadmin ./charts/traderadmin --set resources.goScanner.requests.cpu=1000,resources.goScanner.limits.cpu=1000
      Then deployment/go-scanner cannot be rolled out: "Insufficient cpu"
      And deployment/python-orch is rolled out with 1 pod

    Scenario: An exhausted quota rejects new pods, and leaves running pods alone
      Given the objects
        """
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: desk}
        spec:
          hard: {pods: 3}
        """
      And I run helm install traderadmin ./charts/traderadmin --wait
      When I run helm upgrade traderadmin ./charts/traderadmin --set replicaCount.goScanner=2
      Then deployment/go-scanner cannot be rolled out: "exceeded quota: desk"
      And service/go-scanner leads to 1 pod of deployment/go-scanner

    Scenario: Every container declares its resources, as a quota of CPU and memory requires
      Given the objects
        """
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: desk}
        spec:
          hard: {requests.cpu: 300m, requests.memory: 384Mi, limits.cpu: 1500m, limits.memory: 1536Mi}
        """
      When I run helm install traderadmin ./charts/traderadmin
      Then deployment/python-orch, go-scanner and redis appear in namespace "trader"
      And the resourcequota "desk" has
        | path                           | value  |
        | .status.used['requests\.cpu']  | 300m   |
        | .status.used['limits\.memory'] | 1536Mi |

    Scenario: A limit range rejects containers above its maximum
      Given the objects
        """
        apiVersion: v1
        kind: LimitRange
        metadata: {name: desk}
        spec:
          limits: [{type: Container, max: {cpu: 200m, memory: 1Gi}}]
        """
      When I run helm install traderadmin ./charts/traderadmin --set resources.goScanner.limits.cpu=200m
      Then deployment/python-orch cannot be rolled out: "maximum cpu usage per Container is 200m"
      And deployment/go-scanner is rolled out with 1 pod

    Scenario: Resources set to null are left to the limit range of the namespace
      Given the objects
        """
        apiVersion: v1
        kind: LimitRange
        metadata: {name: desk}
        spec:
          limits:
            - type: Container
              default: {cpu: 250m, memory: 256Mi}
              defaultRequest: {cpu: 50m, memory: 64Mi}
        """
      When I run helm install traderadmin ./charts/traderadmin --set resources.goScanner=null
      Then deployment/go-scanner is rolled out
      And the containers of deployment/go-scanner have the resources
        | container  | requests.cpu | requests.memory | limits.cpu | limits.memory |
        | go-scanner |              |                 |            |               |
      And the containers of deployment/python-orch have the resources
        | container   | requests.cpu | requests.memory | limits.cpu | limits.memory |
        | python-orch | 100m         | 128Mi           | 500m       | 512Mi         |
