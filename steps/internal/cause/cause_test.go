package cause_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/traderadmin/charts/steps/internal/cause"
)

// dump is a pod template as the API server prints it, with a text in it that looks like another field.
const dump = `core.PodTemplateSpec{ObjectMeta:v1.ObjectMeta{Name:"", Labels:map[string]string{"a":"b"}}, ` +
	`Spec:core.PodSpec{Volumes:[]core.Volume(nil), Command:[]string{"echo", "} spec.name: Invalid value: \"x\""}}}`

const jsonDump = `{"metadata":{"labels":{"job-name":"migrate"}},"spec":{"containers":[{"name":"a","image":"b"}]}}`

func TestFind(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		`UPGRADE FAILED: cannot patch "x" with kind Job: Job.batch "x" is invalid: spec.template: Invalid value: ` +
			dump + `: field is immutable`: `Job "x": spec.template is immutable`,
		`UPGRADE FAILED: cannot patch "x" with kind Job: Job.batch "x" is invalid: spec.template: Invalid value: ` +
			jsonDump + `: field is immutable && cannot patch "y" with kind Job: Job.batch "y" is invalid: ` +
			`spec.template: Invalid value: ` + jsonDump + `: field is immutable`: `Job "x": spec.template is immutable; ` +
			`and 1 more objects`,
		`release shop failed, and has been rolled back due to atomic being set: cannot patch "db" with kind StatefulSet: ` +
			`StatefulSet.apps "db" is invalid: spec: Forbidden: updates to statefulset spec for fields other than ` +
			`'replicas' are forbidden`: `StatefulSet "db": spec: updates to statefulset spec for fields other than ` +
			`'replicas' are forbidden`,
		`INSTALLATION FAILED: failed to create resource: Service "web" is invalid: [spec.ports[0].port: Invalid value: ` +
			`70000: must be between 1 and 65535, inclusive, spec.ports[1].name: Required value, spec.type: Unsupported ` +
			`value: "Nothing": supported values: "ClusterIP", "NodePort"]`: `Service "web": spec.ports[0].port 70000: ` +
			`must be between 1 and 65535, inclusive; spec.ports[1].name is required; spec.type "Nothing" is not ` +
			`supported: supported values: "ClusterIP", "NodePort"`,
		`INSTALLATION FAILED: failed pre-install: 1 error occurred:` + "\n\t* " + `Job.batch "migrate" is invalid: ` +
			`spec.template.spec.containers: Required value` + "\n\n": `failed pre-install: Job "migrate": ` +
			`spec.template.spec.containers is required`,
		`INSTALLATION FAILED: failed to create resource: deployments.apps "web" is forbidden: ValidatingAdmissionPolicy ` +
			`'replicas' with binding 'replicas' denied request: at least 2 replicas`: `ValidatingAdmissionPolicy ` +
			`"replicas" refuses deployment "web": at least 2 replicas`,
		`INSTALLATION FAILED: failed to create resource: admission webhook "a.b" denied the request: no`: `admission ` +
			`webhook "a.b" refuses: no`,
		`INSTALLATION FAILED: unable to build kubernetes objects from release manifest: resource mapping not found for ` +
			`name: "w" namespace: "" from "": no matches for kind "Widget" in version "a.b/v1"` + "\nensure CRDs are " +
			"installed first": `Widget "w": the cluster has no kind Widget in a.b/v1; install its CRD first`,
		"INSTALLATION FAILED: values don't meet the specifications of the schema(s) in the following chart(s):\nshop:\n" +
			"- at '/replicaCount': got string, want integer\n": "the schema of chart shop does not allow the values: at " +
			"'/replicaCount': got string, want integer",
		`INSTALLATION FAILED: template: shop/templates/a.yaml:3:4: executing "shop/templates/a.yaml" at <include "x" .>: ` +
			`error calling include: template: shop/templates/_h.tpl:9:20: executing "x" at <.Values.a.b>: nil pointer ` +
			`evaluating interface {}.b`: `shop/templates/_h.tpl:9:20: <.Values.a.b>: nil pointer evaluating interface {}.b`,
		`INSTALLATION FAILED: execution error at (shop/templates/a.yaml:3:4): a host is required`: `shop/templates/` +
			`a.yaml:3:4: a host is required`,
		`UPGRADE FAILED: "shop" has no deployed releases`: `"shop" has no deployed releases`,
		`release: not found`:                              `release: not found`,
	} {
		assert.Equal(t, want, cause.Find(words))
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a: " + dump + ": b":                        "a: core.PodTemplateSpec{…}: b",
		"interface {}.b {x":                         "interface {}.b {x",
		`{"a": "` + strings.Repeat("}", 90) + `"}.`: "{…}.",
	} {
		assert.Equal(t, want, cause.Shorten(text))
	}
}

// No text makes Find or Shorten fail, or lose the last words of a short text.
func FuzzFind(f *testing.F) {
	f.Add(`cannot patch "x" with kind Job: Job.batch "x" is invalid: spec.template: Invalid value: ` + dump + `: no`)
	f.Add(`a: Invalid value: [{`)
	f.Fuzz(func(t *testing.T, words string) {
		_ = cause.Find(words)
		if short := cause.Shorten(words); len(short) > len(words)+len("…") {
			t.Errorf("%q is longer than %q", short, words)
		}
	})
}
