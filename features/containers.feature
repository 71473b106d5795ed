@containers
Feature: Running containers
  What the chart guarantees for running containers. Stand-ins replace images that no registry has, and serve on the
  ports that their containers declare. Redis is real.

  Background: Small requests, because test nodes are small
    Given the file "small.yaml"
      """
      resources:
        pythonOrch: {requests: {cpu: 10m, memory: 32Mi}}
        goScanner: {requests: {cpu: 10m, memory: 32Mi}}
        redis: {requests: {cpu: 10m, memory: 32Mi}}
      """

  Rule: A pod is ready once its own probes succeed

    Scenario: Production becomes ready with its probes
      When I run helm install with -f charts/traderadmin/values-production.yaml -f small.yaml
      Then deployment/python-orch is rolled out with 2 pods
      And deployment/go-scanner is rolled out
      And deployment/redis is rolled out

    Scenario Outline: A readiness probe with the wrong <what> keeps the scanner unready
      When I run helm install with -f small.yaml --set probes.goScanner.enabled=true --set probes.goScanner.startup=null --set probes.goScanner.liveness=null --set probes.goScanner.readiness.httpGet.<field>=<wrong>
      Then deployment/go-scanner cannot be rolled out: "running, but not ready"
      And deployment/python-orch is rolled out

      Examples:
        | what | field | wrong    |
        | path | path  | /nowhere |
        | port | port  | 8081     |

  Rule: The services reach each other

    Scenario: All pods of a service answer through its name
      When I run helm install with -f small.yaml --set replicaCount.pythonOrch=2 --set replicaCount.goScanner=2
      Then deployment/go-scanner reaches all pods of deployment/python-orch through "http://python-orch:8000/healthz"
      And deployment/python-orch reaches all pods of deployment/go-scanner through "http://go-scanner:8080/healthz"
      And deployment/python-orch hears "PONG" from "redis://redis:6379"
      And service/python-orch port 8000 answers "/healthz" with 200
      And service/go-scanner port 8080 answers "/healthz" with 200

    Scenario: A service listens on the configured port
      When I run helm install with -f small.yaml --set service.goScanner.port=9090
      Then deployment/python-orch reaches "http://go-scanner:9090/healthz"
      And deployment/python-orch cannot reach "http://go-scanner:8080/healthz": "dial tcp"

    Scenario: The release test passes
      When I run helm install with -f small.yaml --set replicaCount.pythonOrch=2 --wait
      And I run helm test with --logs
      Then helm prints "ok: python-orch:8000"
      And helm prints "ok: go-scanner:8080"
      And helm prints "ok: redis:6379"

    Scenario: The release test passes in production
      When I run helm install with -f charts/traderadmin/values-production.yaml -f small.yaml --wait
      And I run helm test with --logs
      Then helm prints "ok: redis:6379"

    Scenario: The release test fails when Redis is unreachable
      When I run helm install with -f small.yaml --set redis.extraArgs={--bind,127.0.0.1} --wait
      And I try helm test with --logs
      Then it fails with "container test: ended with exit code 1"
      And helm prints "redis:6379 does not answer"

  Rule: The services read the configured values

    Scenario: The mounted files contain the values, and an upgrade updates them
      When I run helm install with -f small.yaml --set config.scanner.universe={AAPL,NVDA}
      Then the file "/app/config.json" in deployment/go-scanner is "config.json" of the configmap "trader-config"
      And the file "/app/config.json" in deployment/go-scanner holds
        """
        {"candle_count":2,"iv_threshold":0.8,"sma50_period":50,"universe":["AAPL","NVDA"]}
        """
      And the file "/app/config.yaml" in deployment/python-orch is "config.yaml" of the configmap "trader-config"
      And the file "/app/config.yaml" in deployment/python-orch holds
        """
        ibkr:
          client_id: 1
          host: python-orch
          port: 8000
        strategy:
          candle_count: 2
          iv_threshold: 0.8
          min_reward_risk: 1
          otm_offset: 1
          sma_period: 50
        """
      When I run helm upgrade with --reuse-values --set config.python.strategy.sma_period=20 --set config.scanner.universe={MSFT}
      Then the file "/app/config.yaml" in deployment/python-orch holds
        """
        ibkr:
          client_id: 1
          host: python-orch
          port: 8000
        strategy:
          candle_count: 2
          iv_threshold: 0.8
          min_reward_risk: 1
          otm_offset: 1
          sma_period: 20
        """
      And the file "/app/config.json" in deployment/go-scanner holds
        """
        {"candle_count":2,"iv_threshold":0.8,"sma50_period":50,"universe":["MSFT"]}
        """

  Rule: The kernel enforces the limits

    Scenario: Containers have the limits of the values
      When I run helm install with -f small.yaml --set resources.goScanner.limits.memory=96Mi
      Then the kernel holds deployment/python-orch to
        | property | value |
        | memory   | 512Mi |
        | cpu      | 500m  |
      And the kernel holds deployment/go-scanner to
        | property | value |
        | memory   | 96Mi  |
        | cpu      | 500m  |
      And the kernel holds deployment/redis to
        | property | value |
        | memory   | 512Mi |
        | cpu      | 500m  |

    Scenario: A scanner that exceeds its memory limit is killed
      When I run helm install with -f small.yaml --set resources.goScanner.limits.memory=96Mi --set probes.goScanner.enabled=true
      And container "go-scanner" of deployment/go-scanner gets the env
        | name           | value |
        | STANDIN_MEMORY | 256Mi |
      Then deployment/go-scanner cannot be rolled out: "exit code 137: OOMKilled"
      And deployment/python-orch is rolled out

    Scenario: A scanner in a crash loop is reported with its log
      When I run helm install with -f small.yaml --set probes.goScanner.enabled=true
      And container "go-scanner" of deployment/go-scanner gets the env
        | name         | value |
        | STANDIN_EXIT | 3     |
      Then deployment/go-scanner cannot be rolled out, and its log says "exiting with code 3"

  Rule: Production loses no request

    # Serial, so that other scenarios do not delay the answers to probes.
    @serial
    Scenario: No request is lost during an upgrade, a rollback and the deletion of pods
      When I run helm install with -f charts/traderadmin/values-production.yaml -f small.yaml --set networkPolicy.enabled=false --set autoscaling.goScanner.enabled=false --set replicaCount.goScanner=2 --wait
      Given a stream of requests to "http://python-orch:8000/healthz"
      And a stream of requests to "http://go-scanner:8080/healthz"
      When I run helm upgrade with --reuse-values --set podAnnotations.goScanner.round=two --set podAnnotations.pythonOrch.round=two --wait
      Then deployment/go-scanner got new pods
      And deployment/python-orch got new pods
      When I run helm rollback with 1 --wait
      Then deployment/go-scanner got new pods
      And deployment/python-orch got new pods
      When I delete a pod of deployment/go-scanner
      And I delete a pod of deployment/python-orch
      Then no request was lost

  Rule: Redis serves both services, and no client without the password

    Scenario: Both services read what Redis has stored
      When I run helm install with -f small.yaml
      Then "redis-cli set signal buy" in deployment/redis prints "OK"
      And deployment/python-orch hears "buy" from "redis://redis:6379/GET/signal"
      And deployment/go-scanner hears "buy" from "redis://redis:6379/GET/signal"

    Scenario: Redis rejects clients without the password
      Given the objects
        """
        apiVersion: v1
        kind: Secret
        metadata:
          name: cache
        stringData:
          password: s3cret
        """
      When I run helm install with -f small.yaml --set redis.auth.enabled=true --set redis.auth.existingSecret=cache
      Then deployment/python-orch hears "NOAUTH" from "redis://redis:6379"
      And deployment/python-orch hears "WRONGPASS" from "redis://:wrong@redis:6379"
      And deployment/python-orch hears "PONG" from "redis://:s3cret@redis:6379"
      And deployment/python-orch hears "OK" from "redis://:s3cret@redis:6379/SET/signal/sell"
      And deployment/go-scanner hears "sell" from "redis://:s3cret@redis:6379/GET/signal"

  Rule: Production is hardened

    Scenario: The kernel enforces Pod Security "restricted"
      Given a namespace "guarded" with labels
        | key                                | value      |
        | pod-security.kubernetes.io/enforce | restricted |
      When I run helm install traderadmin ./charts/traderadmin -f charts/traderadmin/values-production.yaml -f small.yaml --namespace guarded
      Then the kernel holds deployment/python-orch in namespace "guarded" to
        | property        | value     |
        | user            | 10001     |
        | group           | 10001     |
        | capabilities    | none      |
        | new privileges  | no        |
        | seccomp         | filtered  |
        | root filesystem | read-only |
        | memory          | 1Gi       |
        | cpu             | 750m      |
      And the kernel holds deployment/go-scanner in namespace "guarded" to
        | property        | value     |
        | user            | 10001     |
        | capabilities    | none      |
        | new privileges  | no        |
        | seccomp         | filtered  |
        | root filesystem | read-only |
      And the kernel holds deployment/redis in namespace "guarded" to
        | property        | value     |
        | user            | 10001     |
        | capabilities    | none      |
        | new privileges  | no        |
        | seccomp         | filtered  |
        | root filesystem | read-only |
      And there is no file "/var/run/secrets/kubernetes.io/serviceaccount/token" in deployment/python-orch in namespace "guarded"

    @networkpolicies
    Scenario: Only clients that the policies list get through
      Given the objects
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: stranger
        spec:
          selector:
            matchLabels: {app: stranger}
          template:
            metadata:
              labels: {app: stranger}
            spec:
              containers:
                - name: stranger
                  image: stranger:1
        """
      When I run helm install with -f charts/traderadmin/values-production.yaml -f small.yaml --wait
      Then deployment/go-scanner reaches "http://python-orch:8000/healthz"
      And deployment/python-orch reaches "http://go-scanner:8080/healthz"
      And deployment/stranger cannot reach "http://python-orch:8000/healthz": "timeout"
      And deployment/stranger cannot reach "http://go-scanner:8080/healthz": "timeout"
      And deployment/stranger cannot reach "tcp://redis:6379": "timeout"
