package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/linter"
)

// cases are the charts in testdata/cases, each made after a fault that a public chart had, with the findings of the
// command: rule, severity and what the message or the fix says. A case without findings is clean.
var cases = map[string][]expectation{
	"00-base": {},
	"01b-env-number-dormant": {
		{"manifest-type-wrong", linter.Warning, "deployment.yaml:27: Deployment/release-name: spec.template"},
	},
	"01c-env-number-ci-values": {
		{"manifest-type-wrong", linter.Error, "deployment.yaml:27: Deployment/release-name: spec"},
	},
	"33c-ingress-off-by-default": {
		{"manifest-field-missing", linter.Warning, "ingress.yaml:13: Ingress/release-name: spec.rules[0].http"},
	},
	"43-with-no-toyaml-dormant": {{"render-failure", linter.Warning, "deployment.yaml:19: "}},
	"02-vct-version-label": {
		{"immutable-version", linter.Error, "statefulset.yaml:33: spec.volumeClaimTemplates of StatefulSet/release-name"},
		{"governing-service-unfit", linter.Info, "statefulset.yaml:8: "},
	},
	"05a-appversion-plus": {{"version-in-label", linter.Error, "the label app.kubernetes.io/version"}},
	"06-long-name":        {{"release-name-length", linter.Warning, "metrics-service.yaml:4: "}},
	"10-random-secret":    {{"random-secret", linter.Warning, "every upgrade draws password of Secret/release-name"}},
	"11-job-immutable":    {{"job-immutable", linter.Warning, "job.yaml:12: the pod of Job/release-name-schema"}},
	"20-no-checksum":      {{"checksum-missing", linter.Warning, "reads API_ENDPOINT from ConfigMap/release-name"}},
	"21a-hook-serviceaccount": {
		{"hook-order", linter.Error, "job.yaml:13: the pre-install hook Job/release-name-schema needs ServiceAccount/"},
	},
	"24a-default-zero":  {{"default-swallows", linter.Warning, "deployment.yaml:8: replicaCount cannot be 0"}},
	"29a-files-ignored": {{"files-missing", linter.Error, ".helmignore:1 excludes conf/rules.yaml"}},
	"40-subchart-key":   {{"values-unused", linter.Warning, "did you mean the subchart session-cache? Rename the key"}},
	"23a-subject-namespace": {
		{"namespace-fixed", linter.Error, "rbac.yaml:21: ClusterRoleBinding/release-name grants its role"},
	},
	"31-hook-left-over": {
		{"hook-left-over", linter.Warning, "hook.yaml:8: the hook ConfigMap/release-name-migration"},
		{"hook-left-over", linter.Warning, "job.yaml:8: the hook Job/release-name-schema"},
	},
	"34-clusterrole-name": {
		{"cluster-name-fixed", linter.Warning, "rbac.yaml:4: ClusterRole/node-viewer"},
		{"cluster-name-fixed", linter.Warning, "rbac.yaml:13: ClusterRoleBinding/node-viewer"},
	},
	"13-schema-global": {
		{"values-schema-global", linter.Warning, `schema.json:72: the schema forbids the key "global"`},
	},
	"13-schema-global-parent": {
		{"values-schema-global", linter.Error, "charts/demo/values.schema.json:72: the schema of the subchart demo"},
	},
	"04a-tag-number": {{"image-invalid", linter.Error, "the template printed the number 58467965 of image.tag"}},
	"09-hpa-replicas": {
		{"replicas-autoscaled", linter.Warning, "deployment.yaml:8: Deployment/release-name has 2 replicas"},
	},
	"15-pdb-one-replica": {{"disruption-blocked", linter.Warning, "pdb.yaml:7: PodDisruptionBudget/release-name never"}},
	"16-port-name-long":  {{"port-name-invalid", linter.Error, `deployment.yaml:24: container "app"`}},
	"17-env-twice":       {{"duplicate-item", linter.Warning, "deployment.yaml:27: the environment variable LOG_LEVEL"}},
	"18b-netpol-peer-nobody": {
		{"network-policy-peer", linter.Warning, "has app.kubernetes.io/name: demo instead of app.kubernetes.io/name: proxy"},
	},
	"18e-netpol-all-pods-ok": {},
	"25a-probe-port-name": {
		{"probe-port-undeclared", linter.Error, "port http of the readinessProbe"},
	},
	"27-recreate-rollingupdate": {
		{"rollout-strategy-invalid", linter.Error, "deployment.yaml:9: Deployment/release-name has the strategy Recreate"},
	},
	"28-mountpath-twice": {{"duplicate-item", linter.Error, "deployment.yaml:27: the mount path /srv/storage"}},
	"41c-name-absent":    {{"name-missing", linter.Error, "extra.yaml:3: the ConfigMap that this template renders"}},
	"61-service-two-ports-noname": {
		{"port-name-invalid", linter.Error, "service.yaml:11: Service/release-name has 2 ports"},
	},
	"real-pdb": {{"selector-matches-no-pod", linter.Warning, "render PodDisruptionBudget/b under the same condition"}},
	"real-rec": {
		{"helm-lint", linter.Error, "appVersion should be of type string"},
		{"null-value", linter.Warning, "a.yaml:8: NetworkPolicy/np: spec.ingress[0].ports[0].port is null"},
		{"disruption-blocked", linter.Warning, "a.yaml:21: PodDisruptionBudget/pdb never"},
		{"duplicate-item", linter.Error, "a.yaml:39: the port http"},
		{"duplicate-item", linter.Warning, "a.yaml:40: the environment variable X"},
		{"probe-port-undeclared", linter.Error, "a.yaml:41: port htttp of the livenessProbe"},
		{"probe-port-undeclared", linter.Info, "a.yaml:42: port 9999 of the readinessProbe"},
		{"duplicate-item", linter.Error, "a.yaml:43: the mount path /a"},
		{"duplicate-item", linter.Error, "a.yaml:44: the container A_b"},
		{"duplicate-item", linter.Error, "a.yaml:47: the volume v"},
		{"values-schema-global", linter.Warning, "values.schema.json:1: "},
	},
	"real-tp": {{"service-port-undeclared", linter.Info, "targetPort 0, which means the Service's port, 8080"}},
	"07c-section-null": {
		{"render-failure", linter.Error, "values-small.yaml:1 sets pdb to null, but the template reads pdb.enabled"},
	},
	"48-crlf":             {},
	"50b-dnspolicy-map":   {{"manifest-type-wrong", linter.Error, "dnsPolicy must be a string, not a map"}},
	"59-required-with-ci": {{"render-failure", linter.Info, "renders with ci/dsn-values.yaml"}},
	"real-req": {
		{"render-failure", linter.Info, "renders with ci/a-values.yaml"},
		{"values-schema-global", linter.Warning, "global"},
	},
	"real-cyc": {{"values-schema-missing", linter.Warning, "no values.schema.json"}},
	"real-rnd": {
		{"limits-missing", linter.Warning, "t.yaml:9: container \"t\" of Pod/release-name-test-* "},
		{"requests-missing", linter.Warning, "t.yaml:9: container \"t\" of Pod/release-name-test-* "},
		{"values-schema-global", linter.Warning, "schema.json:1: "},
	},
	"real-dep": {
		{"values-undeclared", linter.Info, "a.skip_verify"},
		{"values-schema-global", linter.Warning, "global"},
	},
	"real-trace": {
		{"limits-missing", linter.Warning, "pod.yaml:6: "},
		{"requests-missing", linter.Warning, "pod.yaml:6: "},
	},
}

