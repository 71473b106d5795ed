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

// render renders a chart of one template, and of the custom resource definitions given.
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

// problems are what is wrong with the rendered objects, a line each.
func problems(t testing.TB, kubeVersion, manifest string, crds ...string) []string {
	t.Helper()
	c, rendered := render(t, manifest, crds...)
	found := []string{}
	for _, o := range rendered.Objects {
		for _, p := range at(t, kubeVersion).Check(o, kubeschema.CRDsOf(c, rendered)) {
			line := p.Path + " " + p.Message
			if p.Meant != "" {
				line += "; did you mean " + p.Meant + "?"
			}
			found = append(found, line)
		}
	}
	return found
}

func TestCheck(t *testing.T) {
	t.Parallel()
	const configMap = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {a: %s}}"
	const deployment = "{apiVersion: apps/v1, kind: Deployment, spec: {selector: {}, template: {spec: {containers: [{name: a, %s}]}}, %s}}"
	const secret = "{apiVersion: v1, kind: Secret, data: {a: %s}}"
	const claim = "{apiVersion: v1, kind: PersistentVolumeClaim, spec: {resources: {requests: {storage: %s}}}}"
	for name, test := range map[string]struct {
		manifest string
		want     []string
	}{
		"string":              {fmt.Sprintf(configMap, "b"), nil},
		"quoted":              {fmt.Sprintf(configMap, `"1"`), nil},
		"date":                {fmt.Sprintf(configMap, `2024-01-02`), nil},
		"number for string":   {fmt.Sprintf(configMap, "1.20"), []string{"data.a must be a string, not the number 1.20"}},
		"integer for string":  {fmt.Sprintf(configMap, "1"), []string{"data.a must be a string, not the integer 1"}},
		"boolean for string":  {fmt.Sprintf(configMap, "true"), []string{"data.a must be a string, not the boolean true"}},
		"old boolean":         {fmt.Sprintf(configMap, "yes"), []string{"data.a must be a string, not the boolean yes"}},
		"map for string":      {fmt.Sprintf(configMap, "{b: c}"), []string{"data.a must be a string, not a map"}},
		"null is none":        {fmt.Sprintf(configMap, "null"), nil},
		"key with a dot":      {"{apiVersion: v1, kind: ConfigMap, data: {a.b/c: 1}}", []string{`data["a.b/c"] must be a string, not the integer 1`}},
		"spelling":            {fmt.Sprintf(deployment, "a: b", "replica: 1"), []string{"spec.replica is no field of apps/v1 Deployment; did you mean spec.replicas?", "spec.template.spec.containers[0].a is no field of apps/v1 Deployment"}},
		"upper case":          {fmt.Sprintf(deployment, "ImagePullPolicy: Always", ""), []string{"spec.template.spec.containers[0].ImagePullPolicy is no field of apps/v1 Deployment; did you mean spec.template.spec.containers[0].imagePullPolicy?"}},
		"too little indent":   {fmt.Sprintf(deployment, "", "nodeSelector: {}"), []string{"spec.nodeSelector is no field of apps/v1 Deployment; did you mean spec.template.spec.nodeSelector?"}},
		"too much indent":     {fmt.Sprintf(deployment, "livenessProbe: {httpGet: {port: 80, periodSeconds: 3}}", ""), []string{"spec.template.spec.containers[0].livenessProbe.httpGet.periodSeconds is no field of apps/v1 Deployment; did you mean spec.template.spec.containers[0].livenessProbe.periodSeconds?"}},
		"string for integer":  {fmt.Sprintf(deployment, "", `replicas: "3"`), []string{`spec.replicas must be an integer, not the string "3"`}},
		"fraction":            {fmt.Sprintf(deployment, "", `replicas: 1.5`), []string{`spec.replicas must be an integer, not the number 1.5`}},
		"whole fraction":      {fmt.Sprintf(deployment, "", `replicas: 1e1`), nil},
		"octal":               {"{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}], volumes: [{name: a, secret: {defaultMode: 0644}}]}}", nil},
		"too large":           {fmt.Sprintf(deployment, "", `replicas: 3000000000`), []string{`spec.replicas must fit 32 bits, which the integer 3000000000 does not`}},
		"string for boolean":  {fmt.Sprintf(deployment, "", `paused: "true"`), []string{`spec.paused must be a boolean, not the string "true"`}},
		"old boolean is one":  {fmt.Sprintf(deployment, "", `paused: yes`), nil},
		"none of the values":  {fmt.Sprintf(deployment, "imagePullPolicy: always", ""), []string{`spec.template.spec.containers[0].imagePullPolicy must be one of Always, IfNotPresent, Never, not "always"`}},
		"empty is no value":   {fmt.Sprintf(deployment, `imagePullPolicy: ""`, ""), nil},
		"map for list":        {fmt.Sprintf(deployment, "env: {a: b}", ""), []string{"spec.template.spec.containers[0].env must be a list, not a map"}},
		"list for map":        {fmt.Sprintf(deployment, "resources: []", ""), []string{"spec.template.spec.containers[0].resources must be a map, not a list"}},
		"int or string":       {fmt.Sprintf(deployment, "livenessProbe: {tcpSocket: {port: http}}, readinessProbe: {tcpSocket: {port: 80.0}}, startupProbe: {tcpSocket: {port: true}}", ""), []string{"spec.template.spec.containers[0].startupProbe.tcpSocket.port must be an integer or string, not the boolean true"}},
		"item missing":        {"{apiVersion: v1, kind: Service, spec: {ports: [{port: 80}, {name: http}]}}", []string{"spec.ports[1].port is missing, which v1 Service requires"}},
		"null is missing":     {"{apiVersion: v1, kind: Service, spec: {ports: [{port: null}]}}", []string{"spec.ports[0].port is missing, which v1 Service requires"}},
		"base64":              {fmt.Sprintf(secret, "YWJj"), nil},
		"base64 on two lines": {"apiVersion: v1\nkind: Secret\ndata:\n  a: |\n    YW\n    Jj\n", nil},
		"not base64":          {fmt.Sprintf(secret, "p@ss"), []string{`data.a must be base64, which the string "p@ss" is not`}},
		"quantity":            {fmt.Sprintf(claim, "10Gi"), nil},
		"number for quantity": {fmt.Sprintf(claim, "10"), nil},
		"not a quantity":      {fmt.Sprintf(claim, "10GB"), []string{`spec.resources.requests.storage must be a quantity such as 500m or 1Gi, which the string "10GB" is not`}},
		"time":                {"{apiVersion: v1, kind: ConfigMap, metadata: {creationTimestamp: 2024-01-02T03:04:05Z}}", nil},
		"not a time":          {"{apiVersion: v1, kind: ConfigMap, metadata: {creationTimestamp: today}}", []string{`metadata.creationTimestamp must be a time such as 2006-01-02T15:04:05Z, which the string "today" is not`}},
		"status":              {"{apiVersion: v1, kind: Service, status: {odd: 1}}", nil},
		"unknown kind":        {"{apiVersion: example.com/v1, kind: Odd, odd: 1}", nil},
		"merged":              {"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels: &l {a: 1, b: 2}\n  annotations:\n    <<: *l\n    b: x\n", []string{"metadata.labels.a must be a string, not the integer 1", "metadata.labels.b must be a string, not the integer 2", "metadata.annotations.a must be a string, not the integer 1"}},
		"merged list":         {"apiVersion: v1\nkind: Service\nspec:\n  ports:\n    - &a {port: 80}\n    - <<: [*a, {nam: b}]\n", []string{"spec.ports[1].nam is no field of v1 Service; did you mean spec.ports[1].name?"}},
		"any":                 {"{apiVersion: apps/v1, kind: ControllerRevision, revision: 1, data: {a: [1, {b: c}]}}", nil},
		"definition":          {crd("schema: {openAPIV3Schema: {type: object, properties: {a: {typ: string}}}}"), []string{"spec.versions[0].schema.openAPIV3Schema.properties.a.typ is no field of apiextensions.k8s.io/v1 CustomResourceDefinition; did you mean spec.versions[0].schema.openAPIV3Schema.properties.a.type?"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.ElementsMatch(t, test.want, problems(t, newest, test.manifest))
		})
	}
}

