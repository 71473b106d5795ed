Feature: Notes
  After an installation Helm prints what runs, and the commands for what comes next.

  Scenario: The notes list the images, and warn about placeholders
    When I run helm install traderadmin ./charts/traderadmin --set image.pythonOrch=registry/python-orch:v2.0
    Then helm prints
      """
        python-orch:8000   registry/python-orch:v2.0
        go-scanner:8080    your-registry/go-scanner:latest
        redis:6379         redis:7.4.10
      """
    And helm prints "WARNING: image.goScanner is the placeholder your-registry/go-scanner:latest"
    And helm does not print "WARNING: image.pythonOrch"

  Scenario: The notes list the configured ports, without a Redis that does not run
    When I run helm install traderadmin ./charts/traderadmin --set service.pythonOrch.port=8001,service.goScanner.port=8081,redis.port=6380,image.goScanner=desk/scanner:v2,image.redis=redis:8
    Then helm prints "  python-orch:8001 "
    And helm prints "  go-scanner:8081    desk/scanner:v2"
    And helm prints "  redis:6380         redis:8"
    And helm prints "port-forward service/python-orch 8001"
    When I run helm upgrade traderadmin ./charts/traderadmin --set redis.enabled=false
    Then helm does not print "redis:"

  Scenario: The commands in the notes name the release and its namespace
    When I run helm install desk ./charts/traderadmin
    Then helm prints
      """
      traderadmin 0.1.0 is installed as release "desk" in namespace "trader":
      """
    And helm prints
      """
      Watch the pods start, then check that the services answer:

        kubectl --namespace trader get pods --watch --selector app.kubernetes.io/instance=desk
        helm test desk --namespace trader --logs

      Connect to a service from your machine:

        kubectl --namespace trader port-forward service/python-orch 8000

      Change a value and keep those set before (CHART is the chart's folder or package):

        helm upgrade desk CHART --namespace trader --reset-then-reuse-values \
          --set image.pythonOrch=registry/python-orch:v2.0
      """

  Scenario Outline: The notes say how to print the Redis password in <where>
    When I run helm install traderadmin ./charts/traderadmin --set redis.auth.enabled=true,redis.auth.secretKey=redis-password <flags>
    Then helm prints
      """
      Print the Redis password:

        kubectl --namespace trader get secret <secret> --output go-template='{{index .data "redis-password" | base64decode}}'
      """

    Examples:
      | where                   | secret     | flags                                 |
      | the Secret of the chart | redis-auth |                                       |
      | a Secret of one's own   | vault      | --set redis.auth.existingSecret=vault |

  Scenario Outline: The notes do not mention a Redis password <when>
    When I run helm install traderadmin ./charts/traderadmin <flags>
    Then helm does not print "password"

    Examples:
      | when                 | flags                                             |
      | if there is none     | --set redis.persistence.enabled=true              |
      | if there is no Redis | --set redis.enabled=false,redis.auth.enabled=true |
