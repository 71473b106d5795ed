Feature: Redis
  One Redis serves both services. It can be disabled, protected with a password, and given a volume.

  Rule: Both services know the address of Redis

    Scenario: Redis is one pod without a volume, and the services receive its address
      When I run helm install traderadmin ./charts/traderadmin
      Then container "python-orch" of deployment/python-orch has the env
        | name       | value      |
        | REDIS_ADDR | redis:6379 |
      And container "go-scanner" of deployment/go-scanner has the env
        | name       | value      |
        | REDIS_ADDR | redis:6379 |
      # Two pods would each receive part of the writes, and Redis rejects writes if it cannot save.
      And the deployment "redis" has
        | path                                   | value                                                              |
        | .spec.replicas                         | 1                                                                  |
        | .spec.strategy.type                    | Recreate                                                           |
        | .spec.template.spec.containers[0].args | [redis-server, --port, "6379", --protected-mode, "no", --save, ""] |
        | .spec.template.spec.volumes            |                                                                    |

    Scenario: Redis has time to load its data, and is restarted if it hangs for a minute
      When I run helm template traderadmin ./charts/traderadmin
      Then helm prints the deployment "redis" with
        | path                                                              | value |
        | .spec.template.spec.containers[0].startupProbe.periodSeconds      | 2     |
        | .spec.template.spec.containers[0].startupProbe.timeoutSeconds     | 2     |
        | .spec.template.spec.containers[0].startupProbe.failureThreshold   | 150   |
        | .spec.template.spec.containers[0].readinessProbe.periodSeconds    | 5     |
        | .spec.template.spec.containers[0].readinessProbe.timeoutSeconds   | 2     |
        | .spec.template.spec.containers[0].readinessProbe.failureThreshold | 2     |
        | .spec.template.spec.containers[0].livenessProbe.periodSeconds     | 10    |
        | .spec.template.spec.containers[0].livenessProbe.timeoutSeconds    | 5     |
        | .spec.template.spec.containers[0].livenessProbe.failureThreshold  | 6     |

    Scenario: Redis is not probed if its image has no redis-cli
      When I run helm template traderadmin ./charts/traderadmin --set probes.redis.enabled=false
      Then helm prints the deployment "redis" with
        | path                                             | value |
        | .spec.template.spec.containers[0].startupProbe   |       |
        | .spec.template.spec.containers[0].readinessProbe |       |
        | .spec.template.spec.containers[0].livenessProbe  |       |

    Scenario: Upgrades always run a single Redis
      When I run helm template traderadmin ./charts/traderadmin -f ./charts/traderadmin/values-production.yaml
      Then helm prints the deployment "redis" with
        | path                | value    |
        | .spec.replicas      | 1        |
        | .spec.strategy.type | Recreate |

    Scenario: A changed port applies to Redis, its probes and the services
      When I run helm install traderadmin ./charts/traderadmin --set redis.port=6380
      Then container "python-orch" of deployment/python-orch has the env
        | name       | value      |
        | REDIS_ADDR | redis:6380 |
      And container "go-scanner" of deployment/go-scanner has the env
        | name       | value      |
        | REDIS_ADDR | redis:6380 |
      And service/redis port 6380 leads to 1 pod of deployment/redis
      And container "redis" of deployment/redis has the ports
        | port | name  |
        | 6380 | redis |
      And the deployment "redis" satisfies "self.spec.template.spec.containers[0].args.exists(a, a == '6380')"
      And the deployment "redis" has
        | path                                                          | value                             |
        | .spec.template.spec.containers[0].startupProbe.exec.command   | [redis-cli, -e, -p, "6380", ping] |
        | .spec.template.spec.containers[0].readinessProbe.exec.command | [redis-cli, -e, -p, "6380", ping] |
        | .spec.template.spec.containers[0].livenessProbe.exec.command  | [redis-cli, -e, -p, "6380", ping] |

    Scenario: Disabling Redis removes it, and its address from the services
      Given I run helm install traderadmin ./charts/traderadmin --wait
      When I run helm upgrade traderadmin ./charts/traderadmin --set redis.enabled=false
      Then there is no deployment "redis"
      And there is no service "redis"
      And the deployment "python-orch" satisfies "self.spec.template.spec.containers.all(c, !has(c.env))"
      And the deployment "go-scanner" satisfies "self.spec.template.spec.containers.all(c, !has(c.env))"
      And deployment/python-orch got new pods
      And deployment/go-scanner got new pods

  Rule: A password protects Redis

    Scenario: Redis and both services share a generated password, which upgrades and rollbacks keep and an uninstall removes
      When I run helm install traderadmin ./charts/traderadmin --set redis.auth.enabled=true
      Then the secret "redis-auth" satisfies "self.data.password.size() >= 32"
      And container "redis" of deployment/redis has the env
        | name          | from                       |
        | REDISCLI_AUTH | secret/redis-auth:password |
      And the deployment "redis" satisfies "self.spec.template.spec.containers[0].args.exists(a, a == '--requirepass')"
      And container "python-orch" of deployment/python-orch has the env
        | name           | value      | from                       |
        | REDIS_ADDR     | redis:6379 |                            |
        | REDIS_PASSWORD |            | secret/redis-auth:password |
      And container "go-scanner" of deployment/go-scanner has the env
        | name           | value      | from                       |
        | REDIS_ADDR     | redis:6379 |                            |
        | REDIS_PASSWORD |            | secret/redis-auth:password |
      Given I note .data.password of the secret "redis-auth"
      And I run helm upgrade traderadmin ./charts/traderadmin --reuse-values --set replicaCount.goScanner=2 --wait
      And .data.password of the secret "redis-auth" is as noted
      When I run helm rollback traderadmin 1
      Then .data.password of the secret "redis-auth" is as noted
      And deployment/redis kept its pods
      And deployment/python-orch kept its pods
      When I run helm uninstall traderadmin
      And I run helm install traderadmin ./charts/traderadmin --set redis.auth.enabled=true
      Then .data.password of the secret "redis-auth" has changed

    Scenario: An existing Secret is used, and the next upgrade restarts all pods that read a changed password
      Given the objects
        """
        apiVersion: v1
        kind: Secret
        metadata:
          name: vault
        stringData:
          redis-password: swordfish
        """
      When I run helm install traderadmin ./charts/traderadmin --set redis.auth.enabled=true,redis.auth.existingSecret=vault,redis.auth.secretKey=redis-password --wait
      Then container "redis" of deployment/redis has the env
        | name          | from                        |
        | REDISCLI_AUTH | secret/vault:redis-password |
      And container "go-scanner" of deployment/go-scanner has the env
        | name           | from                        |
        | REDIS_PASSWORD | secret/vault:redis-password |
      And there is no secret "redis-auth"
      Given the objects
        """
        apiVersion: v1
        kind: Secret
        metadata:
          name: vault
        stringData:
          redis-password: stingray
        """
      When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values
      Then deployment/redis got new pods
      And deployment/python-orch got new pods
      And deployment/go-scanner got new pods

    Scenario: Redis requires the password of the Secret
      When I run helm template traderadmin ./charts/traderadmin --set redis.auth.enabled=true
      Then helm prints the deployment "redis" with
        | path                                          | value                             |
        | .spec.template.spec.containers[0].args[-2:]   | [--requirepass, $(REDISCLI_AUTH)] |
        | .spec.template.spec.containers[0].env[*].name | REDISCLI_AUTH                     |
      And helm prints the secret "redis-auth" with
        | path  | value  |
        | .type | Opaque |
      And helm prints "  password: "

    Scenario: Without a Redis, nothing is left of its password
      When I run helm template traderadmin ./charts/traderadmin --set redis.enabled=false,redis.auth.enabled=true
      Then helm does not print "redis-auth"

    Scenario: The checksum of an unknown password is that of an empty one, so that it does not change
      When I run helm template traderadmin ./charts/traderadmin --set redis.auth.enabled=true,redis.auth.existingSecret=vault
      Then helm prints the deployment "redis" with
        | path                                                       | value                                                            |
        | .spec.template.metadata.annotations['checksum/redis-auth'] | e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 |

    Scenario: The generated password has 32 characters
      When I run helm install traderadmin ./charts/traderadmin --set redis.auth.enabled=true
      Then the secret "redis-auth" satisfies "self.data.password.size() == 44"

    Scenario: The key of the password in its Secret can be set
      When I run helm install traderadmin ./charts/traderadmin --set redis.auth.enabled=true,redis.auth.secretKey=redis-password
      Then the secret "redis-auth" satisfies "'redis-password' in self.data"
      And container "redis" of deployment/redis has the env
        | name          | from                             |
        | REDISCLI_AUTH | secret/redis-auth:redis-password |

  Rule: A volume keeps the data of Redis

    Scenario: Redis writes to a volume of the configured size, and receives additional arguments
      Given the file "memory.yaml"
        """
        redis:
          extraArgs: [--maxmemory, 400mb, --maxmemory-policy, allkeys-lru]
        """
      When I run helm install traderadmin ./charts/traderadmin -f memory.yaml --set redis.persistence.enabled=true,redis.persistence.size=2Gi,redis.persistence.storageClassName=fast
      Then the persistentvolumeclaim "redis-data" has
        | path                             | value           |
        | .spec.resources.requests.storage | 2Gi             |
        | .spec.storageClassName           | fast            |
        | .spec.accessModes                | [ReadWriteOnce] |
      And container "redis" of deployment/redis has the mounts
        | path  | from           | readOnly |
        | /data | pvc/redis-data | false    |
      And the deployment "redis" satisfies
        """
        self.spec.template.spec.containers[0].args.exists(a, a == '--appendonly')
        """
      And the deployment "redis" has .spec.template.spec.containers[0].args[-4:] = [--maxmemory, 400mb, --maxmemory-policy, allkeys-lru]

    Scenario: With a volume, Redis appends each write to a file on it
      When I run helm template traderadmin ./charts/traderadmin --set redis.persistence.enabled=true
      Then helm prints the deployment "redis" with
        | path                                   | value                                                                                     |
        | .spec.template.spec.containers[0].args | [redis-server, --port, "6379", --protected-mode, "no", --dir, /data, --appendonly, "yes"] |
      And helm prints the persistentvolumeclaim "redis-data" with
        | path                             | value |
        | .spec.resources.requests.storage | 1Gi   |
        | .spec.storageClassName           |       |

    Scenario: Redis' pods have no annotations by default
      When I run helm template traderadmin ./charts/traderadmin
      Then helm prints the deployment "redis" with
        | path                                | value |
        | .spec.template.metadata.annotations |       |

    Scenario: Redis' pods have the configured annotations
      When I run helm template traderadmin ./charts/traderadmin --set podAnnotations.redis.desk=one
      Then helm prints the deployment "redis" with
        | path                                | value       |
        | .spec.template.metadata.annotations | {desk: one} |
