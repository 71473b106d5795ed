package helm

import (
	"context"
	"net/http"
	"sync"

	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/third_party/forked/httpcache"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
	"k8s.io/kubectl/pkg/validation"
)

// Helm's own main does this, so that the owner of a field in managedFields is "helm" and not the name of this process. It is
// the SDK's only switch for it, and set before anything can read it.
func init() { kube.ManagedFieldsManager = "helm" }

// storageDriver keeps releases in Secrets, as the helm binary does by default.
const storageDriver = "secret"

// cluster is what all clients of one cluster share.
//
// Discovery documents are kept with their ETags. Every command asks whether they still hold, which costs two small answers
// (304 Not Modified) and no more; so a CRD that a chart, another command or anyone else has just added is seen, and no
// command can pull the ground from under another. OpenAPI documents are large, and only tell whether the server validates
// fields itself: they are fetched and read once.
type cluster struct {
	config    *rest.Config
	client    kubernetes.Interface
	discovery discovery.DiscoveryInterface
	schema    validation.Schema
}

func newCluster(config *rest.Config) (*cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.RateLimiter = -1, nil
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &kube.RetryingRoundTripper{Wrapped: next} })

	documents := httpcache.NewMemoryCache()
	cached := rest.CopyConfig(config)
	cached.WarningHandler = rest.NoWarnings{}
	cached.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &httpcache.Transport{Transport: next, Cache: documents}
	})
	described, err := discovery.NewDiscoveryClientForConfig(cached)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	shared := &cluster{config: config, client: client, discovery: described}
	schema, err := cmdutil.NewFactory(shared.view("", rest.NoWarnings{})).Validator(metav1.FieldValidationStrict)
	if err != nil {
		return nil, err
	}
	shared.schema = &guardedSchema{schema: schema}
	return shared, nil
}

// configure implements the type of the same name with this cluster.
func (c *cluster) configure(ctx context.Context, run *invocation, namespace string) error {
	view := c.view(namespace, rest.NewWarningWriter(&run.stderr, rest.WarningWriterOptions{Deduplicate: true}))
	if err := run.config.Init(view, namespace, storageDriver, run.log.Printf); err != nil {
		return err
	}
	run.config.SetHookOutputFunc(run.hookOutput)
	client := run.config.KubeClient.(*kube.Client) // what Init makes
	client.Factory = sharedSchemaFactory{Factory: client.Factory, schema: c.schema}
	run.config.KubeClient = &kubeClient{Client: client, mapper: view.mapper, cluster: c.client, run: run, ctx: ctx}
	return nil
}

// view returns the cluster as one command sees it, which is consistent until Helm itself asks for news.
func (c *cluster) view(namespace string, warnings rest.WarningHandler) *view {
	config := rest.CopyConfig(c.config)
	config.WarningHandler = warnings
	documents := memory.NewMemCacheClient(c.discovery)
	return &view{
		config:    config,
		namespace: namespace,
		discovery: documents,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(documents),
	}
}

type view struct {
	config    *rest.Config
	namespace string
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.ResettableRESTMapper
}

var _ genericclioptions.RESTClientGetter = (*view)(nil)

// ToRESTConfig returns a copy, because callers write to it.
func (v *view) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(v.config), nil }

func (v *view) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return v.discovery, nil
}

func (v *view) ToRESTMapper() (meta.RESTMapper, error) { return v.mapper, nil }

// ToRawKubeConfigLoader is asked for the namespace only.
func (v *view) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(clientcmdapi.Config{}, &clientcmd.ConfigOverrides{
		Context: clientcmdapi.Context{Namespace: v.namespace},
	})
}

// sharedSchemaFactory is Helm's factory, except that manifests are checked by a schema that the whole cluster shares.
type sharedSchemaFactory struct {
	kube.Factory
	schema validation.Schema
}

func (f sharedSchemaFactory) Validator(directive string) (validation.Schema, error) {
	if directive == metav1.FieldValidationIgnore {
		return validation.NullSchema{}, nil
	}
	return f.schema, nil
}

// guardedSchema lets one goroutine at a time into a schema: kubectl's is made for one command and not safe for more, and the
// first to come fetches the documents that the others then find.
type guardedSchema struct {
	mutex  sync.Mutex
	schema validation.Schema
}

func (s *guardedSchema) ValidateBytes(manifest []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.schema.ValidateBytes(manifest)
}