func TestCheckByVersion(t *testing.T) {
	t.Parallel()
	const future = "{apiVersion: apps/v1, kind: DaemonSet, spec: {selector: {}, template: {spec: {containers: [{name: a}], schedulingGroup: {}}}}}"
	before := []string{"spec.template.spec.schedulingGroup is no field of apps/v1 DaemonSet before Kubernetes 1.36"}
	assert.Equal(t, before, problems(t, "v1.34.0", future))
	assert.Equal(t, before, problems(t, "1.35", future))
	assert.Empty(t, problems(t, "1.36", future))
	assert.Equal(t, before, problems(t, "1.20", future), "an older version is judged by the oldest known")
	assert.Empty(t, problems(t, "1.99", future), "a newer version is judged by the newest known")
	const past = "{apiVersion: v1, kind: Pod, spec: {containers: [{name: a}], workloadRef: {name: a, podGroup: b}}}"
	assert.Equal(t, []string{"spec.workloadRef is no field of v1 Pod before Kubernetes 1.35"}, problems(t, "1.34", past))
	assert.Empty(t, problems(t, "1.35", past))
	assert.Equal(t, []string{"spec.workloadRef is no field of v1 Pod any more since Kubernetes 1.36"}, problems(t, "1.37", past))
}

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"1.37", "v1.37.2", "1.37.2-gke.100", "v1.37.2+k3s1", "v2.0.0"} {
		_, err := kubeschema.ParseVersion(good)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"", "1", "1.", "v", "one.two", "1.37.2\n", "99999999999999999999.1"} {
		_, err := kubeschema.ParseVersion(bad)
		require.ErrorContains(t, err, "is no Kubernetes version: want one such as 1.37 or v1.37.2", bad)
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kubeVersion, api string
		want             kubeschema.API
	}{
		{"1.37", "apps/v1 Deployment", kubeschema.API{}},
		{"1.37", "v1 ConfigMapList", kubeschema.API{}},
		{"1.15", "apps/v1 Deployment", kubeschema.API{}},
		{"1.37", "extensions/v1beta1 Ingress", kubeschema.API{Status: kubeschema.Gone, Removed: "1.22", Replacement: "networking.k8s.io/v1 Ingress"}},
		{"1.22", "extensions/v1beta1 Ingress", kubeschema.API{Status: kubeschema.Gone, Removed: "1.22", Replacement: "networking.k8s.io/v1 Ingress"}},
		{"1.21", "extensions/v1beta1 Ingress", kubeschema.API{Deprecated: "1.14", Removed: "1.22", Replacement: "networking.k8s.io/v1 Ingress"}},
		{"1.13", "extensions/v1beta1 Ingress", kubeschema.API{}},
		{"1.37", "policy/v1beta1 PodSecurityPolicy", kubeschema.API{Status: kubeschema.Gone, Removed: "1.25"}},
		{"1.37", "batch/v1beta1 CronJob", kubeschema.API{Status: kubeschema.Gone, Removed: "1.25", Replacement: "batch/v1 CronJob"}},
		{"1.37", "autoscaling/v2beta2 HorizontalPodAutoscaler", kubeschema.API{Status: kubeschema.Gone, Removed: "1.26", Replacement: "autoscaling/v2 HorizontalPodAutoscaler"}},
		{"1.37", "apiextensions.k8s.io/v1beta1 CustomResourceDefinition", kubeschema.API{Status: kubeschema.Gone, Removed: "1.22", Replacement: "apiextensions.k8s.io/v1 CustomResourceDefinition"}},
		{"1.37", "flowcontrol.apiserver.k8s.io/v1alpha1 FlowSchema", kubeschema.API{Status: kubeschema.Gone, Removed: "1.21", Replacement: "flowcontrol.apiserver.k8s.io/v1 FlowSchema"}},
		{"1.37", "events.k8s.io/v1beta1 Event", kubeschema.API{Status: kubeschema.Gone, Removed: "1.25", Replacement: "events.k8s.io/v1 Event"}},
		{"1.36", "storage.k8s.io/v1beta1 VolumeAttributesClass", kubeschema.API{Deprecated: "1.34", Removed: "1.37", Replacement: "storage.k8s.io/v1 VolumeAttributesClass"}},
		{"1.37", "storage.k8s.io/v1beta1 VolumeAttributesClass", kubeschema.API{Status: kubeschema.Gone, Removed: "1.37", Replacement: "storage.k8s.io/v1 VolumeAttributesClass"}},
		{"1.37", "apps/v1 Deploymnt", kubeschema.API{Status: kubeschema.Unknown, Suggestion: "apps/v1 Deployment"}},
		{"1.37", "apps/v2 Deployment", kubeschema.API{Status: kubeschema.Unknown, Suggestion: "apps/v1 Deployment"}},
		{"1.37", "v1 Deployment", kubeschema.API{Status: kubeschema.Unknown, Suggestion: "apps/v1 Deployment"}},
		{"1.20", "batch/v2alpha1 CronJob", kubeschema.API{Status: kubeschema.Foreign}},
		{"1.39", "batch/v7 CronJob", kubeschema.API{Status: kubeschema.Foreign}},
		{"1.39", "storagemigration.k8s.io/v1beta1 StorageVersionMigration", kubeschema.API{Deprecated: "1.37", Removed: "1.40", Replacement: "storagemigration.k8s.io/v1 StorageVersionMigration"}},
		{"1.40", "storagemigration.k8s.io/v1beta1 StorageVersionMigration", kubeschema.API{Status: kubeschema.Gone, Removed: "1.40", Replacement: "storagemigration.k8s.io/v1 StorageVersionMigration"}},
		{"1.37", "lifecycle.k8s.io/v1alpha1 EvictionRequest", kubeschema.API{}},
		{"1.37", "example.com/v1 Deployment", kubeschema.API{Status: kubeschema.Foreign}},
		{"1.36", "certificates.k8s.io/v1 ClusterTrustBundle", kubeschema.API{Status: kubeschema.NotYet, Since: "1.37"}},
	} {
		apiVersion, kind, _ := strings.Cut(test.api, " ")
		assert.Equal(t, test.want, at(t, test.kubeVersion).API(apiVersion, kind), "%s on %s", test.api, test.kubeVersion)
	}
}

