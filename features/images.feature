Feature: Images
  Each container's image is a value, so that an environment names its own registry, tag or digest.

  Scenario Outline: The image of <service> is <image>
    When I run helm install traderadmin ./charts/traderadmin --set image.<key>=<image>
    Then <service> pods use image "<image>"

    Examples:
      | service     | key        | image                                 |
      | python-orch | pythonOrch | registry/python-orch:v2.0             |
      | go-scanner  | goScanner  | registry.example:5000/desk/scanner:v2 |
      | redis       | redis      | redis:7.4.9-alpine                    |
