package rule_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// badPractice has a Service, and a workload that only sets its images.
const badPractice = `
want templates/deployment.yaml:2 "pod-probes: Deployment/app: Container is missing a readinessProbe$"
want templates/deployment.yaml:2 "pod-networkpolicy: Deployment/app: "
want templates/deployment.yaml:2 "host-podantiaffinity: .*\\(default values\\)$"
want templates/deployment.yaml:2 "has-poddisruptionbudget: .*\\(default values\\)$"
want templates/deployment.yaml:2 "deployment-replicas: .*\\(values-small.yaml\\)$"
want templates/deployment.yaml:12 "user-group-id: init container \"prepare\" of Deployment/app: Container has no"
want templates/deployment.yaml:12 "readonlyrootfilesystem: init container"
want templates/deployment.yaml:14 "pull-policy: container \"app\" of Deployment/app: "
want templates/deployment.yaml:14 "privileged: "
want templates/deployment.yaml:14 "readonlyrootfilesystem: container"
want templates/deployment.yaml:14 "user-group-id: .* user ID$"
want templates/deployment.yaml:14 "user-group-id: .* group ID$"
-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
-- values.yaml --
replicas: 2
-- values-small.yaml --
replicas: 1
-- templates/service.yaml --
apiVersion: v1 # want "^kube-score/service-type: Service/app: The service is of type NodePort$"
kind: Service
metadata:
  name: app
spec:
  type: NodePort
  selector: {app: app}
  ports: [{port: 80}]
-- templates/_containers.tpl --
{{- define "containers" }}
- name: prepare
  image: prepare:1.2
  imagePullPolicy: Always
{{- end }}
-- templates/deployment.yaml --
# The workload.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      initContainers: {{- include "containers" . | nindent 6 }}
      containers:
        - image: app:1.2
          name: app
          securityContext: {privileged: true}
`

// anchored has a List whose second object is an alias of the first, with another name.
const anchored = `
-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
-- values.yaml --
-- templates/list.yaml --
apiVersion: v1
kind: List
items:
  - &first # want "service-type: Service/first: "
    apiVersion: v1
    kind: Service
    metadata: {name: first}
    spec: {type: NodePort, ports: [{port: 80}]}
  - <<: *first # want "service-type: Service/second: "
    metadata: {name: second}
`

// goodPractice passes the checks of kube-score.
const goodPractice = `
-- Chart.yaml --
apiVersion: v2
name: app
version: 0.1.0
-- values.yaml --
-- templates/all.yaml --
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports: [{port: 80}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: app}
spec:
  minAvailable: 1
  selector: {matchLabels: {app: app}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app}
spec:
  podSelector: {matchLabels: {app: app}}
  policyTypes: [Ingress, Egress]
  ingress: [{ports: [{port: 80}]}]
  egress: [{ports: [{port: 53}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 2
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector: {matchLabels: {app: app}}
      containers:
        - name: app
          image: app:1.2
          imagePullPolicy: Always
          readinessProbe: {httpGet: {path: /ready, port: 80}}
          livenessProbe: {httpGet: {path: /alive, port: 80}}
          securityContext: {runAsUser: 10001, runAsGroup: 10001, readOnlyRootFilesystem: yes}
`

// practices lints a fixture, and returns the findings of practices and the wanted ones.
func practices(t *testing.T, fixture, config string) ([]linter.Finding, []want) {
	t.Helper()
	archive := txtar.Parse([]byte(fixture))
	folder := filepath.Join(t.TempDir(), "chart")
	require.NoError(t, txtar.Write(archive, folder))
	require.NoError(t, os.WriteFile(filepath.Join(folder, policy.FileName), []byte(config), 0o600))
	result, err := linter.Run(context.Background(), []string{folder}, linter.Options{Progress: os.Stderr})
	require.NoError(t, err)
	var found []linter.Finding
	for _, f := range result.Findings {
		if rule.IsPractice(f.Rule) || f.Rule == "suppression-unused" {
			f.Position.File, err = filepath.Rel(folder, f.Position.File)
			require.NoError(t, err)
			found = append(found, f)
		}
	}
	return found, readWants(t, archive)
}

func TestPracticesHavePositions(t *testing.T) {
	t.Parallel()
	for _, fixture := range []string{badPractice, anchored, goodPractice} {
		found, wants := practices(t, fixture, "practices: true")
		for _, f := range found {
			message := f.Rule + ": " + f.Message
			if f.Variants != "" {
				message += " (" + f.Variants + ")"
			}
			assert.True(t, strings.HasSuffix(f.Fix, "."), "the fix %q must end in a period", f.Fix)
			assert.NotEmpty(t, f.Object)
			if i := match(wants, f.Position, message); i >= 0 {
				wants = append(wants[:i], wants[i+1:]...)
			} else {
				t.Errorf("unexpected finding at %s: %s", f.Position, message)
			}
		}
		assert.Empty(t, wants)
	}
}

func TestPracticesAreOffByDefault(t *testing.T) {
	t.Parallel()
	for _, config := range []string{"", "practices: false", "practices: []", "rules: {kube-score/pod-probes: error}",
		"suppressions: [{rule: kube-score/pod-probes, reason: Probes come later.}]"} {
		found, _ := practices(t, badPractice, config)
		assert.Empty(t, found, config)
	}
}

func TestPolicySelectsPractices(t *testing.T) {
	t.Parallel()
	const (
		probes     = "kube-score/pod-probes"
		replicas   = "kube-score/deployment-replicas"
		seccomp    = "kube-score/container-seccomp-profile" // optional
		privileged = "kube-score/container-security-context-privileged"
		unused     = "suppression-unused"
	)
	for _, test := range []struct {
		config string
		want   map[string]rule.Severity // by rule; zero for no finding
	}{
		{
			"practices: true",
			map[string]rule.Severity{probes: rule.Warning, replicas: rule.Info, seccomp: 0},
		},
		{
			"practices: [" + probes + ", " + seccomp + "]",
			map[string]rule.Severity{probes: rule.Warning, replicas: 0, seccomp: rule.Info},
		},
		{
			"practices: true\nrules: {" + seccomp + ": error, " + replicas + ": error, " + probes + ": off}",
			map[string]rule.Severity{probes: 0, replicas: rule.Error, seccomp: rule.Error},
		},
		{
			"practices: true\nsuppressions:\n- {rule: " + privileged + ", container: app, reason: It mounts.}",
			map[string]rule.Severity{privileged: 0, unused: 0},
		},
		{
			"practices: true\nsuppressions:\n- {rule: " + probes + ", object: Deployment/web, reason: None.}",
			map[string]rule.Severity{probes: rule.Warning, unused: rule.Warning},
		},
	} {
		found, _ := practices(t, badPractice, test.config)
		severities := map[string]rule.Severity{}
		for _, f := range found {
			severities[f.Rule] = f.Severity
		}
		for id, severity := range test.want {
			assert.Equal(t, severity, severities[id], "%s: %s", test.config, id)
		}
	}
}

func TestPracticesAreDocumented(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, rule.Practices())
	for _, r := range rule.Practices() {
		assert.Regexp(t, `^kube-score/[a-z]+(-[a-z]+)*$`, r.ID)
		assert.Same(t, r, rule.Find(r.ID))
		assert.Contains(t, rule.IDs(), r.ID)
		assert.NotEmpty(t, r.Title)
		assert.True(t, strings.HasSuffix(r.Why, "."), r.Why)
	}
}
