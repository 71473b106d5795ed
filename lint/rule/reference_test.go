package rule_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

const fixtureChart = "-- Chart.yaml --\napiVersion: v2\nname: fixture\nversion: 0.1.0\n"

// newPass loads and renders a chart from a txtar archive of its templates.
func newPass(t testing.TB, files string) rule.Pass {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "chart")
	require.NoError(t, txtar.Write(txtar.Parse([]byte(fixtureChart+files)), folder))
	c, err := chart.Load(folder)
	require.NoError(t, err)
	return rule.Pass{
		Chart:       c,
		Rendered:    c.Render(chart.Variant{}),
		Policy:      policy.Default(),
		KubeVersion: chart.DefaultKubeVersion,
	}
}

// A finding is only an error if it is certain. Objects and labels may be created while the release runs.
func TestSeverityByCertainty(t *testing.T) {
	t.Parallel()
	const (
		pod = `
-- templates/pod.yaml --
apiVersion: v1
kind: Pod
metadata: {name: app, labels: {app: fixture, component: app}}
spec:
  serviceAccountName: %s
  containers: [{name: app, image: "app:1", ports: [{name: http, containerPort: 80}]}]
  volumes: [{name: v, %s}]
`
		service = `
-- templates/service.yaml --
apiVersion: v1
kind: Service
metadata: {name: app}
spec: {selector: {%s}, ports: [{port: 80, targetPort: %s}]}
`
		custom = `
-- templates/custom.yaml --
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: release-name-db}
spec: {secretName: release-name-tls}
`
		role = `
-- templates/role.yaml --
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, create]}]
`
		fails = `
-- templates/fails.yaml --
{{ fail "no" }}
`
		another = `
-- templates/another.yaml --
apiVersion: v1
kind: Pod
metadata: {name: another, labels: {app: another}}
spec: {containers: [{name: another, image: another:1.0}]}
`
		off = `
-- templates/web.yaml --
{{- if .Values.web }}
kind: Deployment
{{- end }}
`
		secret = "secret: {secretName: release-name-tls}"
		config = "configMap: {name: release-name-config}"

		objectMissing  = "reference-object-missing"
		noPod          = "selector-matches-no-pod"
		portUndeclared = "service-port-undeclared"

		none rule.Severity = 0
	)
	volume := func(source string) string { return fmt.Sprintf(pod, "default", source) }
	account := func(name string) string { return fmt.Sprintf(pod, name, "emptyDir: {}") }
	selects := func(labels string) string { return volume("emptyDir: {}") + fmt.Sprintf(service, labels, "http") }
	targets := func(port string) string { return volume("emptyDir: {}") + fmt.Sprintf(service, "app: fixture", port) }
	for name, test := range map[string]struct {
		rule  string
		files string
		want  rule.Severity
	}{
		"config map":                       {objectMissing, volume(config), rule.Error},
		"config map that a pod may create": {objectMissing, volume(config) + role, none},
		"config map beside an operator":    {objectMissing, volume(config) + custom, rule.Warning},
		"secret":                           {objectMissing, volume(secret), rule.Warning},
		"secret of a certificate":          {objectMissing, volume(secret) + custom, none},
		"config map named after another":   {objectMissing, volume("configMap: {name: release-name-db-conf}") + custom, none},
		"service account":                  {objectMissing, account("release-name-app"), rule.Error},
		"service account of the cluster":   {objectMissing, account("agent"), none},
		"objects that failed to render":    {objectMissing, volume(config) + fails, none},
		"label with another value":         {noPod, selects("app: fixture, component: web"), rule.Error},
		"the same with a workload off":     {noPod, selects("app: fixture, component: web") + off, rule.Warning},
		"a typo with a workload off":       {noPod, selects("app: fixture, component: ap") + off, rule.Error},
		"the same beside an operator":      {noPod, selects("app: fixture, component: web") + custom, rule.Warning},
		"label that no pod has":            {noPod, selects("app: fixture, leader: yes"), rule.Info},
		"label with a misspelled key":      {noPod, selects("app: fixture, componemt: app"), rule.Error},
		"no label in common":               {noPod, selects("name: web"), rule.Warning},
		"none in common with an operator":  {noPod, selects("name: web") + custom, none},
		"none in common with several":      {noPod, selects("name: web") + another, rule.Info},
		"port name":                        {portUndeclared, targets("web"), rule.Error},
		"port number":                      {portUndeclared, targets("81"), rule.Info},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := rule.Find(test.rule).Run(newPass(t, test.files))
			if test.want == none {
				assert.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			assert.Equal(t, test.want, found[0].Severity)
		})
	}
}

