Feature: Upgrading
  An upgrade changes what it was asked to change, without an interruption, and can be taken back.

  Rule: What an upgrade does not change keeps running

    Scenario: An upgrade that changes nothing, or the version of the chart alone, restarts nothing
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

    Scenario: More pods of a service join those that run, and none stop that service alone
      Given I run helm install traderadmin ./charts/traderadmin
      When I run helm upgrade traderadmin ./charts/traderadmin --set replicaCount.pythonOrch=2 --set replicaCount.goScanner=3
      Then deployment/python-orch is rolled out with 2 pods
      And deployment/go-scanner is rolled out with 3 pods
      And service/go-scanner leads to 3 pods of deployment/go-scanner
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set replicaCount.goScanner=0
      Then deployment/go-scanner is rolled out with 0 pods
      And service/go-scanner leads to 0 pods of deployment/go-scanner
      And deployment/python-orch kept its pods

  Rule: A service is there all along

    Scenario: A new image is rolled out without an interruption
      Given I run helm install traderadmin ./charts/traderadmin --set replicaCount.goScanner=2 --wait
      And deployment/go-scanner is watched
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set image.goScanner=custom:1.2
      Then go-scanner pods use image "custom:1.2"
      And at least 2 pods of deployment/go-scanner were ready all along

  Rule: Values of earlier upgrades are kept or forgotten as asked

    Scenario: --reuse-values keeps what earlier commands set, and --reset-values forgets it
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

    Scenario: --reset-then-reuse-values, which the notes recommend, brings new defaults and keeps what was set
      Given I run helm install traderadmin ./charts/traderadmin --set image.goScanner=custom:1.2
      When I run helm upgrade traderadmin ./charts/traderadmin --reset-then-reuse-values --set image.pythonOrch=registry/python-orch:v2.0
      Then go-scanner pods use image "custom:1.2"
      And python-orch pods use image "registry/python-orch:v2.0"
      And helm prints "--reset-then-reuse-values"
