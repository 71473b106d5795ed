package helm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
)

// apiServer serves the discovery and OpenAPI documents of an API server. Discovery has ETags, as on real ones. OpenAPI
// has none, so that each request for it sends it whole.
type apiServer struct {
	mutex     sync.Mutex
	documents map[string]string
	sent      map[string]int // times that a document was sent whole
}

func newAPIServer(t *testing.T) (*apiServer, *rest.Config) {
	t.Helper()
	server := &apiServer{sent: map[string]int{}, documents: map[string]string{
		"/version":           `{"major":"1","minor":"37","gitVersion":"v1.37.2"}`,
		"/api":               discoveryDocument(apiGroup("", "v1", "ConfigMap", "configmaps")),
		"/apis":              discoveryDocument(apiGroup("apps", "v1", "Deployment", "deployments")),
		"/openapi/v3":        `{"paths":{"api/v1":{"serverRelativeURL":"/openapi/v3/api/v1?hash=1"}}}`,
		"/openapi/v3/api/v1": `{"openapi":"3.0.0","paths":{` + patchPath("ConfigMap") + `,` + patchPath("Namespace") + `}}`,
	}}
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	return server, &rest.Config{Host: listener.URL}
}

func apiGroup(name, version, kind, resource string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q},"versions":[{"version":%q,"resources":[{"resource":%q,`+
		`"scope":"Namespaced","responseKind":{"group":%q,"version":%q,"kind":%q},"singularResource":"",`+
		`"verbs":["get","create"]}]}]}`,
		name, version, resource, name, version, kind)
}

func discoveryDocument(groups ...string) string {
	var items bytes.Buffer
	for i, group := range groups {
		if i > 0 {
			items.WriteByte(',')
		}
		items.WriteString(group)
	}
	return `{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[` + items.String() + `]}`
}

// patchPath declares that the server validates the fields of a kind itself.
func patchPath(kind string) string {
	return fmt.Sprintf(`"/%[1]s":{"patch":{"x-kubernetes-group-version-kind":{"group":"","version":"v1","kind":%[1]q},`+
		`"parameters":[{"name":"fieldValidation","in":"query"}]}}`, kind)
}

func (s *apiServer) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	document, found := s.documents[request.URL.Path]
	if !found {
		response.Header().Set("Content-Type", "application/json")
		response.WriteHeader(http.StatusNotFound)
		fmt.Fprint(response, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`)
		return
	}
	sum := sha256.Sum256([]byte(document))
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	response.Header().Set("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
	if strings.HasPrefix(request.URL.Path, "/api") {
		response.Header().Set("ETag", tag)
	}
	response.Header().Set("Vary", "Accept")
	response.Header().Set("Cache-Control", "public")
	if request.URL.Path == "/version" {
		response.Header().Set("Warning", `299 - "this server is a fake"`)
	}
	if request.Header.Get("If-None-Match") == tag {
		response.WriteHeader(http.StatusNotModified)
		return
	}
	s.sent[request.URL.Path]++
	fmt.Fprint(response, document)
}

func (s *apiServer) set(path, document string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.documents[path] = document
}

func (s *apiServer) timesSent() map[string]int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	sent := map[string]int{}
	for path, times := range s.sent {
		if path != "/version" { // has no ETag
			sent[path] = times
		}
	}
	return sent
}

// chartOf returns a folder with a chart named c, which has one template.
func chartOf(t *testing.T, template string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "c", "templates"), 0o755))
	write(t, "apiVersion: v2\nname: c\nversion: 0.1.0\n", dir, "c", "Chart.yaml")
	write(t, template, dir, "c", "templates", "all.yaml")
	return dir
}

func TestDocumentsOfTheClusterAreFetchedOnce(t *testing.T) {
	t.Parallel()
	server, config := newAPIServer(t)
	dir := chartOf(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"+
		"data: {apps: {{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" | quote }}, "+
		"version: {{ .Capabilities.KubeVersion }}}\n")
	client, err := New(config, Options{Dir: dir})
	require.NoError(t, err)

	const line = "install x ./c --dry-run=server"
	assert.Contains(t, run(t, client, line).Output, `data: {apps: "true", version: v1.37.2}`)
	once := map[string]int{"/api": 1, "/apis": 1, "/openapi/v3": 1, "/openapi/v3/api/v1": 1}
	assert.Equal(t, once, server.timesSent())

	var others sync.WaitGroup
	for n := range 8 {
		others.Go(func() {
			_, err := client.Run(t.Context(), Scope{}, "install", "x", "./c", "--dry-run=server", "-n", fmt.Sprintf("n%d", n))
			assert.NoError(t, err)
		})
	}
	others.Wait()
	kinds, err := client.Discovery().ServerPreferredResources()
	require.NoError(t, err)
	assert.Len(t, kinds, 2)
	assert.Equal(t, once, server.timesSent())
}

func TestKindsThatAreAddedLaterAreSeen(t *testing.T) {
	t.Parallel()
	server, config := newAPIServer(t)
	dir := chartOf(t, "apiVersion: shop.example/v1\nkind: Order\nmetadata: {name: first}\n")
	client, err := New(config, Options{Dir: dir})
	require.NoError(t, err)

	const line = "install x ./c --dry-run=server"
	server.set("/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
		`{"kind":"CustomResourceDefinitionList","apiVersion":"apiextensions.k8s.io/v1","items":[`+
			`{"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1",`+
			`"spec":{"group":"shop.example","names":{"kind":"Order"}}}]}`)
	_, err = try(t, client, line)
	require.ErrorContains(t, err, `no matches for kind "Order" in version "shop.example/v1"`)

	server.set("/apis", discoveryDocument(apiGroup("shop.example", "v1", "Order", "orders")))
	assert.Contains(t, run(t, client, line).Output, "kind: Order\n")
}

func TestWarningsOfTheAPIServer(t *testing.T) {
	t.Parallel()
	server, config := newAPIServer(t)
	server.set("/api/v1/namespaces/trader/secrets", `{"kind":"SecretList","apiVersion":"v1","items":[]}`)
	client, err := New(config, Options{Namespace: "trader"})
	require.NoError(t, err)

	result, err := try(t, client, "status shop")
	require.ErrorIs(t, err, ErrReleaseNotFound)
	assert.Equal(t, "Warning: this server is a fake\n", result.Warnings)
}
