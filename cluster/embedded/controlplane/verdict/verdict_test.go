package verdict

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// example is a manifest with the expected verdict.
type example struct {
	Name                   string
	Previous, Manifest     json.RawMessage
	Refusals, NotInstalled []string
	Strict                 []string
	Unknown                bool
}

func examples(t *testing.T, file string) []example {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	if err := yaml.UnmarshalStrict(content, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// ask returns the answers to requests.
func ask(t *testing.T, requests ...Request) []Answer {
	t.Helper()
	var input, output bytes.Buffer
	for _, r := range requests {
		if err := json.NewEncoder(&input).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := Serve(&input, &output); err != nil {
		t.Fatal(err)
	}
	var answers []Answer
	for decoder := json.NewDecoder(&output); decoder.More(); {
		var answer Answer
		if err := decoder.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, answer)
	}
	return answers
}

func short(refusals []Refusal) []string {
	var all []string
	for _, r := range refusals {
		all = append(all, r.Field+": "+r.Type)
	}
	return all
}

func TestVerdicts(t *testing.T) {
	for _, file := range []string{"creations.yaml", "upgrades.yaml"} {
		for _, e := range examples(t, file) {
			t.Run(strings.TrimSuffix(file, ".yaml")+"/"+e.Name, func(t *testing.T) {
				request := Request{Namespace: "shop", Objects: []Item{{Object: e.Manifest, Previous: e.Previous}}}
				answer := ask(t, request)[0]
				if answer.Error != "" {
					t.Fatal(answer.Error)
				}
				v := answer.Objects[0]
				got := example{
					Refusals: short(v.Refusals), NotInstalled: short(v.NotInstalled), Strict: v.Strict, Unknown: v.Unknown,
				}
				e.Name, e.Manifest, e.Previous = "", nil, nil
				if !reflect.DeepEqual(got, e) {
					t.Errorf("got %+v, want %+v\n%+v", got, e, v)
				}
			})
		}
	}
}

func TestNodePortsOfARelease(t *testing.T) {
	service := json.RawMessage(`{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"},
		"spec": {"type": "NodePort", "clusterIP": "10.43.0.10", "ports": [{"port": 80, "nodePort": 30080}]}}`)
	request := Request{Namespace: "shop", Objects: []Item{{Object: service}, {Object: service}}}
	for _, answer := range ask(t, request, request) {
		taken := []string{"spec.ports[0].nodePort: FieldValueInvalid"}
		for i, want := range [][]string{nil, taken} {
			if got := short(answer.Objects[i].Refusals); !reflect.DeepEqual(got, want) {
				t.Errorf("object %d: %v, want %v", i, got, want)
			}
		}
	}
}

func TestVersions(t *testing.T) {
	manifest := json.RawMessage(`{"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass",
		"metadata": {"name": "shop"}}`)
	mutating := json.RawMessage(`{"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
		"metadata": {"name": "shop"}}`)
	request := func(version string) Request {
		return Request{KubernetesVersion: version, Objects: []Item{{Object: manifest}, {Object: mutating}}}
	}
	answers := ask(t, request("1.34"), request("1.37"), request("1.34"), request("1.33"), request("one"))
	served := func(a Answer) [2]bool { return [2]bool{!a.Objects[0].Unknown, !a.Objects[1].Unknown} }
	for i, want := range [][2]bool{{true, false}, {true, true}, {true, false}} {
		if got := served(answers[i]); got != want {
			t.Errorf("answer %d: served %v, want %v", i, got, want)
		}
	}
	for i, want := range map[int]string{3: "1.33 is not between", 4: `kubernetesVersion "one": `} {
		if !strings.Contains(answers[i].Error, want) {
			t.Errorf("answer %d: error %q does not contain %q", i, answers[i].Error, want)
		}
	}
}

func TestNamespaces(t *testing.T) {
	other := json.RawMessage(`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "other"}}`)
	cluster := json.RawMessage(`{"apiVersion": "v1", "kind": "Namespace",
		"metadata": {"name": "a", "namespace": "other"}}`)
	invalid := json.RawMessage(`{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "A"}}`)
	answer := ask(t, Request{Namespace: "shop", Objects: []Item{{Object: other}, {Object: cluster}, {Object: invalid}}})[0]
	for i, want := range [][]string{nil, nil, {"metadata.namespace: FieldValueInvalid"}} {
		if got := short(answer.Objects[i].Refusals); !reflect.DeepEqual(got, want) {
			t.Errorf("object %d: %v, want %v", i, got, want)
		}
	}
}

func TestInvalidInput(t *testing.T) {
	err := Serve(strings.NewReader("[]"), &bytes.Buffer{})
	if err == nil || !strings.HasPrefix(err.Error(), "read a request: ") {
		t.Errorf("got error %v", err)
	}
	answer := ask(t, Request{Objects: []Item{{Object: json.RawMessage(`"text"`)}, {Object: json.RawMessage(`{}`)}}})[0]
	if got := short(answer.Objects[0].Refusals); !reflect.DeepEqual(got, []string{": BadRequest"}) {
		t.Errorf("a text: %v", got)
	}
	if !answer.Objects[1].Unknown {
		t.Error("an object without a kind is of a known kind")
	}
}
