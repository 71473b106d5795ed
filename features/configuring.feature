Feature: Configuring
  The values hold the configuration of the services. Each part of `config` is a file of the ConfigMap trader-config,
  mounted where its service reads it.

  Rule: The files contain exactly the values

    @smoke
    Scenario: python-orch gets YAML and go-scanner gets JSON, each at its own path
      When I run helm install traderadmin ./charts/traderadmin
      Then the configmap "trader-config" holds "config.yaml" as yaml
        """
        ibkr:
          host: python-orch
          port: 8000
          client_id: 1
        strategy:
          sma_period: 50
          candle_count: 2
          otm_offset: 1
          iv_threshold: 0.8
          min_reward_risk: 1.0
        """
      And the configmap "trader-config" holds "config.json" as json
        """
        {
          "sma50_period": 50,
          "candle_count": 2,
          "iv_threshold": 0.8,
          "universe": ["AAPL", "MSFT", "SPY"]
        }
        """
      And container "python-orch" of deployment/python-orch has the mounts
        | path             | from                    | subPath     | readOnly |
        | /app/config.yaml | configmap/trader-config | config.yaml | true     |
      And container "go-scanner" of deployment/go-scanner has the mounts
        | path             | from                    | subPath     | readOnly |
        | /app/config.json | configmap/trader-config | config.json | true     |

    Scenario: A values file sets the whole configuration
      Given the file "desk.yaml"
        """
        config:
          python:
            ibkr: {host: gateway.desk.example, port: 4002, client_id: 17}
            strategy: {sma_period: 20, candle_count: 3, otm_offset: 0, iv_threshold: 0.65, min_reward_risk: 2.5}
          scanner:
            sma50_period: 55
            candle_count: 4
            iv_threshold: 0.7
            universe: ["BRK B", "TRUE", "ON"]
        """
      When I run helm install traderadmin ./charts/traderadmin -f desk.yaml
      Then the configmap "trader-config" holds "config.yaml" as yaml
        """
        ibkr: {host: gateway.desk.example, port: 4002, client_id: 17}
        strategy: {sma_period: 20, candle_count: 3, otm_offset: 0, iv_threshold: 0.65, min_reward_risk: 2.5}
        """
      And the configmap "trader-config" holds "config.json" as json
        """
        {"sma50_period": 55, "candle_count": 4, "iv_threshold": 0.7, "universe": ["BRK B", "TRUE", "ON"]}
        """

    Scenario: Decimal numbers passed with --set stay numbers
      When I run helm install traderadmin ./charts/traderadmin --set config.python.strategy.iv_threshold=0.65,config.python.strategy.min_reward_risk=2.5,config.scanner.iv_threshold=0.7
      Then the configmap "trader-config" holds "config.yaml" as yaml
        """
        ibkr: {host: python-orch, port: 8000, client_id: 1}
        strategy: {sma_period: 50, candle_count: 2, otm_offset: 1, iv_threshold: 0.65, min_reward_risk: 2.5}
        """
      And the configmap "trader-config" holds "config.json" as json
        """
        {"sma50_period": 50, "candle_count": 2, "iv_threshold": 0.7, "universe": ["AAPL", "MSFT", "SPY"]}
        """

  Rule: A change restarts only the pods that read it

    Scenario: A changed connection or strategy restarts python-orch, and changed scanner settings restart go-scanner
      Given I run helm install traderadmin ./charts/traderadmin --set redis.enabled=false --wait
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set config.python.ibkr.client_id=17
      Then deployment/python-orch got new pods
      And deployment/go-scanner kept its pods
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set config.python.strategy.otm_offset=0
      Then deployment/python-orch got new pods
      And deployment/go-scanner kept its pods
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set config.scanner.universe={TSLA,NVDA}
      Then the configmap "trader-config" holds "config.json" as json with
        | path     | value           |
        | universe | ["TSLA","NVDA"] |
      And deployment/go-scanner got new pods
      And deployment/python-orch kept its pods

    Scenario Outline: The pods of <service> have checksums of what they read, and not what they read
      When I run helm install traderadmin ./charts/traderadmin --set redis.auth.enabled=true
      Then the deployment "<service>" satisfies
        """
        ["checksum/config", "checksum/redis-auth"].all(key,
          self.spec.template.metadata.annotations[key].matches("^[0-9a-f]{64}$"))
        """

      Examples:
        | service     |
        | python-orch |
        | go-scanner  |

  Rule: Resources can be set for each container, or left to the namespace

    Scenario Outline: The resources of <container> are its own
      Given the file "resources.yaml"
        """
        resources:
          <key>:
            requests: {cpu: 11m, memory: 12Mi, ephemeral-storage: 13Mi}
            limits: {cpu: 14m, memory: 15Mi, ephemeral-storage: 16Mi}
        """
      When I run helm template traderadmin ./charts/traderadmin -f resources.yaml
      Then helm prints the <kind> "<name>" with
        | path                           | value                                                                                                                    |
        | <spec>.containers[0].resources | {requests: {cpu: 11m, memory: 12Mi, ephemeral-storage: 13Mi}, limits: {cpu: 14m, memory: 15Mi, ephemeral-storage: 16Mi}} |

      Examples:
        | container        | key        | kind       | name             | spec                |
        | python-orch      | pythonOrch | deployment | python-orch      | .spec.template.spec |
        | go-scanner       | goScanner  | deployment | go-scanner       | .spec.template.spec |
        | Redis            | redis      | deployment | redis            | .spec.template.spec |
        | the release test | test       | pod        | traderadmin-test | .spec               |

    Scenario Outline: Without resources in the values, <container> gets the defaults of its namespace
      When I run helm template traderadmin ./charts/traderadmin --set resources.<key>.requests=null,resources.<key>.limits=null
      Then helm prints the <kind> "<name>" with
        | path                           | value |
        | <spec>.containers[0].resources |       |

      Examples:
        | container        | key        | kind       | name             | spec                |
        | python-orch      | pythonOrch | deployment | python-orch      | .spec.template.spec |
        | go-scanner       | goScanner  | deployment | go-scanner       | .spec.template.spec |
        | Redis            | redis      | deployment | redis            | .spec.template.spec |
        | the release test | test       | pod        | traderadmin-test | .spec               |
