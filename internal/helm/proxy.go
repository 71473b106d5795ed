package helm

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/release"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/internal/rollout"
)

// proxy forwards requests of helm binaries to an API server, with the credentials of this process. It listens on
// loopback. The path of each request starts with a secret, which only the binary of one command line knows.
type proxy struct {
	listener net.Listener
	server   *http.Server
	client   *Client
	cluster  kubernetes.Interface
	forward  *httputil.ReverseProxy
	accesses sync.Map // *access by secret
}

func newProxy(config *rest.Config, client *Client) (*proxy, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.RateLimiter = -1, nil
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &kube.RetryingRoundTripper{Wrapped: next} })
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, err
	}
	target, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, err
	}
	cluster, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	quiet := log.New(io.Discard, "", 0) // the binary says what failed
	p := &proxy{listener: listener, client: client, cluster: cluster}
	p.forward = &httputil.ReverseProxy{
		Transport: transport, ErrorLog: quiet, FlushInterval: -1, // watches
		Rewrite: func(request *httputil.ProxyRequest) { request.SetURL(target) },
	}
	p.server = &http.Server{Handler: p, ErrorLog: quiet, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.Serve(listener) }() // ends with close
	return p, nil
}

func (p *proxy) close() error { return p.server.Close() }

// access is what one command line may do through the proxy.
type access struct {
	proxy     *proxy
	execution *execution
	secret    string

	ctx       context.Context // of the watches
	stop      context.CancelFunc
	line      *commandLine
	interrupt func()

	watches sync.WaitGroup
	mutex   sync.Mutex
	watched map[string]bool
	failed  error // of the first wait that cannot succeed
	open    []error

	recorded []*release.Release
}

// grant gives a command line access. interrupt is called when a wait of the command cannot succeed.
func (p *proxy) grant(ctx context.Context, e *execution, line *commandLine, interrupt func()) *access {
	ctx, stop := context.WithCancel(ctx)
	a := &access{
		proxy: p, execution: e, secret: rand.Text(), ctx: ctx, stop: stop, line: line, interrupt: interrupt,
		watched: map[string]bool{},
	}
	p.accesses.Store(a.secret, a)
	return a
}

func (a *access) url() string { return "http://" + a.proxy.listener.Addr().String() + "/" + a.secret }

// revoke ends the access and its watches.
func (a *access) revoke() {
	a.proxy.accesses.Delete(a.secret)
	a.stop()
	a.watches.Wait()
}

// waitError returns why a wait of the command failed: because of what cannot become ready, or of what is not ready
// after the timeout. It ends the access.
func (a *access) waitError() error {
	a.revoke()
	if a.failed != nil {
		return a.failed
	}
	return errors.Join(a.open...)
}

// ServeHTTP forwards a request that starts with the secret of a command line.
func (p *proxy) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	secret, path, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/"), "/")
	found, ok := p.accesses.Load(secret)
	if !ok {
		http.Error(w, "unknown path", http.StatusNotFound)
		return
	}
	request.URL.Path, request.URL.RawPath = "/"+path, ""
	found.(*access).serve(w, request)
}

func (a *access) serve(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodGet && request.URL.Path == "/version" {
		a.serveVersion(w)
		return
	}
	object, err := a.prepared(request)
	if err != nil {
		refuse(w, err)
		return
	}
	recorded := &statusRecorder{ResponseWriter: w}
	a.proxy.forward.ServeHTTP(recorded, request)
	if object != nil && recorded.status < http.StatusMultipleChoices {
		a.watch(object)
	}
}

// serveVersion answers with the version that a Client sees.
func (a *access) serveVersion(w http.ResponseWriter) {
	version, err := a.proxy.client.discovery.ServerVersion()
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(version) // fails if the binary has ended
}

// refuse answers with the error of a request that is not forwarded, in the API server's format.
func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure,
		Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden, Message: err.Error(),
	})
}

// prepared shows the object that a request writes to Scope.Prepare, and replaces it in the request. It returns nil if
// the request writes no object of a chart.
func (a *access) prepared(request *http.Request) (*unstructured.Unstructured, error) {
	if request.URL.Query().Has("dryRun") {
		return nil, nil
	}
	kind := types.PatchType(strings.TrimSpace(strings.Split(request.Header.Get("Content-Type"), ";")[0]))
	switch {
	case request.Method == http.MethodPatch && kind != types.ApplyYAMLPatchType:
		return a.preparedPatch(request)
	case request.Method == http.MethodPost, request.Method == http.MethodPut, request.Method == http.MethodPatch:
	default:
		return nil, nil
	}
	body, err := readBody(request)
	if err != nil {
		return nil, err
	}
	object, err := decodeObject(string(kind), body)
	if err != nil || object.GetKind() == "" {
		return nil, nil //nolint:nilerr // not an object: the API server judges it
	}
	if isRecord(object) {
		return nil, a.record(object)
	}
	if err := a.prepare(request, object); err != nil {
		return nil, err
	}
	if body, err = json.Marshal(object); err != nil { // which is YAML, too
		return nil, err
	}
	setBody(request, body)
	if string(kind) == runtime.ContentTypeProtobuf {
		request.Header.Set("Content-Type", runtime.ContentTypeJSON)
	}
	return object, nil
}

