package steps

// failing are scenarios whose last step fails, and the words that it fails with.
var failing = []struct {
	steps string
	words []string
}{
	{
		`When I try helm install shop ./nowhere
		 Then it succeeds`,
		[]string{"helm install shop ./nowhere should have succeeded: ", `nowhere" not found`},
	}, {
		`When I try helm lint with --strict
		 Then it fails with "a reason"`,
		[]string{`helm lint with --strict succeeded, where it should have failed with "a reason"`},
	}, {
		`When I try helm install shop ./nowhere
		 Then it fails with "a reason"`,
		[]string{`failed, not with "a reason" but with`, "./nowhere"},
	}, {
		`When I try helm install shop ./nowhere`,
		[]string{"was tried and failed, and no step says whether it should: write `it fails with \"…\"` after it", "./nowhere"},
	}, {
		`When I try helm lint with --strict
		 And I run helm lint with --strict`,
		[]string{"helm lint with --strict was tried and succeeded, and no step says whether it should: write `it succeeds`"},
	}, {
		`When I run helm lint with --strict
		 Then it succeeds`,
		[]string{"nothing was tried before this step: write `I try …` above it"},
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
		[]string{`the file "../outside" would not be in the scenario's own folder`},
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
		[]string{`has no use for the column "values" in its table; did you mean "value"?`},
	}, {
		`Given a namespace "x" with labels
		   | key | value |
		   | a   | b c   |`,
		[]string{`label the namespace "x"`, `"b c"`},
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
		[]string{"document 1 of the doc string needs apiVersion, kind and metadata.name to be an object"},
	}, {
		`Given the objects
		   """
		   ---
		   """`,
		[]string{"the doc string has no object in it"},
	}, {
		`Given the objects
		   """
		   a: b: c
		   """`,
		[]string{"document 1 of the doc string is no YAML", "mapping values are not allowed"},
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
		[]string{"write `a namespace \"…\"`"},
	}, {
		`Given the objects
		   """
		   {apiVersion: v1, kind: ConfigMup, metadata: {name: mine}}
		   """`,
		[]string{`apply ConfigMup "mine"`, `no matches for kind "ConfigMup"`},
	},
	{
		`When I try helm install shop ./nowhere
		 Then it fails with
		   """
		   a "reason"
		   """`,
		[]string{`failed, not with "a \"reason\"" but with`},
	}, {
		`When I run helm lint with --strict
		 Then helm prints
		   """
		   2 chart(s) linted
		   """`,
		[]string{`does not print "2 chart(s) linted"; it prints`},
	}, {
		`Given a namespace "The_Place"`,
		[]string{`make the namespace The_Place-`, "RFC 1123"},
	}, {
		`When I run helm install shop ./shop
		 Then deployment/shopp appears in namespace "shop"`,
		[]string{"waited 2", "there is no deployment/shopp, only shop"},
	}, {
		`When I run helm install shop ./shop
		 Then shop pods use image "nginx:9"`,
		[]string{`for the pods of deployment/shop to use image "nginx:9"`, `this will not happen`, `uses ["nginx:1.16.0"]`},
	},
	// Objects
	{
		`Then the deployment "nobody" has .spec.replicas = 1`,
		[]string{`there is no deployment "nobody" in namespace "shop", nor any other deployment`},
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
		[]string{`.spec.replicas is 1, not 2`, `.spec.revisions is not there; it should be 3`, `.spec.strategy is {"rollingUpdate":`, "; it should not be there"},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" has .status.readyReplicas = 7`,
		[]string{`deployment "shop" in namespace "shop": waited 2`, `; last seen: .status.readyReplicas is 1, not 7`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" has .metadata.labels['helm.sh/chart = 2`,
		[]string{`the JSONPath .metadata.labels['helm.sh/chart cannot be read: unterminated array`, `write it as in .spec.ports[0].port`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" has .spec.replicas = [1`,
		[]string{`the value [1 of .spec.replicas is no YAML`},
	}, {
		`Then the deploymint "shop" has .spec.replicas = 1`,
		[]string{`the cluster knows no kind "deploymint"; did you mean "deployment"?`},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" satisfies "self.spec.replicas >= 2 && self.spec.paused"`,
		[]string{"deployment \"shop\" in namespace \"shop\": it does not satisfy `self.spec.replicas >= 2 && self.spec.paused`: self.spec.replicas is 1"},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" satisfies "self.status.readyReplicas == 5"`,
		[]string{"waited 2", "it does not satisfy `self.status.readyReplicas == 5`: self.status.readyReplicas is 1"},
	}, {
		`When I run helm install shop ./shop
		 Then the deployment "shop" satisfies "self.spec.replica == 2"`,
		[]string{"`self.spec.replica == 2` cannot be answered: no such key: replica"},
	}, {
		`Then the deployment "shop" satisfies
		   """
		   self.spec.replicas > 1 &&&
		   true
		   """`,
		[]string{"the CEL expression cannot be read: ERROR: <input>:1:", "Syntax error"},
	}, {
		`Then the deployment "shop" satisfies "size(self.spec.containers)"`,
		[]string{"is of type int; it must say yes or no"},
	}, {
		`Then there is a deployment "shop" in namespace "elsewhere"`,
		[]string{`there is no deployment "shop" in namespace "elsewhere"`},
	}, {
		`When I run helm install shop ./shop
		 Then there is no deployment "shop"`,
		[]string{`deployment "shop" in namespace "shop": it is there, and nobody deletes it`},
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
		[]string{`"config.yaml" is otherwise:`, "-interval: 60", "+interval: 30"},
	}, {
		exampleConfig + `
		 Then the configmap "settings" holds "config.yaml" as json
		   """
		   interval: 60
		   """`,
		[]string{`"config.yaml" is no json: invalid character '#'`},
	}, {
		exampleConfig + `
		 Then the configmap "settings" holds "config.json" as json
		   """
		   interval: 60
		   hosts: [a, b]
		   """`,
		[]string{`"config.json" is otherwise:`, "-interval: 60", "+interval: 30"},
	}, {
		exampleConfig + `
		 Then the configmap "settings" holds "config.json" as json with
		   | path      | value |
		   | .interval | 60    |
		   | .hosts    |       |`,
		[]string{`.interval is 30, not 60`, `.hosts is ["a","b"]; it should not be there`},
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
		[]string{`is 1 still, as when it was noted`},
	}, {
		`When I run helm install shop ./shop
		 Then .spec.replicas of the deployment "shop" has changed`,
		[]string{"was not noted: write `I note .spec.replicas of the deployment \"shop\"` above this step"},
	}, {
		`When I run helm install shop ./shop
		 And I note .spec.color of the deployment "shop"`,
		[]string{`.spec.color of the deployment "shop" in namespace "shop" is not there`},
	},
}
