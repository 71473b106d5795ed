package kubeschema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/chart/charttest"
	"github.com/traderadmin/charts/lint/kubeschema"
)

var minor = regexp.MustCompile(`^v\d+\.\d+`)

const newest = "1.37"

// render renders a chart with one template and the given custom resource definitions.
func render(t testing.TB, manifest string, crds ...string) (*chart.Chart, *chart.Rendered) {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "Chart.yaml"), "{apiVersion: v2, name: test, version: 0.1.0}")
	write(t, filepath.Join(folder, "templates", "all.yaml"), manifest)
	for i, crd := range crds {
		write(t, filepath.Join(folder, "crds", fmt.Sprintf("%d.yaml", i)), crd)
	}
	c, err := chart.Load(folder)
	require.NoError(t, err)
	rendered := c.Render(chart.Variant{})
	require.Empty(t, rendered.RenderFailures)
	require.Empty(t, rendered.ManifestFailures)
	return c, rendered
}

func write(t testing.TB, file, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
}

func at(t testing.TB, kubeVersion string) kubeschema.Version {
	t.Helper()
	version, err := kubeschema.ParseVersion(kubeVersion)
	require.NoError(t, err)
	return version
}

// problems returns the problems of the rendered objects, one per line.
func problems(t testing.TB, kubeVersion, manifest string, crds ...string) []string {
	t.Helper()
	c, rendered := render(t, manifest, crds...)
	found := []string{}
	for _, o := range rendered.Objects {
		for _, p := range at(t, kubeVersion).Check(o, kubeschema.CRDsOf(c, rendered)) {
			line := p.Path + " " + p.Message
			if p.Suggestion != "" {
				line += "; did you mean " + p.Suggestion + "?"
			}
			found = append(found, line)
		}
	}
	return found
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const (
		whole      = "%s"
		configMap  = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: %s}}"
		metadata   = "{apiVersion: v1, kind: ConfigMap, metadata: %s}"
		secret     = "{apiVersion: v1, kind: Secret, data: {a: %s}}"
		claim      = "{apiVersion: v1, kind: PersistentVolumeClaim, spec: {resources: {requests: {storage: %s}}}}"
		ports      = "{apiVersion: v1, kind: Service, spec: {ports: %s}}"
		deployment = "{apiVersion: apps/v1, kind: Deployment, spec: {selector: {}, " +
			"template: {spec: {containers: [{name: a}]}}, %s}}"
		container = "{apiVersion: apps/v1, kind: Deployment, spec: {selector: {}, " +
			"template: {spec: {containers: [{name: a, %s}]}}}}"

		a = "spec.template.spec.containers[0]." // the path of a field of the container

		notDeployment = " is not a field of apps/v1 Deployment"
		missingPort   = "spec.ports[1].port is missing, but v1 Service requires it"
	)
	for name, test := range map[string]struct{ template, value, want string }{
		"string":            {configMap, "b", ""},
		"quoted number":     {configMap, `"1"`, ""},
		"date":              {configMap, "2024-01-02", ""},
		"number as string":  {configMap, "1.20", "data.a must be a string, not the number 1.20"},
		"integer as string": {configMap, "1", "data.a must be a string, not the integer 1"},
		"boolean as string": {configMap, "true", "data.a must be a string, not the boolean true"},
		"yes as string":     {configMap, "yes", "data.a must be a string, not the boolean yes"},
		"map as string":     {configMap, "{b: c}", "data.a must be a string, not a map"},
		"null":              {configMap, "null", "data.a is null instead of a string"},
		"null item":         {container, "args: [null]", a + "args[0] is null instead of a string"},
		"null map":          {metadata, "{labels: null}", ""},
		"null port": {
			ports, "[{port: 80, targetPort: null}]", "spec.ports[0].targetPort is null instead of an integer or string",
		},
		"key with a dot": {
			"{apiVersion: v1, kind: ConfigMap, data: %s}", "{a.b/c: 1}", `data["a.b/c"] must be a string, not the integer 1`,
		},

		"typo":             {deployment, "replica: 1", "spec.replica" + notDeployment + "; did you mean spec.replicas?"},
		"no similar field": {container, "a: b", a + "a" + notDeployment},
		"upper case":       {container, "TTY: true", a + "TTY" + notDeployment + "; did you mean " + a + "tty?"},
		"too little indent": {
			deployment, "nodeSelector: {}",
			"spec.nodeSelector" + notDeployment + "; did you mean spec.template.spec.nodeSelector?",
		},
		"too much indent": {
			container, "lifecycle: {tty: true}",
			a + "lifecycle.tty" + notDeployment + "; did you mean " + a + "tty?",
		},
		"unknown kind": {whole, "{apiVersion: example.com/v1, kind: Odd, odd: 1}", ""},
		"status":       {whole, "{apiVersion: v1, kind: Service, status: {odd: 1}}", ""},
		"field of any type": {
			whole, "{apiVersion: apps/v1, kind: ControllerRevision, revision: 1, data: {a: [1, {b: c}]}}",
			"",
		},
		"definition": {
			whole, crd("schema: {openAPIV3Schema: {typ: object}}"),
			"spec.versions[0].schema.openAPIV3Schema.typ is not a field of apiextensions.k8s.io/v1 CustomResourceDefinition; " +
				"did you mean spec.versions[0].schema.openAPIV3Schema.type?",
		},
		"merged into a list": {
			ports, "[&p {port: 80}, {<<: [*p, {nam: b}]}]",
			"spec.ports[1].nam is not a field of v1 Service; did you mean spec.ports[1].name?",
		},

		"string as integer": {deployment, `replicas: "3"`, `spec.replicas must be an integer, not the string "3"`},
		"fraction":          {deployment, "replicas: 1.5", "spec.replicas must be an integer, not the number 1.5"},
		"exponent":          {deployment, "replicas: 1e1", ""},
		"octal":             {deployment, "replicas: 0644", ""},
		"too large": {
			deployment, "replicas: 3000000000",
			"spec.replicas must fit in 32 bits, unlike the integer 3000000000",
		},
		"string as boolean": {deployment, `paused: "true"`, `spec.paused must be a boolean, not the string "true"`},
		"yes":               {deployment, "paused: yes", ""},
		"outside the enum": {
			container, "imagePullPolicy: always",
			a + `imagePullPolicy must be one of Always, IfNotPresent, Never, not "always"`,
		},
		"empty enum":  {container, `imagePullPolicy: ""`, ""},
		"map as list": {container, "env: {a: b}", a + "env must be a list, not a map"},
		"list as map": {container, "resources: []", a + "resources must be a map, not a list"},
		"port name":   {container, "livenessProbe: {tcpSocket: {port: http}}", ""},
		"port number": {container, "livenessProbe: {tcpSocket: {port: 80.0}}", ""},
		"boolean as port": {
			container, "livenessProbe: {tcpSocket: {port: true}}",
			a + "livenessProbe.tcpSocket.port must be an integer or string, not the boolean true",
		},

		"missing field":   {ports, "[{port: 80}, {name: http}]", missingPort},
		"null is missing": {ports, "[{port: 80}, {port: null}]", missingPort},

		"base64":              {secret, "YWJj", ""},
		"base64 on two lines": {secret, `"YW\nJj"`, ""},
		"not base64":          {secret, "p@ss", `data.a must be base64, not the string "p@ss"`},
		"quantity":            {claim, "10Gi", ""},
		"number as quantity":  {claim, "10", ""},
		"not a quantity": {
			claim, "10GB",
			`spec.resources.requests.storage must be a quantity such as 500m or 1Gi, not the string "10GB"`,
		},
		"time": {metadata, "{creationTimestamp: 2024-01-02T03:04:05Z}", ""},
		"not a time": {
			metadata, "{creationTimestamp: today}",
			`metadata.creationTimestamp must be a time such as 2006-01-02T15:04:05Z, not the string "today"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := []string{}
			if test.want != "" {
				want = append(want, test.want)
			}
			assert.Equal(t, want, problems(t, newest, fmt.Sprintf(test.template, test.value)))
		})
	}
}

func TestCheckMergedMap(t *testing.T) {
	t.Parallel()
	const manifest = `
apiVersion: v1
kind: ConfigMap
metadata:
  labels: &labels {a: 1, b: 2}
  annotations:
    <<: *labels
    b: x
`
	assert.ElementsMatch(t, []string{
		"metadata.labels.a must be a string, not the integer 1",
		"metadata.labels.b must be a string, not the integer 2",
		"metadata.annotations.a must be a string, not the integer 1",
	}, problems(t, newest, manifest))
}

func TestCheckByVersion(t *testing.T) {
	t.Parallel()
	const future = "{apiVersion: apps/v1, kind: DaemonSet, spec: {selector: {}, " +
		"template: {spec: {containers: [{name: a}], schedulingGroup: {}}}}}"
	before := []string{"spec.template.spec.schedulingGroup is not a field of apps/v1 DaemonSet before Kubernetes 1.36"}
	assert.Equal(t, before, problems(t, "v1.34.0", future))
	assert.Equal(t, before, problems(t, "1.35", future))
	assert.Empty(t, problems(t, "1.36", future))
	assert.Equal(t, before, problems(t, "1.20", future), "an older version is checked as the oldest known one")
	assert.Empty(t, problems(t, "1.99", future), "a newer version is checked as the newest known one")
	const past = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}], workloadRef: {name: a, podGroup: b}}}"
	before = []string{"spec.workloadRef is not a field of v1 Pod before Kubernetes 1.35"}
	assert.Equal(t, before, problems(t, "1.34", past))
	assert.Empty(t, problems(t, "1.35", past))
	since := []string{"spec.workloadRef is not a field of v1 Pod since Kubernetes 1.36"}
	assert.Equal(t, since, problems(t, "1.37", past))
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"1.37", "v1.37.2", "1.37.2-gke.100", "v1.37.2+k3s1", "v2.0.0"} {
		_, err := kubeschema.ParseVersion(good)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"", "1", "1.", "v", "one.two", "1.37.2\n", "99999999999999999999.1"} {
		_, err := kubeschema.ParseVersion(bad)
		require.ErrorContains(t, err, "is not a Kubernetes version such as 1.37 or v1.37.2", bad)
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	removed := func(in, replacement string) kubeschema.API {
		return kubeschema.API{Status: kubeschema.Removed, Removed: in, Replacement: replacement}
	}
	deprecated := func(in, removed, replacement string) kubeschema.API {
		return kubeschema.API{Deprecated: in, Removed: removed, Replacement: replacement}
	}
	for _, test := range []struct {
		kubeVersion, api string
		want             kubeschema.API
	}{
		{"1.37", "apps/v1 Deployment", kubeschema.API{}},
		{"1.37", "v1 ConfigMapList", kubeschema.API{}},
		{"1.15", "apps/v1 Deployment", kubeschema.API{}},
		{"1.37", "extensions/v1beta1 Ingress", removed("1.22", "networking.k8s.io/v1 Ingress")},
		{"1.22", "extensions/v1beta1 Ingress", removed("1.22", "networking.k8s.io/v1 Ingress")},
		{"1.21", "extensions/v1beta1 Ingress", deprecated("1.14", "1.22", "networking.k8s.io/v1 Ingress")},
		{"1.13", "extensions/v1beta1 Ingress", kubeschema.API{}},
		{"1.37", "policy/v1beta1 PodSecurityPolicy", removed("1.25", "")},
		{"1.37", "batch/v1beta1 CronJob", removed("1.25", "batch/v1 CronJob")},
		{"1.37", "autoscaling/v2beta2 HorizontalPodAutoscaler", removed("1.26", "autoscaling/v2 HorizontalPodAutoscaler")},
		{
			"1.37", "apiextensions.k8s.io/v1beta1 CustomResourceDefinition",
			removed("1.22", "apiextensions.k8s.io/v1 CustomResourceDefinition"),
		},
		{
			"1.37", "flowcontrol.apiserver.k8s.io/v1alpha1 FlowSchema",
			removed("1.21", "flowcontrol.apiserver.k8s.io/v1 FlowSchema"),
		},
		{"1.37", "events.k8s.io/v1beta1 Event", removed("1.25", "events.k8s.io/v1 Event")},
		{
			"1.36", "storage.k8s.io/v1beta1 VolumeAttributesClass",
			deprecated("1.34", "1.37", "storage.k8s.io/v1 VolumeAttributesClass"),
		},
		{"1.37", "storage.k8s.io/v1beta1 VolumeAttributesClass", removed("1.37", "storage.k8s.io/v1 VolumeAttributesClass")},
		{"1.37", "apps/v1 Deploymnt", kubeschema.API{Status: kubeschema.Unknown, Suggestion: "apps/v1 Deployment"}},
		{"1.37", "apps/v2 Deployment", kubeschema.API{Status: kubeschema.Unknown, Suggestion: "apps/v1 Deployment"}},
		{"1.37", "v1 Deployment", kubeschema.API{Status: kubeschema.Unknown, Suggestion: "apps/v1 Deployment"}},
		{"1.20", "batch/v2alpha1 CronJob", kubeschema.API{Status: kubeschema.Foreign}},
		{"1.39", "batch/v7 CronJob", kubeschema.API{Status: kubeschema.Foreign}},
		{
			"1.39", "storagemigration.k8s.io/v1beta1 StorageVersionMigration",
			deprecated("1.37", "1.40", "storagemigration.k8s.io/v1 StorageVersionMigration"),
		},
		{
			"1.40", "storagemigration.k8s.io/v1beta1 StorageVersionMigration",
			removed("1.40", "storagemigration.k8s.io/v1 StorageVersionMigration"),
		},
		{"1.37", "lifecycle.k8s.io/v1alpha1 EvictionRequest", kubeschema.API{}},
		{"1.37", "example.com/v1 Deployment", kubeschema.API{Status: kubeschema.Foreign}},
		{"1.36", "certificates.k8s.io/v1 ClusterTrustBundle", kubeschema.API{Status: kubeschema.NotYet, Since: "1.37"}},
	} {
		apiVersion, kind, _ := strings.Cut(test.api, " ")
		assert.Equal(t, test.want, at(t, test.kubeVersion).API(apiVersion, kind), "%s on %s", test.api, test.kubeVersion)
	}
}

// The store has the last four minor versions, up to that of the modules in go.mod. Run `make generate` if this fails.
func TestVersions(t *testing.T) {
	t.Parallel()
	versions := kubeschema.Versions()
	require.Len(t, versions, 4)
	assert.Equal(t, chart.DefaultKubeVersion, versions[3])
	for i, version := range chart.KubeVersions() {
		assert.Equal(t, minor.FindString(version), minor.FindString(versions[i]))
		assert.Contains(t, kubeschema.Modules(), "k8s.io/kubernetes@"+versions[i])
	}
}

// crd returns a definition of example.com/v1 Widget with a schema.
func crd(schema string) string {
	return "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, " +
		"metadata: {name: widgets.example.com}, spec: {group: example.com, scope: Namespaced, " +
		"names: {kind: Widget, listKind: WidgetList, plural: widgets}, " +
		"versions: [{name: v1, served: true, storage: true, " + schema + "}]}}"
}

func TestCRDs(t *testing.T) {
	t.Parallel()
	definition := crd(`schema: {openAPIV3Schema: {type: object, required: [spec], properties: {
  spec: {type: object, required: [size, mode], properties: {
    size: {type: integer}, ratio: {type: number}, on: {type: boolean}, name: {type: string},
    mode: {type: string, enum: [fast, slow], default: fast},
    port: {x-kubernetes-int-or-string: true},
    free: {type: object, x-kubernetes-preserve-unknown-fields: true},
    half: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}},
    labels: {type: object, additionalProperties: {type: string}},
    anything: {type: object, additionalProperties: true},
    parts: {type: array, items: {type: object, required: [id], properties: {id: {type: string}}}},
    pod: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}}}}}}`)
	const good = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}, spec: {
  size: 1, ratio: 1, on: true, name: a, mode: slow, port: 80, free: {a: {b: 1}}, half: {a: b, c: 1},
  labels: {a: b}, anything: {a: 1}, parts: [{id: a}],
  pod: {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}}}`
	const bad = `{apiVersion: example.com/v1, kind: Widget, metadata: {nam: a}, spec: {
  ratio: x, on: "yes", name: 1, mode: fats, sise: 1, port: 1.5,
  half: {a: 1}, labels: {a: 1}, parts: [{}], pod: {spec: [], x: 1}}}`
	want := []string{
		"metadata.nam is not a field of example.com/v1 Widget; did you mean metadata.name?",
		`spec.ratio must be a number, not the string "x"`,
		`spec.on must be a boolean, not the string "yes"`,
		"spec.name must be a string, not the integer 1",
		`spec.mode must be one of fast, slow, not "fats"`,
		"spec.sise is not a field of example.com/v1 Widget; did you mean spec.size?",
		"spec.port must be an integer, not the number 1.5",
		"spec.half.a must be a string, not the integer 1",
		"spec.labels.a must be a string, not the integer 1",
		"spec.parts[0].id is missing, but example.com/v1 Widget requires it",
		"spec.pod.spec must be a map, not a list",
		"spec.pod.x is not a field of example.com/v1 Widget",
		"spec.size is missing, but example.com/v1 Widget requires it",
	}
	assert.Empty(t, problems(t, newest, good, definition))
	assert.Equal(t, want, problems(t, newest, bad, definition), "in crds/")
	assert.Equal(t, want, problems(t, newest, definition+"\n---\n"+bad), "in the templates")
	assert.Equal(t, want, problems(t, newest, bad, "# comment\n---\n- 1\n---\n"+definition), "among other documents")
	assert.Empty(t, problems(t, newest, bad, "{{ not: yaml"), "an unreadable definition is ignored")

	folder := t.TempDir()
	write(t, filepath.Join(folder, "some", "widgets.yml"), definition)
	write(t, filepath.Join(folder, "README.md"), "}")
	given, err := kubeschema.LoadCRDs(folder)
	require.NoError(t, err)
	c, rendered := render(t, bad)
	assert.Len(t, at(t, newest).Check(rendered.Objects[0], kubeschema.CRDsOf(c, rendered, nil, given)), len(want))
	assert.True(t, given.Defines("example.com/v1", "Widget"))
	assert.True(t, given.Defines("example.com/v1", "WidgetList"))
	assert.False(t, given.Defines("example.com/v2", "Widget"))

	write(t, filepath.Join(folder, "wrong.json"), "{")
	_, err = kubeschema.LoadCRDs(folder)
	require.ErrorContains(t, err, "wrong.json: ")
	_, err = kubeschema.LoadCRDs(filepath.Join(folder, "none"))
	require.ErrorContains(t, err, "load the custom resource definitions in ")
}