// apiCases are cases that only the API server's own validation finds, with --api.
var apiCases = map[string][]expectation{
	"49-liveness-success": {
		{"api-refuses", linter.Error, "deployment.yaml:27: the API server refuses Deployment/release-name: spec.template"},
	},
	"62-name-uppercase": {
		{"api-refuses", linter.Error, "cm.yaml:4: the API server refuses ConfigMap/release-name_Config"},
	},
	"67-hpa-min-over-max": {
		{"api-refuses", linter.Error, "hpa.yaml:12: the API server refuses HorizontalPodAutoscaler/release-name: spec.max"},
		{"replicas-autoscaled", linter.Warning, "deployment.yaml:8: "},
	},
}

// expectation is a finding that a case must have. says is a part of "FILE:LINE: MESSAGE FIX".
type expectation struct {
	rule     string
	severity linter.Severity
	says     string
}

// TestCases lints each case as a user does.
func TestCases(t *testing.T) {
	t.Parallel()
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testCase(t, name, want)
		})
	}
	for name, want := range apiCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testCase(t, name, want, "--api")
		})
	}
}

// testCase lints a case, with more flags, and compares what is found.
func testCase(t *testing.T, name string, want []expectation, flags ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	run(append(flags, "--format", "json", filepath.Join("testdata", "cases", name)), &stdout, &stderr)
	if len(flags) == 0 { // with --api it may report that it builds the control plane
		require.Empty(t, stderr.String())
	}
	var result struct {
		Findings []struct {
			Rule, Severity, Message, Fix string
			Position                     linter.Position
		}
	}
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &result))
	var found []string
	for _, f := range result.Findings {
		at := f.Position
		at.Column = 0
		found = append(found, f.Rule+" "+f.Severity+" "+at.String()+": "+f.Message+" "+f.Fix)
	}
	for _, w := range want {
		i := indexOf(found, w)
		if assert.GreaterOrEqual(t, i, 0, "no finding %s %s %q among %q", w.rule, w.severity, w.says, found) {
			found = append(found[:i], found[i+1:]...)
		}
	}
	assert.Empty(t, found, "unexpected findings")
}