// The store is made from the last four minors, up to the one that this module is built with. After `make generate` it is.
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

// crd is a definition of example.com/v1 Widget, whose version has a schema.
func crd(schema string) string {
	return "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com}, spec: {" +
		"group: example.com, scope: Namespaced, names: {kind: Widget, listKind: WidgetList, plural: widgets}, " +
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
	const good = `{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}, spec: {size: 1, ratio: 1, on: true, name: a, mode: slow,
  port: 80, free: {a: {b: 1}}, half: {a: b, c: 1}, labels: {a: b}, anything: {a: 1}, parts: [{id: a}], pod: {apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}}}`
	const bad = `{apiVersion: example.com/v1, kind: Widget, metadata: {nam: a}, spec: {ratio: x, on: "yes", name: 1, mode: fats, sise: 1,
  port: 1.5, half: {a: 1}, labels: {a: 1}, parts: [{}], pod: {spec: [], x: 1}}}`
	want := []string{
		"metadata.nam is no field of example.com/v1 Widget; did you mean metadata.name?",
		`spec.ratio must be a number, not the string "x"`,
		`spec.on must be a boolean, not the string "yes"`,
		"spec.name must be a string, not the integer 1",
		`spec.mode must be one of fast, slow, not "fats"`,
		"spec.sise is no field of example.com/v1 Widget; did you mean spec.size?",
		"spec.port must be an integer, not the number 1.5",
		"spec.half.a must be a string, not the integer 1",
		"spec.labels.a must be a string, not the integer 1",
		"spec.parts[0].id is missing, which example.com/v1 Widget requires",
		"spec.pod.spec must be a map, not a list",
		"spec.pod.x is no field of example.com/v1 Widget",
		"spec.size is missing, which example.com/v1 Widget requires",
	}
	assert.Empty(t, problems(t, newest, good, definition))
	assert.Equal(t, want, problems(t, newest, bad, definition), "in crds/")
	assert.Equal(t, want, problems(t, newest, definition+"\n---\n"+bad), "in the templates")
	assert.Equal(t, want, problems(t, newest, bad, "# comment\n---\n- 1\n---\n"+definition), "among other documents")
	assert.Empty(t, problems(t, newest, bad, "{{ not: yaml"), "what cannot be read defines nothing")

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

// An old definition has one version, and its schema beside it.
func TestOldCRD(t *testing.T) {
	t.Parallel()
	const definition = "{apiVersion: apiextensions.k8s.io/v1beta1, kind: CustomResourceDefinition, spec: {group: example.com, version: v1, " +
		"names: {kind: Widget}, validation: {openAPIV3Schema: {properties: {spec: {type: string}}}}}}"
	assert.Equal(t, []string{"spec must be a string, not the integer 1"},
		problems(t, newest, "{apiVersion: example.com/v1, kind: Widget, spec: 1}", definition))
}

// Aliases that multiply, as far as a rendering takes them, and endless nesting end soon.
func TestBounds(t *testing.T) {
	t.Parallel()
	explosion := "apiVersion: v1\nkind: ConfigMap\nx0: &x0 {<<: {}}\n"
	const levels = 4
	for i := range levels {
		explosion += fmt.Sprintf("x%d: &x%d {<<: [*x%d, *x%d], a: [*x%d, *x%d]}\n", i+1, i+1, i, i, i, i)
	}
	explosion += fmt.Sprintf("metadata: {annotations: *x%d, labels: {<<: *x%[1]d}, managedFields: [*x%[1]d, *x%[1]d]}\n", levels)
	nested := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {versions: [{schema: {openAPIV3Schema: " +
		strings.Repeat("{not: ", 2000) + "{}" + strings.Repeat("}", 2000) + "}}]}\n"
	for _, manifest := range []string{explosion, nested} {
		assert.LessOrEqual(t, len(problems(t, newest, manifest)), 100)
	}
}

// Whatever a user may start from has nothing wrong with it, whatever the version.
func TestStarterChart(t *testing.T) {
	t.Parallel()
	folder, err := charttest.Create("starter", t.TempDir())
	require.NoError(t, err)
	everything := "autoscaling: {enabled: true}\ningress: {enabled: true}\nhttpRoute: {enabled: true}\n" +
		"tolerations: [{key: a, operator: Exists}]\nvolumes: [{name: a, emptyDir: {}}]\nvolumeMounts: [{name: a, mountPath: /a}]\n"
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

// Nothing that parses makes the check panic or run on.
func FuzzCheck(f *testing.F) {
	f.Add("v1", "Service", "spec: {ports: [{port: x}], selector: {a: 1}}")
	f.Add("apps/v1", "Deployment", "spec: &a {template: {spec: *a}, <<: *a, replica: 1e400}")
	f.Add("apiextensions.k8s.io/v1", "CustomResourceDefinition", "spec: {group: g, names: {kind: K}, versions: [{name: v1, schema: {openAPIV3Schema: {type: array, items: {}}}}]}")
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