// A definition of apiextensions.k8s.io/v1beta1 has one version, and its schema beside it.
func TestV1beta1CRD(t *testing.T) {
	t.Parallel()
	const definition = "{apiVersion: apiextensions.k8s.io/v1beta1, kind: CustomResourceDefinition, spec: {" +
		"group: example.com, version: v1, names: {kind: Widget}, " +
		"validation: {openAPIV3Schema: {properties: {spec: {type: string}}}}}}"
	assert.Equal(t, []string{"spec must be a string, not the integer 1"},
		problems(t, newest, "{apiVersion: example.com/v1, kind: Widget, spec: 1}", definition))
}

// Multiplying aliases and deep nesting are checked up to a limit.
func TestLimits(t *testing.T) {
	t.Parallel()
	explosion := "apiVersion: v1\nkind: ConfigMap\nx0: &x0 {<<: {}}\n"
	const levels = 4
	for i := range levels {
		explosion += fmt.Sprintf("x%d: &x%d {<<: [*x%d, *x%d], a: [*x%d, *x%d]}\n", i+1, i+1, i, i, i, i)
	}
	const metadata = "metadata: {annotations: *x%d, labels: {<<: *x%[1]d}, managedFields: [*x%[1]d, *x%[1]d]}\n"
	explosion += fmt.Sprintf(metadata, levels)
	nested := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n" +
		"spec: {versions: [{schema: {openAPIV3Schema: " +
		strings.Repeat("{not: ", 2000) + "{}" + strings.Repeat("}", 2000) + "}}]}\n"
	for _, manifest := range []string{explosion, nested} {
		assert.LessOrEqual(t, len(problems(t, newest, manifest)), 100)
	}
}

