Feature: Network policies
  With networkPolicy.enabled, the services reach each other, Redis and DNS. Other pods reach them only if listed.

  Scenario: Each service reaches only what it needs, including DNS, and other pods reach nothing
    When I run helm install traderadmin ./charts/traderadmin --set networkPolicy.enabled=true
    Then pods of deployment/go-scanner may reach deployment/python-orch on port 8000
    And pods of deployment/go-scanner may reach deployment/redis on port 6379
    And pods of deployment/python-orch may reach deployment/go-scanner on port 8080
    And pods of deployment/python-orch may reach deployment/redis on port 6379
    And pods of deployment/redis may not reach deployment/python-orch on port 8000
    And pods of deployment/redis may not reach deployment/go-scanner on port 8080
    And other pods may not reach deployment/python-orch on port 8000
    And other pods may not reach deployment/go-scanner on port 8080
    And other pods may not reach deployment/redis on port 6379
    And the networkpolicy "python-orch" satisfies
      """
      ["UDP", "TCP"].all(protocol, self.spec.egress.exists(e,
        e.ports.exists(p, p.port == 53 && p.protocol == protocol) &&
        e.to.exists(t, t.namespaceSelector.matchLabels["kubernetes.io/metadata.name"] == "kube-system")))
      """
    And the networkpolicy "go-scanner" satisfies
      """
      ["UDP", "TCP"].all(protocol, self.spec.egress.exists(e,
        e.ports.exists(p, p.port == 53 && p.protocol == protocol) &&
        e.to.exists(t, t.namespaceSelector.matchLabels["kubernetes.io/metadata.name"] == "kube-system")))
      """

  Scenario: A listed client reaches only the service that lists it
    Given the file "client.yaml"
      """
      networkPolicy:
        enabled: true
        clients:
          pythonOrch:
            - podSelector: {matchLabels: {app: dashboard}}
      """
    And the objects
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: dashboard
      spec:
        replicas: 0
        selector:
          matchLabels: {app: dashboard}
        template:
          metadata:
            labels: {app: dashboard}
          spec:
            containers:
              - name: dashboard
                image: desk/dashboard:1
      """
    When I run helm install traderadmin ./charts/traderadmin -f client.yaml
    Then pods of deployment/dashboard may reach deployment/python-orch on port 8000
    And pods of deployment/dashboard may not reach deployment/go-scanner on port 8080
    And pods of deployment/dashboard may not reach deployment/redis on port 6379

  Scenario: Only python-orch reaches an external Interactive Brokers gateway, and only as egress allows
    Given the file "broker.yaml"
      """
      config:
        python:
          ibkr: {host: gateway, port: 4002}
      networkPolicy:
        enabled: true
        egress:
          pythonOrch:
            - to: [{podSelector: {matchLabels: {app: gateway}}}]
              ports: [{port: 4002}]
      """
    And the objects
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: gateway
      spec:
        replicas: 0
        selector:
          matchLabels: {app: gateway}
        template:
          metadata:
            labels: {app: gateway}
          spec:
            containers:
              - name: gateway
                image: desk/gateway:1
                ports:
                  - containerPort: 4001
                  - containerPort: 4002
      """
    When I run helm install traderadmin ./charts/traderadmin -f broker.yaml
    Then pods of deployment/python-orch may reach deployment/gateway on port 4002
    And pods of deployment/python-orch may not reach deployment/gateway on port 4001
    And pods of deployment/go-scanner may not reach deployment/gateway on port 4002
    And pods of deployment/redis may not reach deployment/gateway on port 4002

  Scenario: Network policies follow changed ports
    When I run helm install traderadmin ./charts/traderadmin --set networkPolicy.enabled=true,redis.port=6380,service.pythonOrch.port=8001,service.goScanner.port=8081
    Then pods of deployment/go-scanner may reach deployment/python-orch on port 8001
    And pods of deployment/go-scanner may reach deployment/redis on port 6380
    And pods of deployment/python-orch may reach deployment/go-scanner on port 8081
    And pods of deployment/python-orch may reach deployment/redis on port 6380
    And the networkpolicy "python-orch" has .spec.egress[*].ports[*].port = [53, 53, 8001, 8081, 6380]
    And the networkpolicy "python-orch" has .spec.egress[0].ports[*].protocol = [UDP, TCP]

  Scenario: Policies allow DNS and the known ports, and nothing else
    When I run helm template traderadmin ./charts/traderadmin --set networkPolicy.enabled=true
    Then helm prints the networkpolicy "python-orch" with
      | path                                                                              | value                            |
      | .spec.policyTypes                                                                 | [Ingress, Egress]                |
      | .spec.ingress[*].from[*].podSelector.matchLabels['app\.kubernetes\.io/component'] | [python-orch, go-scanner, test]  |
      | .spec.ingress[*].ports[*].port                                                    | 8000                             |
      | .spec.egress[1:].to[*].podSelector.matchLabels['app\.kubernetes\.io/component']   | [python-orch, go-scanner, redis] |
      | .spec.egress[*].ports[*].port                                                     | [53, 53, 8000, 8080, 6379]       |
    And helm prints the networkpolicy "go-scanner" with
      | path                                                                              | value                |
      | .spec.policyTypes                                                                 | [Ingress, Egress]    |
      | .spec.ingress[*].from[*].podSelector.matchLabels['app\.kubernetes\.io/component'] | [python-orch, test]  |
      | .spec.ingress[*].ports[*].port                                                    | 8080                 |
      | .spec.egress[1:].to[*].podSelector.matchLabels['app\.kubernetes\.io/component']   | [python-orch, redis] |
      | .spec.egress[*].ports[*].port                                                     | [53, 53, 8000, 6379] |
    And helm prints the networkpolicy "redis" with
      | path                                                                              | value                           |
      | .spec.policyTypes                                                                 | [Ingress, Egress]               |
      | .spec.ingress[*].from[*].podSelector.matchLabels['app\.kubernetes\.io/component'] | [python-orch, go-scanner, test] |
      | .spec.ingress[*].ports[*].port                                                    | 6379                            |
      | .spec.egress                                                                      | []                              |

  Scenario: Without a Redis, no policy allows one
    When I run helm template traderadmin ./charts/traderadmin --set networkPolicy.enabled=true,redis.enabled=false
    Then helm does not print "component: redis"
    And helm prints the networkpolicy "python-orch" with
      | path                          | value                |
      | .spec.egress[*].ports[*].port | [53, 53, 8000, 8080] |
    And helm prints the networkpolicy "go-scanner" with
      | path                          | value          |
      | .spec.egress[*].ports[*].port | [53, 53, 8000] |

  Scenario: The DNS servers of another cluster can be set
    Given the file "dns.yaml"
      """
      networkPolicy:
        enabled: true
        dns: [{ipBlock: {cidr: 10.0.0.10/32}}]
      """
    When I run helm template traderadmin ./charts/traderadmin -f dns.yaml
    Then helm prints the networkpolicy "python-orch" with
      | path               | value                             |
      | .spec.egress[0].to | [{ipBlock: {cidr: 10.0.0.10/32}}] |
    And helm prints the networkpolicy "go-scanner" with
      | path               | value                             |
      | .spec.egress[0].to | [{ipBlock: {cidr: 10.0.0.10/32}}] |

  Scenario: Clients and egress of go-scanner can be added
    Given the file "scanner.yaml"
      """
      networkPolicy:
        enabled: true
        clients:
          goScanner: [{podSelector: {matchLabels: {app: dashboard}}}]
        egress:
          goScanner: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 443}]}]
      """
    When I run helm template traderadmin ./charts/traderadmin -f scanner.yaml
    Then helm prints the networkpolicy "go-scanner" with
      | path                      | value                                                         |
      | .spec.ingress[0].from[2:] | {podSelector: {matchLabels: {app: dashboard}}}                |
      | .spec.egress[-1:]         | {to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 443}]} |