// Each rule reports a fault in Helm's starter chart, at the line of the fault.
func TestStarterChartWithFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		rule       string
		file       string
		old, fault string
		line       string // part of the line of the finding
	}{
		{"duplicate-key", "values.yaml", "replicaCount: 1", "replicaCount: 1\nreplicaCount: 2", "replicaCount: 2"},
		{"duplicate-key", "templates/service.yaml", "  type:", "  ports: []\n  type:", "  ports:"},
		{
			"duplicate-object", "templates/serviceaccount.yaml",
			"kind: ServiceAccount", "kind: Service", `name: {{ include "app.serviceAccountName" . }}`,
		},
		{
			"image-invalid", "templates/deployment.yaml",
			".Values.image.tag | default .Chart.AppVersion", ".Values.image.tag", "image:",
		},
		{"image-latest", "templates/deployment.yaml", ":{{ .Values.image.tag | default .Chart.AppVersion }}", "", "image:"},
		{"image-placeholder", "values.yaml", "repository: nginx", "repository: your-registry/nginx", "image:"},
		{
			"reference-key-missing", "templates/deployment.yaml",
			"          ports:",
			"          env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: b}}}]\n          ports:",
			"key: b",
		},
		{
			"reference-object-missing", "templates/serviceaccount.yaml",
			`{{ include "app.serviceAccountName" . }}`, "other", "serviceAccountName:",
		},
		{
			"reference-object-missing", "templates/hpa.yaml",
			"kind: Deployment\n    name: {{ include \"app.fullname\" . }}", "kind: Deployment\n    name: other", "name: other",
		},
		{
			"reference-port-missing", "templates/ingress.yaml",
			"number: {{ $.Values.service.port }}", "number: 8081", "number: 8081",
		},
		{
			"reference-volume-missing", "values.yaml",
			"volumeMounts: []", "volumeMounts: [{name: foo, mountPath: /etc/foo}]", "toYaml . | nindent 12",
		},
		{"selector-matches-no-pod", "templates/service.yaml", "  selector:", "  selector:\n    tier: web", "tier: web"},
		{
			"selector-template-mismatch", "templates/deployment.yaml",
			"    matchLabels:", "    matchLabels:\n      tier: web", "tier: web",
		},
		{"service-port-undeclared", "templates/service.yaml", "targetPort: http", "targetPort: web", "targetPort: web"},
	} {
		t.Run(test.rule+" in "+test.file, func(t *testing.T) {
			t.Parallel()
			folder, err := charttest.Create("app", t.TempDir())
			require.NoError(t, err)
			replace(t, filepath.Join(folder, "values.yaml"), "enabled: false", "enabled: true") // Ingress, HPA and HTTPRoute
			replace(t, filepath.Join(folder, "templates", "tests", "test-connection.yaml"), "busybox", "busybox:1.37.0")
			config := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
			require.NoError(t, os.WriteFile(filepath.Join(folder, "templates", "config.yaml"), []byte(config), 0o600))
			require.Empty(t, findings(t, folder, test.rule), "the starter chart must have no finding")

			replace(t, filepath.Join(folder, test.file), test.old, test.fault)
			found := findings(t, folder, test.rule)
			require.Len(t, found, 1)
			assert.Contains(t, lineAt(t, found[0].Position), test.line, found[0].Message)
		})
	}
}

// replace replaces all occurrences of a text in a file, which must contain it.
func replace(t *testing.T, file, old, replacement string) {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(content), old)
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(content), old, replacement)), 0o600))
}

func findings(t *testing.T, folder, id string) []rule.Finding {
	t.Helper()
	c, err := chart.Load(folder)
	require.NoError(t, err)
	rendered := c.Render(chart.Variant{})
	require.Empty(t, rendered.RenderFailures)
	require.Empty(t, rendered.ManifestFailures)
	pass := rule.Pass{Chart: c, Rendered: rendered, Policy: policy.Default(), KubeVersion: chart.DefaultKubeVersion}
	return rule.Find(id).Run(pass)
}

func lineAt(t *testing.T, at chart.Position) string {
	t.Helper()
	content, err := os.ReadFile(at.File)
	require.NoError(t, err)
	require.Positive(t, at.Line)
	return strings.Split(string(content), "\n")[at.Line-1]
}

// The cost of rules for references must grow linearly with the number of objects, whether these are right or wrong.
func BenchmarkReferences(b *testing.B) {
	subjects := map[string]bool{
		"reference": true, "selector": true, "service": true, "duplicate": true, "image": true,
		"probe": true, "port": true, "placement": true, "governing": true, "disruption": true, "network": true, "name": true,
	}
	for _, name := range []string{"right", "wrong"} {
		for _, count := range []int{1000, 10000} {
			b.Run(fmt.Sprintf("%s/%d", name, count), func(b *testing.B) {
				pass := newPass(b, fmt.Sprintf(manyObjects, count/4, map[string]string{"right": "", "wrong": "-x"}[name]))
				require.Len(b, pass.Rendered.Objects, count)
				for b.Loop() {
					for _, r := range rule.All() {
						if subject, _, _ := strings.Cut(r.ID, "-"); subjects[subject] {
							r.Run(pass)
						}
					}
				}
			})
		}
	}
}

const manyObjects = `
-- templates/a.yaml --
{{- range $i := until %[1]d }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config-{{ $i }}}
data: {a: b}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: release-name-account-{{ $i }}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app-{{ $i }}}
spec:
  selector: {matchLabels: {app: fixture, part: "{{ $i }}"}}
  template:
    metadata: {labels: {app: fixture, part: "{{ $i }}"}}
    spec:
      serviceAccountName: release-name-account-{{ $i }}%[2]s
      containers:
        - name: app
          image: registry.io/app:1.0
          ports: [{name: http, containerPort: 80}]
          env: [{name: A, valueFrom: {configMapKeyRef: {name: config-{{ $i }}, key: a%[2]s}}}]
          volumeMounts: [{name: config, mountPath: /etc/config}]
      volumes: [{name: config, configMap: {name: config-{{ $i }}}}]
---
apiVersion: v1
kind: Service
metadata: {name: app-{{ $i }}}
spec:
  selector: {app: fixture, part: "{{ $i }}%[2]s"}
  ports: [{port: 80, targetPort: http}]
{{- end }}
`