// The charts that users start from have no problems in any version.
func TestStarterChart(t *testing.T) {
	t.Parallel()
	folder, err := charttest.Create("starter", t.TempDir())
	require.NoError(t, err)
	everything := "autoscaling: {enabled: true}\ningress: {enabled: true}\nhttpRoute: {enabled: true}\n" +
		"tolerations: [{key: a, operator: Exists}]\n" +
		"volumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: /a}]\n"
	for _, path := range []string{folder, "../../charts/traderadmin"} {
		c, err := chart.Load(path)
		require.NoError(t, err)
		values := filepath.Join(t.TempDir(), "everything.yaml")
		write(t, values, everything)
		set, err := chart.ReadValuesSet("everything", []string{values}, nil, chart.Position{})
		require.NoError(t, err)
		for _, variant := range []chart.Variant{{}, chart.Variant{}.WithValues(set)} {
			rendered := c.Render(variant)
			require.NotEmpty(t, rendered.Objects)
			for _, version := range kubeschema.Versions() {
				for _, o := range rendered.Objects {
					assert.Empty(t, at(t, version).Check(o, nil), "%s on %s", o, version)
				}
			}
		}
	}
}

// No YAML makes the check panic or hang.
func FuzzCheck(f *testing.F) {
	f.Add("v1", "Service", "spec: {ports: [{port: x}], selector: {a: 1}}")
	f.Add("apps/v1", "Deployment", "spec: &a {template: {spec: *a}, <<: *a, replica: 1e400}")
	f.Add("apiextensions.k8s.io/v1", "CustomResourceDefinition",
		"spec: {group: g, names: {kind: K}, versions: [{name: v1, schema: {openAPIV3Schema: {type: array, items: {}}}}]}")
	f.Add("g/v1", "K", "spec: !!binary x")
	f.Fuzz(func(t *testing.T, apiVersion, kind, body string) {
		manifest := fmt.Sprintf("apiVersion: %q\nkind: %q\n%s\n", apiVersion, kind, strings.ReplaceAll(body, "{{", ""))
		folder := t.TempDir()
		write(t, filepath.Join(folder, "Chart.yaml"), "{apiVersion: v2, name: test, version: 0.1.0}")
		write(t, filepath.Join(folder, "crds", "all.yaml"), manifest)
		write(t, filepath.Join(folder, "templates", "all.yaml"), manifest)
		c, err := chart.Load(folder)
		if err != nil {
			return
		}
		rendered := c.Render(chart.Variant{})
		for _, version := range []string{"1.0", "1.35", newest} {
			at(t, version).API(apiVersion, kind)
			for _, o := range rendered.Objects {
				for _, p := range at(t, version).Check(o, kubeschema.CRDsOf(c, rendered)) {
					assert.NotEmpty(t, p.Path)
				}
			}
		}
	})
}

// BenchmarkCheck checks all objects of the chart in one version.
func BenchmarkCheck(b *testing.B) {
	c, err := chart.Load("../../charts/traderadmin")
	require.NoError(b, err)
	rendered := c.Render(chart.Variant{})
	version := at(b, newest)
	b.ReportMetric(float64(len(rendered.Objects)), "objects")
	for b.Loop() {
		crds := kubeschema.CRDsOf(c, rendered)
		for _, o := range rendered.Objects {
			if len(version.Check(o, crds)) > 0 {
				b.Fatal("the chart is not clean")
			}
		}
	}
}
