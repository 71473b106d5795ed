Feature: Upgrading
  An upgrade changes only what it was asked to change, without interruption.

  Rule: Pods that an upgrade does not change keep running

    @smoke
    Scenario: An upgrade without changes, or with a new chart version only, restarts nothing
      Given I run helm install traderadmin ./charts/traderadmin --wait
      When I run helm upgrade traderadmin ./charts/traderadmin
      Then release "traderadmin" has revision 2 and status "deployed"
      And deployment/python-orch kept its pods
      And deployment/go-scanner kept its pods
      And deployment/redis kept its pods
      When I run helm package ./charts/traderadmin --version 0.2.0 --app-version 1.1
      And I run helm upgrade traderadmin traderadmin-0.2.0.tgz
      Then the deployment "go-scanner" has
        | path                                            | value             |
        | .metadata.labels['helm\.sh/chart']              | traderadmin-0.2.0 |
        | .metadata.labels['app\.kubernetes\.io/version'] | "1.1"             |
      And deployment/python-orch kept its pods
      And deployment/go-scanner kept its pods
      And deployment/redis kept its pods

    @smoke
    Scenario: Scaling up adds pods, and scaling to zero stops only that service
      Given I run helm install traderadmin ./charts/traderadmin
      When I run helm upgrade traderadmin ./charts/traderadmin --set replicaCount.pythonOrch=2 --set replicaCount.goScanner=3
      Then deployment/python-orch is rolled out with 2 pods
      And deployment/go-scanner is rolled out with 3 pods
      And service/go-scanner leads to 3 pods of deployment/go-scanner
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set replicaCount.goScanner=0
      Then deployment/go-scanner is rolled out with 0 pods
      And service/go-scanner leads to 0 pods of deployment/go-scanner
      And deployment/python-orch kept its pods

  Rule: A service stays available

    Scenario: A new image is rolled out without interruption
      Given I run helm install traderadmin ./charts/traderadmin --set replicaCount.goScanner=2 --wait
      And deployment/go-scanner is watched
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set image.goScanner=custom:1.2
      Then go-scanner pods use image "custom:1.2"
      And at least 2 pods of deployment/go-scanner were ready all along

  Rule: Earlier values are kept or discarded as requested

    Scenario: --reuse-values keeps earlier values, and --reset-values discards them
      Given I run helm install traderadmin ./charts/traderadmin --set image.goScanner=custom:1.2
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set replicaCount.goScanner=2
      Then deployment/go-scanner is rolled out with 2 pods
      And go-scanner pods use image "custom:1.2"
      And the values of release "traderadmin" are
        """
        image: {goScanner: "custom:1.2"}
        replicaCount: {goScanner: 2}
        """
      When I run helm upgrade traderadmin ./charts/traderadmin --reset-values --set replicaCount.goScanner=3
      Then deployment/go-scanner is rolled out with 3 pods
      And go-scanner pods use image "your-registry/go-scanner:latest"
      And the values of release "traderadmin" are
        """
        replicaCount: {goScanner: 3}
        """

    Scenario: --reset-then-reuse-values, as the notes recommend, takes new defaults and keeps earlier values
      Given I run helm install traderadmin ./charts/traderadmin --set image.goScanner=custom:1.2
      When I run helm upgrade traderadmin ./charts/traderadmin --reset-then-reuse-values --set image.pythonOrch=registry/python-orch:v2.0
      Then go-scanner pods use image "custom:1.2"
      And python-orch pods use image "registry/python-orch:v2.0"
      And helm prints "--reset-then-reuse-values"

  Rule: The API server has nothing to say about the objects

    Scenario: It warns of no deprecated API and of no unknown field
      When I run helm install traderadmin ./charts/traderadmin
      And I run helm upgrade traderadmin ./charts/traderadmin --set replicaCount.goScanner=2
      Then the API server warns of nothing
