// Package verdict gives the API server's verdict on manifests, without an API server: it decodes them strictly, sets
// their defaults, and creates or updates them in the API server's own registry, over storage that forgets them. There
// is no list of kinds or checks here. The kinds are those that the API server would serve, and the checks are those of
// its strategies.
//
// What needs the state of a cluster is not checked: webhooks, whether referenced objects exist, names that are taken.
//
// # Protocol
//
// [Serve] reads one [Request] per line of JSON, and writes one [Answer] per line, in the order of the requests. It ends
// with its input. A request is a release: its objects are created together, in a namespace, on a version of Kubernetes.
package verdict

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Request asks for the verdict on the objects of a release.
type Request struct {
	// KubernetesVersion is the minor version of Kubernetes to emulate, such as 1.36. It may be up to three versions older
	// than that of the control plane, which is the default.
	KubernetesVersion string `json:"kubernetesVersion,omitempty"`
	// Namespace is the namespace of objects that name none.
	Namespace string `json:"namespace"`
	// Objects are the objects to create, or to update.
	Objects []Item `json:"objects"`
}

// Item is an object of a release.
type Item struct {
	// Object is the manifest. It may be a YAML document that was converted to JSON.
	Object json.RawMessage `json:"object"`
	// Previous is the manifest that Helm installed before, if the object is updated. It is created first, and its verdict
	// is not reported. The update is the one that Helm 3 sends: a three-way merge of both manifests and the live object.
	Previous json.RawMessage `json:"previous,omitempty"`
}

// Answer is the answer to a request.
type Answer struct {
	// Objects are the verdicts on the objects of the request, in the same order.
	Objects []Verdict `json:"objects,omitempty"`
	// Error says why the request cannot be answered at all.
	Error string `json:"error,omitempty"`
}

// Verdict is the verdict on an object.
type Verdict struct {
	// Unknown means that the API server serves no such kind, so that there is no verdict.
	Unknown bool `json:"unknown,omitempty"`
	// NotInstalled are the reasons why the API server refuses the previous manifest, so that there is nothing to update.
	NotInstalled []Refusal `json:"notInstalled,omitempty"`
	// Refusals are the reasons why the API server refuses the object; none if it takes it.
	Refusals []Refusal `json:"refusals,omitempty"`
	// Strict are the fields that only strict decoding refuses, because they are unknown or duplicate. Helm 3 and kubectl
	// create get warnings for these. Server-side apply refuses unknown ones.
	Strict []string `json:"strict,omitempty"`
	// Warnings are those of the API server, such as for a deprecated field.
	Warnings []string `json:"warnings,omitempty"`
}

// Refusal is one reason why the API server refuses an object.
type Refusal struct {
	// Field is the path of the field, such as spec.ports[0].name. It is empty if the reason names no field.
	Field string `json:"field,omitempty"`
	// Type is that of the field error, such as FieldValueInvalid, or else the reason of the status, such as BadRequest.
	Type string `json:"type"`
	// Message is the API server's, without the field.
	Message string `json:"message"`
}

// Serve answers requests until the end of the input. It returns an error if a line of the input is not a request, or if
// an answer cannot be written.
func Serve(input io.Reader, output io.Writer) error {
	judge := newJudge()
	written := bufio.NewWriter(output)
	requests, answers := json.NewDecoder(bufio.NewReader(input)), json.NewEncoder(written)
	answers.SetEscapeHTML(false)
	for {
		var request Request
		if err := requests.Decode(&request); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		if err := errors.Join(answers.Encode(judge.answer(request)), written.Flush()); err != nil {
			return fmt.Errorf("write an answer: %w", err)
		}
	}
}
