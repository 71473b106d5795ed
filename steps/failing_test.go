package steps

// failing are scenarios whose last step fails on simulated nodes.
var failing = []failingExample{
	{
		`When I try helm install shop ./nowhere
		 Then it succeeds`,
		[]string{"`helm install shop ./nowhere` should have succeeded: ", `nowhere" not found`},
	}, {
		`When I try helm lint with --strict
		 Then it fails with "a reason"`,
		[]string{"`helm lint with --strict` succeeded", `"a reason"`},
	}, {
		`When I try helm install shop ./nowhere
		 Then it fails with "a reason"`,
		[]string{`failed, but not with "a reason"`, "./nowhere"},
	}, {
		`When I run helm install shop ./shop
		 And another manager sets .spec.template.spec.containers[0].image of the deployment "shop" to "a:1"`,
		[]string{".spec.template.spec.containers[0].image leads to more than fields with names", "set the whole list"},
	}, {
		`When I run helm install shop ./shop
		 And another manager sets .spec.replicas of the deployment "shop" to many`,
		[]string{`set .spec.replicas of the deployment "shop" in namespace "shop"`, "many"},
	}, {
		`When I try helm install shop ./nowhere`,
		[]string{"no step checks `helm install shop ./nowhere`, which failed", "add `it fails with", "./nowhere"},
	}, {
		`When I try helm lint with --strict
		 And I run helm lint with --strict`,
		[]string{"no step checks `helm lint with --strict`, which succeeded", "add `it succeeds`"},
	}, {
		`When I run helm lint with --strict
		 Then it succeeds`,
		[]string{"nothing was tried", "`I try …`"},
	}, {
		`When I run helm lint with --strict
		 Then helm prints "2 chart(s)"`,
		[]string{`helm lint ./shop --strict does not print "2 chart(s)"; it prints`, "1 chart(s) linted, 0 chart(s) failed"},
	}, {
		`When I run helm lint with --strict
		 Then helm does not print "1 chart(s)"`,
		[]string{`prints "1 chart(s)":`},
	}, {
		`Then helm prints "anything"`,
		[]string{"no Helm command ran before this step"},
	}, {
		`Given the file "../outside"
		   """
		   x
		   """`,
		[]string{`"../outside" is not inside the scenario's folder`},
	}, {
		`Given a copy of the folder "../outside"`,
		[]string{`"../outside" is not inside the suite's folder`},
	}, {
		`Given a copy of the folder "nowhere"`,
		[]string{`copy the folder "nowhere": `, "no such file or directory"},
	}, {
		`Given the file "a.yaml"`,
		[]string{"needs a doc string below it: CONTENT", `Usage: the file "NAME"`},
	}, {
		`Given a namespace "x" with labels`,
		[]string{"needs a table below it", `Usage: a namespace "NAMESPACE" with labels`, "| key | value |"},
	}, {
		`Given a namespace "x" with labels
		   | key | valu |
		   | a   | b    |`,
		[]string{`needs the column "value" in its table, whose first line is | key | valu |`},
	}, {
		`Given a namespace "x" with labels
		   | key | value | values |
		   | a   | b     | c      |`,
		[]string{`has the unknown column "values" in its table; did you mean "value"?`},
	}, {
		`Given a namespace "x" with labels
		   | key | value |
		   | a   | b c   |`,
		[]string{`label namespace "x"`, `"b c"`},
	}, {
		`Given a Kubernetes cluster
		   """
		   text
		   """`,
		[]string{"`a Kubernetes cluster` takes no doc string"},
	}, {
		`Given the objects
		   """
		   kind: ConfigMap
		   """`,
		[]string{"document 1 of the doc string lacks apiVersion"},
	}, {
		`Given the objects
		   """
		   ---
		   """`,
		[]string{"the doc string contains no object"},
	}, {
		`Given the objects
		   """
		   a: b: c
		   """`,
		[]string{"document 1 of the doc string is not valid YAML", "mapping values are not allowed"},
	}, {
		`Given the objects
		   """
		   {apiVersion: v1, kind: ConfigMap, metadata: {name: The_Map}}
		   """`,
		[]string{`apply ConfigMap "The_Map"`, "RFC 1123"},
	}, {
		`Given the objects
		   """
		   {apiVersion: v1, kind: Namespace, metadata: {name: mine}}
		   """`,
		[]string{"`a namespace \"…\"`"},
	}, {
		`Given the objects
		   """
		   {apiVersion: v1, kind: ConfigMup, metadata: {name: mine}}
		   """`,
		[]string{`apply ConfigMup "mine"`, `no matches for kind "ConfigMup"`},
	},
	{
		`When I try helm install shop ./nowhere
		 Then it fails with each of
		   | text     |
		   | nowhere  |
		   | a reason |`,
		[]string{"failed, but not with \"a reason\""},
	}, {
		`When I try helm install shop ./nowhere
		 Then it fails with
		   """
		   a "reason"
		   """`,
		[]string{`failed, but not with "a \"reason\""`},
	}, {
		`When I run helm lint with --strict
		 Then helm prints
		   """
		   2 chart(s) linted
		   """`,
		[]string{`does not print "2 chart(s) linted"; it prints`},
	}, {
		`When I run helm template shop ./shop
		 Then helm prints the deployment "shop" with
		   | path           | value |
		   | .spec.replicas | 2     |`,
		[]string{`Deployment "shop": .spec.replicas is 1, not 2`},
	}, {
		`When I run helm template shop ./shop
		 Then helm prints the deployment "shopp" with
		   | path           | value |
		   | .spec.replicas | 1     |`,
		[]string{`helm template shop ./shop prints no Deployment "shopp", only shop`},
	}, {
		`When I run helm template shop ./shop
		 Then helm prints the ingress "shop" with
		   | path  | value |
		   | .spec |       |`,
		[]string{`helm template shop ./shop prints no Ingress "shop", nor any other`},
	}, {
		`When I run helm template shop ./shop
		 Then every object that helm prints has
		   | path           | value |
		   | .spec.replicas | 1     |`,
		[]string{`Service "shop": .spec.replicas does not exist; it should be 1`},
	}, {
		`When I run helm lint with --strict
		 Then every object that helm prints has
		   | path  | value |
		   | .kind | Pod   |`,
		[]string{"helm lint ./shop --strict prints no object; it prints", "1 chart(s) linted"},
	}, {
		`Given a namespace "The_Place"`,
		[]string{`create namespace The_Place-`, "RFC 1123"},
	}, {
		`When I run helm install shop ./shop
		 Then deployment/shopp appears in namespace "shop"`,
		[]string{"waited 2", "there is no deployment/shopp, only shop"},
	}, {
		`When I run helm install shop ./shop
		 Then shop pods use image "nginx:9"`,
		[]string{`for deployment/shop to use image "nginx:9"`, `gave up`, `uses ["nginx:1.16.0"]`},
	},
	// Objects
	{
		`Then the deployment "nobody" has .spec.replicas = 1`,
		[]string{`there is no deployment "nobody" in namespace "shop", and no other deployment`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shopp" has .spec.replicas = 1`,
		[]string{`there is no deployment "shopp" in namespace "shop", only shop`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" has .spec.replicas = 2`,
		[]string{`deployment "shop" in namespace "shop": .spec.replicas is 1, not 2`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" has
		   | path            | value |
		   | .spec.replicas  | 2     |
		   | .spec.revisions | 3     |
		   | .spec.strategy  |       |`,
		[]string{
			`.spec.replicas is 1, not 2`, `.spec.revisions does not exist; it should be 3`,
			`.spec.strategy is {"rollingUpdate":`, "; it should not exist",
		},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" has .status.readyReplicas = 7`,
		[]string{`deployment "shop" in namespace "shop": waited 2`, `; last seen: .status.readyReplicas is 1, not 7`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" has .metadata.labels['helm.sh/chart = 2`,
		[]string{`invalid JSONPath .metadata.labels['helm.sh/chart: unterminated array`, `.spec.ports[0].port`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" has .spec.replicas = [1`,
		[]string{`the value [1 of .spec.replicas is not valid YAML`},
	}, {
		`Then the deploymint "shop" has .spec.replicas = 1`,
		[]string{`unknown kind "deploymint"; did you mean "deployment"?`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" satisfies "self.spec.replicas >= 2 && self.spec.paused"`,
		[]string{
			`deployment "shop" in namespace "shop": it does not satisfy`,
			"`self.spec.replicas >= 2 && self.spec.paused`: self.spec.replicas is 1",
		},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" satisfies "self.status.readyReplicas == 5"`,
		[]string{"waited 2", "it does not satisfy `self.status.readyReplicas == 5`: self.status.readyReplicas is 1"},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" satisfies "self.spec.replica == 2"`,
		[]string{"`self.spec.replica == 2`: no such key: replica"},
	}, {
		`Then the deployment "shop" satisfies
		   """
		   self.spec.replicas > 1 &&&
		   true
		   """`,
		[]string{"invalid CEL expression: ERROR: <input>:1:", "Syntax error"},
	}, {
		`Then the deployment "shop" satisfies "size(self.spec.containers)"`,
		[]string{"is of type int; it must be a bool"},
	}, {
		`Then there is a deployment "shop" in namespace "elsewhere"`,
		[]string{`there is no deployment "shop" in namespace "elsewhere"`},
	}, {
		`When I run helm install shop ./shop
		 Then there is no deployment "shop"`,
		[]string{`deployment "shop" in namespace "shop": it exists, and is not being deleted`},
	}, {
		exampleConfig + `
		 Then the configmap "settings" holds "config.yml"
		   """
		   x
		   """`,
		[]string{`configmap "settings" in namespace "shop": it has no key "config.yml", only config.json, config.yaml`},
	}, {
		exampleConfig + `
		 Then the configmap "settings" holds "config.yaml"
		   """
		   # how often
		   interval: 60
		   hosts: [a, b]
		   """`,
		[]string{`"config.yaml" differs`, "-interval: 60", "+interval: 30"},
	}, {
		exampleConfig + `
		 Then the configmap "settings" holds "config.yaml" as json
		   """
		   interval: 60
		   """`,
		[]string{`"config.yaml" is not valid json: invalid character '#'`},
	}, {
		exampleConfig + `
		 Then the configmap "settings" holds "config.json" as json
		   """
		   interval: 60
		   hosts: [a, b]
		   """`,
		[]string{`"config.json" differs`, "-interval: 60", "+interval: 30"},
	}, {
		exampleConfig + `
		 Then the configmap "settings" holds "config.json" as json with
		   | path      | value |
		   | .interval | 60    |
		   | .hosts    |       |`,
		[]string{`.interval is 30, not 60`, `.hosts is ["a","b"]; it should not exist`},
	}, {
		`When I note .spec.replicas of the deployment "shop"`,
		[]string{`there is no deployment "shop" in namespace "shop"`},
	}, {
		`When I run helm install shop ./shop
		 And I note .spec.replicas of the deployment "shop"
		 And I run helm upgrade with --set replicaCount=2
		 Then .spec.replicas of the deployment "shop" is as noted`,
		[]string{`.spec.replicas of the deployment "shop" in namespace "shop" is 2; it was 1 when it was noted`},
	}, {
		`When I run helm install shop ./shop
		 And I note .spec.replicas of the deployment "shop"
		 Then .spec.replicas of the deployment "shop" has changed`,
		[]string{`is still 1`},
	}, {
		`When I run helm install shop ./shop
		 Then .spec.replicas of the deployment "shop" has changed`,
		[]string{"was not noted: add `I note .spec.replicas of the deployment \"shop\"`"},
	}, {
		`When I run helm install shop ./shop
		 And I note .spec.color of the deployment "shop"`,
		[]string{`.spec.color of the deployment "shop" in namespace "shop" does not exist`},
	},
	// Workloads
	{
		`When I run helm install shop ./shop --set image.repository=registry.invalid/shop
		 Then deployment/shop is rolled out`,
		[]string{"for deployment/shop to be rolled out in namespace shop-", "gave up", "registry.invalid/shop"},
	}, {
		`Given a namespace "shop"
		 Then statefulset/shop is rolled out`,
		[]string{"there is no statefulset/shop, nor any other statefulset"},
	}, {
		`When I run helm install shop ./shop --set replicaCount=2
		 Then deployment/shop is rolled out with 3 pods`,
		[]string{"for deployment/shop to be rolled out with 3 pods", "gave up: it is ready with 2 pods"},
	}, {
		`When I run helm install shop ./shop
		 Then deployment/shop cannot be rolled out: "quota"`,
		[]string{`deployment/shop is rolled out; it should not have been`},
	}, {
		`When I run helm install shop ./shop --set image.repository=registry.invalid/shop
		 Then deployment/shop cannot be rolled out: "quota"`,
		[]string{`deployment/shop cannot be rolled out, but not because of "quota"`, "registry.invalid/shop"},
	}, {
		`Then deployment/shop got new pods`,
		[]string{"no helm install, upgrade or rollback ran before this step"},
	}, {
		`When I run helm install shop ./shop --wait --timeout 1m
		 And I run helm upgrade with --set service.type=NodePort
		 Then deployment/shop got new pods`,
		[]string{"it is rolled out, and pod/shop-", "existed before `helm upgrade shop ./shop --set service.type=NodePort`"},
	}, {
		`When I run helm install shop ./shop --wait --timeout 1m
		 And I run helm upgrade with --set image.tag=1.27
		 Then deployment/shop kept its pods`,
		[]string{"it is rolled out, and pod/shop-", "is new since `helm upgrade shop ./shop --set image.tag=1.27`"},
	},
	// Containers
	{
		exampleDeployment + `
		 Then the containers of deployment/web have the resources
		   | container | requests.cpu | requests.memory | limits.cpu | limits.memory |
		   | server    | 1O0m         | 2Gi             | 1          |               |
		   | sidecar   |              |                 |            |               |`,
		[]string{
			`container "server": requests.cpu: "1O0m" is not a quantity`, `container "server": requests.memory is 1Gi, not 2Gi`,
			`container "server": limits.cpu is not set; it should be 1`,
			`container "server": limits.memory is 1Gi; it should not be set`,
			`it has no container "sidecar"`,
		},
	}, {
		exampleDeployment + `
		 Then the containers of deployment/web have the resources
		   | container | request.cpu |
		   | serving   | 1           |`,
		[]string{`the table has no row for container "server"`, `it has no container "serving"`},
	}, {
		exampleDeployment + `
		 Then the containers of deployment/web have the resources
		   | container | request.cpu |
		   | server    | 1           |`,
		[]string{`the column "request.cpu" is neither requests.NAME nor limits.NAME; did you mean "requests.cpu"?`},
	}, {
		exampleDeployment + `
		 Then container "serving" of deployment/web has the env
		   | name | value |
		   | MODE | fast  |`,
		[]string{`deployment "web" in namespace "shop": it has no container "serving", only server`},
	}, {
		exampleDeployment + `
		 Then container "server" of deployment/web has the env
		   | name  | value | from             |
		   | MODE  | slow  |                  |
		   | TOKEN |       | secret/tokens:db |
		   | COLOR | red   |                  |`,
		[]string{
			`container "server": MODE is "fast", not "slow"`,
			`the source of TOKEN is "secret/tokens:web", not "secret/tokens:db"`, `it has no env "COLOR", only MODE, TOKEN`,
		},
	}, {
		exampleDeployment + `
		 Then container "server" of deployment/web has the ports
		   | port | name |
		   | 8000 | web  |
		   | 8001 |      |
		   | http |      |`,
		[]string{
			`the name of port 8000 is "http", not "web"`, `it declares no port 8001/TCP, only 8000/TCP (http)`,
			`the port "http" is not a number`,
		},
	}, {
		exampleDeployment + `
		 Then container "server" of deployment/web has the mounts
		   | path     | from          | readOnly |
		   | /etc/web | secret/tokens | false    |
		   | /data    | emptyDir      | false    |`,
		[]string{
			`from of /etc/web is "configmap/settings", not "secret/tokens"`, `readOnly of /etc/web is "true", not "false"`,
			`it has nothing mounted at "/data", only at /etc/web`,
		},
	}, {
		exampleDeployment + `
		 Then the pods of deployment/web have the labels
		   | key  | value |
		   | app  | api   |
		   | tier |       |`,
		[]string{`the label app is "web", not "api"`, `the label tier is "front", not ""`},
	}, {
		`Then the pods of deployment/nobody have the labels
		   | key | value |
		   | a   | b     |`,
		[]string{`there is no deployment "nobody"`},
	},
	// Releases
	{
		`When I run helm install shop ./shop
		 Then release "shop" has revision 2 and status "deployed"`,
		[]string{
			`release "shop" has revision 1 and status "deployed" (Install complete), not revision 2 and status "deployed"`,
		},
	}, {
		`Then release "shop" has revision 1 and status "installed"`,
		[]string{`unknown status "installed"`, "deployed, failed"},
	}, {
		`Then release "shop" has revision 1 and status "deployed"`,
		[]string{`release "shop" in namespace "shop": release: not found`, "helm history shop"},
	}, {
		`When I run helm install shop ./shop
		 And I run helm upgrade with --set replicaCount=2
		 Then the history of release "shop" is
		   | revision | status   |
		   | 1        | deployed |`,
		[]string{
			`the history of release "shop": the status in line 1 is "superseded", not "deployed"`,
			"unexpected revision 2 (Upgrade complete)",
		},
	}, {
		`When I run helm install shop ./shop
		 Then the history of release "shop" is
		   | revision |
		   | 1        |
		   | 2        |`,
		[]string{"revision 2 is missing"},
	}, {
		`When I run helm install shop ./shop --set image.tag=1.27
		 Then the values of release "shop" are
		   """
		   {}
		   """`,
		[]string{`the values of release "shop": values differ`, "+image:", "+ tag: \"1.27\""},
	}, {
		`When I run helm install shop ./shop
		 Then the values of release "shop" include
		   """
		   replicaCount: 2
		   image: {color: red}
		   """`,
		[]string{
			`the values of release "shop": `, "replicaCount is 1, not 2", `image.color does not exist; it should be "red"`,
		},
	}, {
		`Then nothing of release "shop" is left`,
		[]string{`this scenario did not install a release "shop" in namespace "shop"`},
	}, {
		`When I run helm install shop ./shop
		 Then nothing of release "shop" is left`,
		[]string{`the history of release "shop" is left: revision 1 is deployed`},
	}, {
		`When I run helm install shop ./shop --set serviceAccount.annotations.helm\\.sh/resource-policy=keep
		 And I run helm uninstall with
		 Then nothing of release "shop" is left`,
		[]string{`ServiceAccount "shop" is left: it exists, and is not being deleted`},
	}, {
		`When I run helm install shop ./shop
		 And I run helm uninstall with
		 Then nothing of release "shop" is left but
		   | kind | name |
		   | sa   | shop |`,
		[]string{`there is no serviceaccount "shop" in namespace "shop", only default`},
	}, {
		`Given a copy of the folder "shop"
		 And the file "shop/templates/claim.yaml"
		   """
		   apiVersion: v1
		   kind: PersistentVolumeClaim
		   metadata: {name: shop}
		   spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
		   """
		 And I run helm install shop ./shop
		 And the objects
		   """
		   apiVersion: v1
		   kind: Pod
		   metadata: {name: user}
		   spec:
		     nodeName: node-0
		     containers: [{name: user, image: user}]
		     volumes: [{name: shop, persistentVolumeClaim: {claimName: shop}}]
		   """
		 When I run helm uninstall with
		 Then nothing of release "shop" is left but
		   | kind | name |
		   | pvc  | shop |`,
		[]string{
			`persistentvolumeclaim "shop" in namespace "shop" is being deleted`, `finalizers ["kubernetes.io/pvc-protection"]`,
		},
	}, {
		`When I run helm install shop ./shop
		 Then nothing is left in namespace "shop"`,
		[]string{
			`Deployment "shop" is left in namespace "shop": it exists, and is not being deleted`, `Service "shop" is left`,
			`Secret "sh.helm.release.v1.shop.v1" is left`,
		},
	}, {
		`Given the objects
		   """
		   {apiVersion: v1, kind: ConfigMap, metadata: {name: mine}}
		   """
		 Then nothing is left in namespace "shop" but
		   | kind | name |
		   | cm   | your |`,
		[]string{`there is no configmap "your" in namespace "shop", only `, `mine`},
	},
	// Helm
	{
		exampleJob + `
		 And I run helm install shop ./shop
		 When I run helm upgrade with --set image.tag=2 --set replicaCount=3`,
		[]string{
			`Error: Job "shop": spec.template is immutable (upgrade)`,
			`Helm's words: UPGRADE FAILED: cannot patch "shop" with kind Job: Job.batch "shop" is invalid: spec.template: `,
			`{…}: field is immutable while running: helm upgrade shop ./shop --set image.tag=2 --set replicaCount=3`,
		},
	}, {
		`When I run helm install shop ./shop --set service.port=70000`,
		[]string{`Error: Service "shop": spec.ports[0].port 70000: must be between 1 and 65535, inclusive (install)`},
	}, {
		`When I run helm install shop ./shop
		 Then container "shop" of deployment/shop has the env
		   | name | value |
		   | MODE | fast  |`,
		[]string{`it has no env "MODE", nor any other`},
	}, {
		`When I run helm install shop ./shop
		 Then container "shop" of deployment/shop has the mounts
		   | path  |
		   | /data |`,
		[]string{`it has nothing mounted at "/data", nor anywhere else`},
	},
	{
		`Then the API server warns of nothing`,
		[]string{"no Helm command ran before this step"},
	}, {
		`When I run helm install shop ./shop --set podSecurityContext.fsGruop=1
		 And I run helm get values with
		 Then the API server warns of nothing`,
		[]string{
			`the API server warns: unknown field "spec.template.spec.securityContext.fsGruop"`,
			`(helm install shop ./shop --set podSecurityContext.fsGruop=1)`,
		},
	}, {
		`When I run helm install shop ./shop
		 Then the API server warns of "unknown field"`,
		[]string{`the API server does not warn of "unknown field", nor of anything else`},
	}, {
		`When I run helm install shop ./shop --set podSecurityContext.fsGruop=1
		 Then the API server warns of "deprecated"`,
		[]string{`the API server does not warn of "deprecated"; it warns: unknown field`},
	},
	// Permissions
	{
		exampleReader + `
		 Then serviceaccount/shop may get and delete pods`,
		[]string{
			`serviceaccount/shop may not delete pods in namespace shop-`,
			`: no rule of the roles that are bound to it allows it: role/reader (by rolebinding/reader)`,
		},
	}, {
		`When I run helm install shop ./shop
		 Then serviceaccount/shop may list pods in all namespaces`,
		[]string{`serviceaccount/shop may not list pods in the cluster: no role is bound to it`},
	}, {
		exampleReader + `
		 Then serviceaccount/shop may not create or update configmap "state"`,
		[]string{
			`serviceaccount/shop may update configmap "state" in namespace shop-`, `allowed by RoleBinding "reader/shop-`,
			`of Role "reader" to ServiceAccount "shop/shop-`,
		},
	}, {
		exampleReader + `
		 Then serviceaccount/reader may get pods`,
		[]string{`there is no serviceaccount "reader" in namespace "shop", only default, shop`},
	}, {
		exampleReader + `
		 Then serviceaccount/shop may not lst pods`,
		[]string{`unknown verb "lst" of pods, whose verbs are `, `did you mean "list"?`},
	}, {
		exampleReader + `
		 Then serviceaccount/shop may get pods/logs`,
		[]string{`pods have no subresource "logs", only `, "log, "},
	}, {
		`Given a copy of the folder "shop"
		 And the file "shop/templates/viewer.yaml"
		   """
		   apiVersion: rbac.authorization.k8s.io/v1
		   kind: ClusterRoleBinding
		   metadata: {name: "admin-of-{{ .Release.Namespace }}"}
		   roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
		   subjects: [{kind: ServiceAccount, name: shop, namespace: "{{ .Release.Namespace }}"}]
		   """
		 When I run helm install shop ./shop
		 Then serviceaccount/shop may not list pods in all namespaces`,
		[]string{`serviceaccount/shop may list pods in the cluster: RBAC: allowed by ClusterRoleBinding "admin-of-shop-`},
	},
	// Files
	{
		`When I run helm package ./shop
		 Then the package "shop-9.tgz" contains
		   | file       |
		   | Chart.yaml |`,
		[]string{"the scenario did not package shop-9.tgz", "its folder contains shop-0.1.0.tgz"},
	}, {
		`When I run helm package ./shop
		 Then the package "shop-0.1.0.tgz" contains
		   | file   |
		   | LICEN? |`,
		[]string{"LICEN? is not in shop-0.1.0.tgz, which contains", "templates/service.yaml"},
	}, {
		`When I run helm package ./shop
		 Then the package "shop-0.1.0.tgz" does not contain
		   | file         |
		   | templates/*e.yaml |`,
		[]string{"templates/*e.yaml is in shop-0.1.0.tgz: templates/httproute.yaml, templates/service.yaml"},
	},
	// Disruptions
	{
		`When I run helm install shop ./shop --set replicaCount=0
		 And I drain deployment/shop`,
		[]string{"deployment/shop has no pods to evict"},
	},
	{
		`When I try to drain deployment/shop
		 Then it succeeds`,
		[]string{"`drain deployment/shop` should have succeeded: there is no deployment \"shop\""},
	},
	{
		exampleBudget + `
		 When I run helm install shop ./shop --wait --timeout 1m
		 And I drain deployment/shop`,
		[]string{
			"drain deployment/shop: evict pod/shop-",
			"poddisruptionbudget/shop allows no eviction, though all 1 pods are healthy: it wants 1",
		},
	},
	{
		exampleBudget + `
		 When I run helm install shop ./shop --set image.repository=registry.invalid/shop
		 Given the deployment "shop" has .status.replicas = 1
		 And I drain deployment/shop`,
		[]string{"waited ", "poddisruptionbudget/shop allows no eviction now: 0 of 1 pods are healthy, and it wants 1"},
	},
	{
		`Then deployment/shop is watched`,
		[]string{`there is no deployment "shop" in namespace "shop"`},
	},
	{
		`When I run helm install shop ./shop
		 Then at least 1 pod of deployment/shop was ready all along`,
		[]string{"deployment/shop is not watched: add `deployment/shop is watched`"},
	},
	{
		`When I run helm install shop ./shop --wait --timeout 1m
		 Given deployment/shop is watched
		 When I run helm upgrade with --set replicaCount=0
		 Then deployment/shop is rolled out with 0 pods
		 And at least 1 pod of deployment/shop was ready all along`,
		[]string{"0 pods of deployment/shop were ready ", "s after it was first watched, not 1"},
	},
	{
		`When I run helm install shop ./shop --wait --timeout 1m
		 Given deployment/shop is watched
		 Then at least 3 pods of deployment/shop were ready all along`,
		[]string{"1 pods of deployment/shop were ready when it was first watched, not 3"},
	},
	// Network
	{
		`When I run helm install shop ./shop --set replicaCount=2 --wait --timeout 1m
		 Then service/shop leads to 3 pods of deployment/shop`,
		[]string{`service/shop in namespace "shop": waited 2`, "last seen: port 80 leads to 2 ready pods, not 3"},
	},
	{
		`When I run helm install shop ./shop
		 Then service/shop port 8080 leads to 1 pod of deployment/shop`,
		[]string{"service/shop: it has no port 8080, only 80 http"},
	},
	{
		exampleDeployment + `
		 And the objects
		   """
		   apiVersion: v1
		   kind: Service
		   metadata: {name: web}
		   spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
		   """
		 Then service/web leads to 1 pod of deployment/web`,
		[]string{
			"service/web: port 80 leads to port 8080/TCP, which no container of deployment/web declares, only 8000/TCP (http)",
		},
	},
	{
		examplePolicy + `
		 And the objects
		   """
		   apiVersion: v1
		   kind: Service
		   metadata: {name: web}
		   spec: {selector: {app: client}, ports: [{port: 80, targetPort: 8000}]}
		   """
		 Then service/web leads to 1 pod of deployment/web`,
		[]string{"it leads to pod/client-", "which is not of deployment/web"},
	},
	{
		`When I run helm install shop ./shop --set podLabels.tier=front --wait --timeout 1m
		 And I run helm install other ./shop --set podLabels.tier=front --set service.port=8080 --wait --timeout 1m
		 And the objects
		   """
		   apiVersion: v1
		   kind: Service
		   metadata: {name: web}
		   spec: {selector: {tier: front}, ports: [{port: 80, targetPort: http}]}
		   """
		 Then service/web leads to 1 pod of deployment/shop`,
		[]string{"it leads to pod/other-shop-", "which is not of deployment/shop"},
	},
	{
		examplePolicy + `
		 Then pods of deployment/web may reach deployment/web on port 8000`,
		[]string{
			"pods of deployment/web may not reach deployment/web on port 8000: " +
				"no policy restricts egress from deployment/web; " +
				"ingress to deployment/web is restricted by networkpolicy/web, and no rule allows deployment/web on port 8000/TCP",
		},
	},
	{
		examplePolicy + `
		 Then pods of deployment/client may not reach deployment/web on port 8000`,
		[]string{
			"pods of deployment/client may reach deployment/web on port 8000: ",
			"networkpolicy/web allows ingress to deployment/web on port 8000",
		},
	},
	{
		exampleDeployment + `
		 Then other pods may not reach deployment/web on port 8000`,
		[]string{"any pod may reach deployment/web on port 8000: ", "no policy restricts ingress to deployment/web"},
	},
	{
		exampleDeployment + `
		 Then other pods may not reach deployment/web on port 6379`,
		[]string{"no container of deployment/web declares port 6379, only 8000"},
	},
}

// failingExample is the steps of a scenario whose last step fails, and parts of the error.
type failingExample struct {
	steps string
	words []string
}

// exampleJob adds a Job to a copy of the chart, whose pod template changes with the image's tag.
const exampleJob = `Given a copy of the folder "shop"
		 And the file "shop/templates/job.yaml"
		   """
		   apiVersion: batch/v1
		   kind: Job
		   metadata: {name: shop}
		   spec:
		     template:
		       spec:
		         restartPolicy: Never
		         containers: [{name: migrate, image: "migrate:{{ .Values.image.tag }}"}]
		   """`
