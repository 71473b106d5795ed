Feature: Packaging
  A chart is deployed as a package: one file named after the chart and its version, without the files that only its
  authors need.

  Scenario: The package is named after the chart and its version
    When I run helm package ./charts/traderadmin
    Then helm prints "traderadmin-0.1.0.tgz"

  Scenario: The versions of a package can be set
    When I run helm package ./charts/traderadmin --version 1.2.3 --app-version 4.5
    And I run helm show chart traderadmin-1.2.3.tgz
    Then helm prints "name: traderadmin"
    And helm prints "version: 1.2.3"
    And helm prints
      """
      appVersion: "4.5"
      """

  Scenario: The package contains the chart, its schema and its templates
    When I run helm package ./charts/traderadmin
    Then the package "traderadmin-0.1.0.tgz" contains
      | file                                  |
      | Chart.yaml                            |
      | values.yaml                           |
      | values.schema.json                    |
      | README.md                             |
      | templates/_helpers.tpl                |
      | templates/configmap.yaml              |
      | templates/go-scanner-deployment.yaml  |
      | templates/go-scanner-service.yaml     |
      | templates/python-orch-deployment.yaml |
      | templates/python-orch-service.yaml    |
      | templates/redis-deployment.yaml       |
      | templates/redis-service.yaml          |
      | templates/NOTES.txt                   |

  Scenario: The package contains the values of each environment
    When I run helm package ./charts/traderadmin
    Then the package "traderadmin-0.1.0.tgz" contains
      | file                   |
      | values-qa.yaml         |
      | values-staging.yaml    |
      | values-production.yaml |

  Scenario: The chart says what it is, and refuses a cluster that is too old
    When I run helm show chart ./charts/traderadmin
    Then helm prints "type: application"
    When I try helm template traderadmin ./charts/traderadmin --kube-version 1.29.9
    Then it fails with "chart requires kubeVersion: >=1.30.0-0"
    When I run helm template traderadmin ./charts/traderadmin --kube-version v1.30.1-gke.100
    Then helm prints "kind: Deployment"

  Scenario: Folders of version control and editors, and their backups, stay out of the package
    Given a copy of the folder "charts/traderadmin"
    And the file "charts/traderadmin/.git/config"
      """
      x
      """
    And the file "charts/traderadmin/.hg/store"
      """
      x
      """
    And the file "charts/traderadmin/.svn/entries"
      """
      x
      """
    And the file "charts/traderadmin/.idea/workspace.xml"
      """
      x
      """
    And the file "charts/traderadmin/.vscode/settings.json"
      """
      x
      """
    And the file "charts/traderadmin/.gitattributes"
      """
      x
      """
    And the file "charts/traderadmin/.hgignore"
      """
      x
      """
    And the file "charts/traderadmin/values.yaml.swp"
      """
      x
      """
    And the file "charts/traderadmin/values.yaml.tmp"
      """
      x
      """
    And the file "charts/traderadmin/values.yaml.bak"
      """
      x
      """
    And the file "charts/traderadmin/values.yaml.orig"
      """
      x
      """
    And the file "charts/traderadmin/values.yaml~"
      """
      x
      """
    And the file "charts/traderadmin/.DS_Store"
      """
      x
      """
    And the file "charts/traderadmin/traderadmin-0.0.9.tgz.prov"
      """
      x
      """
    When I run helm package ./charts/traderadmin
    Then the package "traderadmin-0.1.0.tgz" does not contain
      | file           |
      | .git/*         |
      | .hg/*          |
      | .svn/*         |
      | .idea/*        |
      | .vscode/*      |
      | .gitattributes |
      | .hgignore      |
      | *.swp          |
      | *.tmp          |
      | *.bak          |
      | *.orig         |
      | *~             |
      | .DS_Store      |
      | *.prov         |

  Scenario: Files that only the chart's authors need stay out of the package
    Given a copy of the folder "charts/traderadmin"
    And the file "charts/traderadmin/traderadmin-0.0.9.tgz"
      """
      an older package, made in this folder
      """
    And the file "charts/traderadmin/.gitignore"
      """
      *.tgz
      """
    When I run helm package ./charts/traderadmin
    Then the package "traderadmin-0.1.0.tgz" does not contain
      | file            |
      | .chartlint.yaml |
      | .mutants.yaml   |
      | .git*           |
      | *.gotmpl        |
      | *.tgz           |

  Scenario: A package installs and upgrades like the folder, which can then upgrade its release
    When I run helm package ./charts/traderadmin
    And I run helm install traderadmin traderadmin-0.1.0.tgz
    And I run helm upgrade traderadmin traderadmin-0.1.0.tgz --set replicaCount.goScanner=3
    Then deployment/python-orch is rolled out with 1 pod
    And deployment/go-scanner is rolled out with 3 pods
    And release "traderadmin" has revision 2 and status "deployed"
    When I run helm upgrade traderadmin ./charts/traderadmin --reuse-values
    Then deployment/python-orch kept its pods
    And deployment/go-scanner kept its pods
    And deployment/redis kept its pods

  Scenario: Helm's own linter finds nothing
    When I try helm lint ./charts/traderadmin --strict
    Then helm does not print "[ERROR]"
    And helm does not print "[WARNING]"
    And it succeeds

  Scenario: A version with build metadata, which a label cannot contain, can be installed
    When I run helm package ./charts/traderadmin --version 1.2.3+build.7 --app-version 4.5+build.7
    And I run helm install traderadmin traderadmin-1.2.3+build.7.tgz
    Then the deployment "go-scanner" has
      | path                                            | value                     |
      | .metadata.labels['helm\.sh/chart']              | traderadmin-1.2.3_build.7 |
      | .metadata.labels['app\.kubernetes\.io/version'] | 4.5_build.7               |
