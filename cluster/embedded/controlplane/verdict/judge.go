package verdict

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core"
	podsecurity "k8s.io/pod-security-admission/api"
)

// judge answers requests, one after another.
type judge struct {
	servers map[string]*apiServer // by minor version
}

func newJudge() *judge {
	klog.SetLogger(klog.New(nil)) // nothing is logged
	return &judge{servers: map[string]*apiServer{}}
}

// server returns the API server of a minor version, and makes this process emulate it.
func (j *judge) server(minor string) (*apiServer, error) {
	if s := j.servers[minor]; s != nil {
		return s, s.emulate()
	}
	effective, err := effectiveVersion(minor)
	if err != nil {
		return nil, fmt.Errorf("kubernetesVersion %q: %w", minor, err)
	}
	s, err := newAPIServer(effective)
	if err != nil {
		return nil, fmt.Errorf("prepare the API server of Kubernetes %s: %w", minor, err)
	}
	j.servers[minor] = s
	return s, nil
}

func (j *judge) answer(r Request) Answer {
	server, err := j.server(r.KubernetesVersion)
	if err != nil {
		return Answer{Error: err.Error()}
	}
	if err := server.ports.reset(); err != nil {
		return Answer{Error: err.Error()}
	}
	answer := Answer{Objects: make([]Verdict, len(r.Objects))}
	for i, item := range r.Objects {
		answer.Objects[i] = server.judge(r.Namespace, item)
	}
	return answer
}

// judge returns the verdict on an object.
func (s *apiServer) judge(namespace string, item Item) Verdict {
	k, err := s.kindOf(item.Object)
	if err != nil {
		return Verdict{Refusals: refusals(err)}
	}
	if k == nil {
		return Verdict{Unknown: true}
	}
	var v Verdict
	ctx := warning.WithWarningRecorder(context.Background(), (*recorder)(&v.Warnings))
	object, strict, err := k.decode(item.Object)
	if err == nil && item.Previous != nil {
		var live runtime.Object
		if live, err = k.install(namespace, item.Previous); err != nil {
			return Verdict{NotInstalled: refusals(err)}
		}
		err = k.upgrade(ctx, live, item)
	} else if err == nil {
		_, err = k.create(ctx, namespace, object)
	}
	v.Strict, v.Refusals = strict, refusals(err)
	return v
}

// kindOf returns the kind of a manifest; nil if the API server does not serve it.
func (s *apiServer) kindOf(manifest []byte) (*kind, error) {
	var typed metav1.TypeMeta
	if err := json.Unmarshal(manifest, &typed); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	group, err := schema.ParseGroupVersion(typed.APIVersion)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return s.kinds[group.WithKind(typed.Kind)], nil
}

// decode decodes a manifest and sets its defaults. It also returns what strict decoding refuses.
func (k *kind) decode(manifest []byte) (object runtime.Object, strict []string, err error) {
	json, _ := runtime.SerializerInfoForMediaType(legacyscheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	hub := schema.GroupVersion{Group: k.Group, Version: runtime.APIVersionInternal}
	decoder := legacyscheme.Codecs.DecoderToVersion(json.StrictSerializer, hub)
	gvk := k.GroupVersionKind
	object, _, err = decoder.Decode(manifest, &gvk, k.storage.New())
	if refused, isStrict := runtime.AsStrictDecodingError(err); isStrict && object != nil {
		for _, field := range refused.Errors() {
			strict = append(strict, field.Error())
		}
		return object, strict, nil
	}
	if err != nil {
		err = apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %[1]s: %[3]v",
			k.Kind, k.GroupVersion(), err))
	}
	return object, nil, err
}

// create creates an object and returns it as the API server would store it.
func (k *kind) create(ctx context.Context, namespace string, object runtime.Object) (runtime.Object, error) {
	metadata, err := meta.Accessor(object)
	if err != nil {
		return nil, err
	}
	rest.WipeObjectMetaSystemFields(metadata)
	if metadata.GetNamespace() != "" {
		namespace = metadata.GetNamespace()
	}
	ctx = k.context(ctx, "create", namespace, metadata.GetName())
	namespace = request.NamespaceValue(ctx)
	if err := rest.EnsureObjectNamespaceMatchesRequestNamespace(namespace, metadata); err != nil {
		return nil, err
	}
	return k.storage.Create(ctx, object, validate, &metav1.CreateOptions{})
}

// validate is the validating admission that needs no state: Pod Security refuses unknown levels and versions in the
// labels of a namespace.
func validate(_ context.Context, object runtime.Object) error {
	namespace, ok := object.(*core.Namespace)
	if !ok {
		return nil
	}
	if _, refused := podsecurity.PolicyToEvaluate(namespace.Labels, podsecurity.Policy{}); len(refused) > 0 {
		return apierrors.NewInvalid(core.Kind("Namespace"), namespace.Name, refused)
	}
	return nil
}

// administrator is the user of all requests. RBAC lets this user grant any permission.
var administrator = &user.DefaultInfo{
	Name: "admin", Groups: []string{user.SystemPrivilegedGroup, user.AllAuthenticated},
}

// context returns the context of a request.
func (k *kind) context(ctx context.Context, verb, namespace, name string) context.Context {
	if !k.namespaced {
		namespace = ""
	}
	if verb == "create" {
		name = "" // it is in the object
	}
	ctx = request.WithUser(request.WithNamespace(ctx, namespace), administrator)
	return request.WithRequestInfo(ctx, &request.RequestInfo{
		IsResourceRequest: true, Verb: verb, Namespace: namespace, Name: name,
		APIGroup: k.resource.Group, APIVersion: k.resource.Version, Resource: k.resource.Resource,
	})
}

// recorder collects the warnings of a request.
type recorder []string

// AddWarning implements warning.Recorder.
func (r *recorder) AddWarning(_, text string) { *r = append(*r, text) }

// refusals returns the reasons of an error of the API server; none for nil.
func refusals(err error) []Refusal {
	if err == nil {
		return nil
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return []Refusal{{Type: string(metav1.StatusReasonUnknown), Message: err.Error()}}
	}
	s := status.Status()
	if s.Details == nil || len(s.Details.Causes) == 0 {
		return []Refusal{{Type: string(s.Reason), Message: s.Message}}
	}
	var all []Refusal
	for _, cause := range s.Details.Causes {
		all = append(all, Refusal{Field: cause.Field, Type: string(cause.Type), Message: cause.Message})
	}
	return all
}
