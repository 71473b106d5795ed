Feature: Installing
  The first installation needs a name and a namespace, and nothing else.

  Rule: The defaults run one pod of each service and of Redis

    @smoke
    Scenario: Both services and Redis start, with the default resources and the recommended labels
      Given a Kubernetes cluster
      When I run helm install traderadmin ./charts/traderadmin
      Then deployment/python-orch is rolled out with 1 pod
      And deployment/go-scanner is rolled out with 1 pod
      And deployment/redis is rolled out with 1 pod
      And release "traderadmin" has revision 1 and status "deployed"
      And the containers of deployment/python-orch have the resources
        | container   | requests.cpu | requests.memory | limits.cpu | limits.memory |
        | python-orch | 100m         | 128Mi           | 500m       | 512Mi         |
      And the containers of deployment/go-scanner have the resources
        | container  | requests.cpu | requests.memory | limits.cpu | limits.memory |
        | go-scanner | 100m         | 128Mi           | 500m       | 512Mi         |
      And the containers of deployment/redis have the resources
        | container | requests.cpu | requests.memory | limits.cpu | limits.memory |
        | redis     | 100m         | 128Mi           | 500m       | 512Mi         |
      And the pods of deployment/python-orch have the labels
        | key                         | value       |
        | app.kubernetes.io/name      | traderadmin |
        | app.kubernetes.io/instance  | traderadmin |
        | app.kubernetes.io/component | python-orch |
      And the pods of deployment/go-scanner have the labels
        | key                         | value       |
        | app.kubernetes.io/name      | traderadmin |
        | app.kubernetes.io/instance  | traderadmin |
        | app.kubernetes.io/component | go-scanner  |
      And the pods of deployment/redis have the labels
        | key                         | value       |
        | app.kubernetes.io/name      | traderadmin |
        | app.kubernetes.io/instance  | traderadmin |
        | app.kubernetes.io/component | redis       |

    Scenario: Optional objects and the test pod are not created by default
      When I run helm install traderadmin ./charts/traderadmin
      Then there is no poddisruptionbudget "python-orch"
      And there is no poddisruptionbudget "go-scanner"
      And there is no horizontalpodautoscaler "go-scanner"
      And there is no networkpolicy "python-orch"
      And there is no networkpolicy "go-scanner"
      And there is no networkpolicy "redis"
      And there is no serviceaccount "traderadmin"
      And there is no secret "redis-auth"
      And there is no persistentvolumeclaim "redis-data"
      When I run helm get hooks traderadmin
      Then helm prints "name: traderadmin-test"
      And helm prints "helm.sh/hook-delete-policy: before-hook-creation"
      And there is no pod "traderadmin-test"

  Rule: A release is installed into the given namespace

    @smoke
    Scenario: A missing namespace is created on request
      When I run helm install traderadmin ./charts/traderadmin --namespace desk --create-namespace
      Then deployment/python-orch, go-scanner and redis appear in namespace "desk"
      And there is no deployment "python-orch" in namespace "trader"

    Scenario: A missing namespace is not created by default
      When I try helm install traderadmin ./charts/traderadmin --namespace desk
      Then it fails with "not found"
      And there is no deployment "python-orch" in namespace "desk"

    Scenario: Releases in two namespaces do not affect each other
      Given a namespace "desk-a"
      And a namespace "desk-b"
      When I run helm install traderadmin ./charts/traderadmin --namespace desk-a
      And I run helm install traderadmin ./charts/traderadmin --namespace desk-b
      And I run helm uninstall traderadmin --namespace desk-a
      Then nothing of release "traderadmin" is left in namespace "desk-a"
      And deployment/python-orch, go-scanner and redis appear in namespace "desk-b"
      And service/redis leads to 1 pod of deployment/redis in namespace "desk-b"

  Rule: A release name is unique

    Scenario: A name in use is rejected, another release does not adopt its objects, and the release keeps running
      Given I run helm install traderadmin ./charts/traderadmin
      When I try helm install traderadmin ./charts/traderadmin --set replicaCount.goScanner=3
      Then it fails with "a name that is still in use"
      And deployment/go-scanner is rolled out with 1 pod
      And release "traderadmin" has revision 1 and status "deployed"
      When I try helm install another ./charts/traderadmin
      Then it fails with "invalid ownership metadata"
      And the service "python-orch" has .metadata.labels['app\.kubernetes\.io/instance'] = traderadmin

    Scenario: A second upgrade --install is an upgrade
      When I run helm upgrade --install traderadmin ./charts/traderadmin
      And I run helm upgrade --install traderadmin ./charts/traderadmin
      Then the history of release "traderadmin" is
        | revision | status     | description      |
        | 1        | superseded | Install complete |
        | 2        | deployed   | Upgrade complete |

  Rule: A dry run leaves nothing behind

    Scenario: A server-side dry run creates nothing
      When I run helm install traderadmin ./charts/traderadmin --dry-run=server
      Then helm prints "kind: Deployment"
      And nothing is left in namespace "trader"
