Feature: Helm Chart Deployment
  Scenario: Install default chart
    Given a Kubernetes cluster
    When I run helm install traderadmin ./charts/traderadmin
    Then deployment/python-orch and go-scanner appear in namespace "trader"

  Scenario: Override image tags
    When I run helm upgrade with --set image.goScanner=custom:1.2
    Then go-scanner pods use image "custom:1.2"