// decodeObject decodes an object in JSON, YAML or Protobuf.
func decodeObject(contentType string, body []byte) (*unstructured.Unstructured, error) {
	object := new(unstructured.Unstructured)
	if contentType != runtime.ContentTypeProtobuf {
		return object, yaml.Unmarshal(body, &object.Object)
	}
	typed, kind, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		return nil, err
	}
	typed.GetObjectKind().SetGroupVersionKind(*kind)
	object.Object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	return object, err
}

// preparedPatch shows the result of a patch to Scope.Prepare.
func (a *access) preparedPatch(request *http.Request) (*unstructured.Unstructured, error) {
	body, err := readBody(request)
	if err != nil {
		return nil, err
	}
	try := request.Clone(request.Context())
	query := url.Values{"dryRun": {metav1.DryRunAll}}
	for name, values := range request.URL.Query() {
		query[name] = values
	}
	try.URL.RawQuery = query.Encode()
	setBody(try, body)
	answer := &bufferedAnswer{header: http.Header{}}
	a.proxy.forward.ServeHTTP(answer, try)
	object := new(unstructured.Unstructured)
	if answer.status >= http.StatusMultipleChoices || json.Unmarshal(answer.body.Bytes(), &object.Object) != nil {
		return nil, nil // the request itself gets the error
	}
	return object, a.prepare(request, object)
}

func (a *access) prepare(request *http.Request, object *unstructured.Unstructured) error {
	_, after, found := strings.Cut(request.URL.Path, "/namespaces/")
	namespace, resource, _ := strings.Cut(after, "/")
	if found && resource != "" {
		object.SetNamespace(namespace)
	}
	if a.execution.scope.Prepare == nil {
		return nil
	}
	return a.execution.scope.Prepare(a.ctx, []*unstructured.Unstructured{object})
}

// record keeps the newest revision of each release whose record the command writes.
func (a *access) record(object *unstructured.Unstructured) error {
	revision, err := decodeRecord(object)
	if err != nil {
		return err
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for i, known := range a.recorded {
		if known.Name == revision.Name {
			if revision.Version >= known.Version {
				a.recorded[i] = revision
			}
			return nil
		}
	}
	a.recorded = append(a.recorded, revision)
	return nil
}

// releases returns the revisions that the command recorded.
func (a *access) releases() []*release.Release {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.recorded
}

// watch watches an object that the command waits for. It interrupts the command as soon as the object cannot become
// ready.
func (a *access) watch(object *unstructured.Unstructured) {
	condition, ok := a.conditionOf(object)
	key := object.GetKind() + "/" + object.GetNamespace() + "/" + object.GetName()
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if !ok || a.watched[key] || a.ctx.Err() != nil {
		return
	}
	a.watched[key] = true
	a.watches.Go(func() {
		err := rollout.Await(a.ctx, a.proxy.cluster, object.GetNamespace(), a.line.timeout(), condition)
		if err == nil {
			return
		}
		a.mutex.Lock()
		defer a.mutex.Unlock()
		if a.ctx.Err() != nil {
			a.open = append(a.open, err)
			return
		}
		if a.failed == nil {
			a.failed = err
		}
		a.interrupt()
	})
}

// conditionOf returns what the command waits for: that hooks succeed, and with --wait that workloads are ready.
func (a *access) conditionOf(object *unstructured.Unstructured) (rollout.Condition, bool) {
	kind, group := strings.ToLower(object.GetKind()), object.GroupVersionKind().Group
	_, hook := object.GetAnnotations()["helm.sh/hook"]
	ready := rollout.HelmReady(kind, object.GetName())
	switch group + "/" + kind {
	case "batch/job", "/pod":
		if hook {
			return rollout.HookSucceeded(kind, object.GetName()), true
		}
		return ready, a.line.waits() && (kind == "pod" || a.line.is("wait-for-jobs"))
	case "apps/deployment", "apps/statefulset", "apps/daemonset":
		return ready, a.line.waits()
	}
	return ready, false
}

func readBody(request *http.Request) ([]byte, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, fmt.Errorf("read the request of the helm binary: %w", err)
	}
	setBody(request, body)
	return body, nil
}

func setBody(request *http.Request, body []byte) {
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the proxy flush, for watches.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// bufferedAnswer keeps an answer.
type bufferedAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *bufferedAnswer) Header() http.Header            { return b.header }
func (b *bufferedAnswer) WriteHeader(status int)         { b.status = status }
func (b *bufferedAnswer) Write(part []byte) (int, error) { return b.body.Write(part) }