// TestUpgradeCases lints the upgrade of cases from an earlier version.
func TestUpgradeCases(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short skips what the API server makes of a chart")
	}
	headless := expectation{"governing-service-unfit", linter.Info, "statefulset.yaml:8: "}
	for name, test := range map[string]struct {
		chart, base string
		want        []expectation
	}{
		"new keys": {"07-reuse-values/new", "../old", []expectation{
			{
				"upgrade-values-refused", linter.Error,
				"pdb.yaml:1: the upgrade from 0.1.0 with --reuse-values fails: no values set pdb",
			},
			{"upgrade-values-changed", linter.Info, "values.yaml:14: the upgrade from 0.1.0 changes the values: pdb is new"},
		}},
		"the next version": {"02-vct-version-label", ".", []expectation{headless, {
			"upgrade-refused", linter.Error, "statefulset.yaml:33: the API server refuses the upgrade of StatefulSet/" +
				"release-name to the version after 0.1.0: spec.volumeClaimTemplates[0].metadata.labels",
		}}},
		"an earlier version": {"02-vct-version-label", earlier(t, "02-vct-version-label"), []expectation{headless, {
			"upgrade-refused", linter.Error, `statefulset.yaml:33: the API server refuses the upgrade of StatefulSet/` +
				`release-name from 0.0.9: spec.volumeClaimTemplates[0].metadata.labels[app.kubernetes.io/version] changes ` +
				`from "1.4.1" to "1.4.2" (and spec.volumeClaimTemplates[0].metadata.labels[helm.sh/chart])`,
		}}},
		"an earlier image": {"11-job-immutable", earlier(t, "11-job-immutable"), []expectation{{
			"upgrade-refused", linter.Error, `job.yaml:12: the API server refuses the upgrade of Job/release-name-schema ` +
				`from 0.0.9: spec.template.spec.containers[0].image changes from "ghcr.io/example/demo:1.4.1"`,
		}}},
		"nothing is wrong": {"00-base", earlier(t, "00-base"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testCase(t, test.chart, test.want, "--upgrade-from", test.base)
		})
	}
}

// earlier writes a case as an earlier version, with an earlier image, and returns its folder.
func earlier(t *testing.T, name string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "chart")
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join("testdata", "cases", name))))
	for _, file := range []string{"Chart.yaml", "values.yaml"} {
		content, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		text := strings.NewReplacer("1.4.2", "1.4.1", "version: 0.1.0", "version: 0.0.9").Replace(string(content))
		require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600))
	}
	return folder
}

func indexOf(found []string, want expectation) int {
	prefix := want.rule + " " + want.severity.String() + " "
	return slices.IndexFunc(found, func(f string) bool {
		return strings.HasPrefix(f, prefix) && strings.Contains(f, want.says)
	})
}
