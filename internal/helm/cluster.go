package helm

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
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

// storageDriver stores releases in Secrets, the default of the helm binary.
const storageDriver = "secret"

// cluster holds the clients and caches that all command lines share.
//
// Discovery documents are cached with their ETags. Each command revalidates them, which costs two small answers (304
// Not Modified), so it sees a CRD that was added a moment ago. The OpenAPI documents are large, and only show whether
// the server validates fields itself: they are fetched and parsed once.
type cluster struct {
	config    *rest.Config
	client    kubernetes.Interface
	discovery discovery.DiscoveryInterface
	schema    validation.Schema
}

func newCluster(config *rest.Config) (*cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.RateLimiter = -1, nil
	own := chartutil.DefaultCapabilities.HelmVersion.Version
	config.UserAgent = "Helm/" + strings.TrimPrefix(own, "v") // names the manager of release records
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
	shared := &cluster{config: config, client: client, discovery: emulating{described}}
	schema, err := cmdutil.NewFactory(shared.view("", rest.NoWarnings{})).Validator(metav1.FieldValidationStrict)
	if err != nil {
		return nil, err
	}
	shared.schema = &guardedSchema{schema: schema}
	return shared, nil
}

// emulating is the discovery client of an API server that may emulate an earlier version of Kubernetes.
type emulating struct{ *discovery.DiscoveryClient }

// ServerVersionWithContext returns the emulated version, if there is one, as the version of the server. A server that
// emulates still reports its own version as GitVersion, which charts see as .Capabilities.KubeVersion.
func (e emulating) ServerVersionWithContext(ctx context.Context) (*version.Info, error) {
	info, err := e.DiscoveryClient.ServerVersionWithContext(ctx)
	if err != nil || info.EmulationMinor == "" {
		return info, err
	}
	emulated := *info
	emulated.Major, emulated.Minor = info.EmulationMajor, info.EmulationMinor
	if minor := fmt.Sprintf("v%s.%s.", emulated.Major, emulated.Minor); !strings.HasPrefix(info.GitVersion, minor) {
		emulated.GitVersion = minor + "0"
	}
	return &emulated, nil
}

// ServerVersion does the same.
func (e emulating) ServerVersion() (*version.Info, error) {
	return e.ServerVersionWithContext(context.Background())
}

// kubeVersion returns the version of the cluster as charts see it, such as v1.37.2; "" if the cluster does not answer.
func (c *cluster) kubeVersion() string {
	info, err := c.discovery.ServerVersion()
	if err != nil {
		return ""
	}
	return info.GitVersion
}

// configure prepares the configuration of a command line for actions on this cluster.
func (c *cluster) configure(ctx context.Context, e *execution) error {
	warnings := rest.NewWarningWriter(&e.stderr, rest.WarningWriterOptions{Deduplicate: true})
	view := c.view(e.namespace, warnings)
	if err := e.config.Init(view, e.namespace, storageDriver, e.logf); err != nil {
		return err
	}
	e.config.SetHookOutputFunc(e.hookOutput)
	client := e.config.KubeClient.(*kube.Client) // created by Init
	client.Factory = sharedSchemaFactory{Factory: client.Factory, schema: c.schema}
	e.config.KubeClient = &kubeClient{Client: client, mapper: view.mapper, cluster: c.client, execution: e, ctx: ctx}
	return nil
}

// view returns a view of the cluster for one command. Its discovery documents stay the same until Helm invalidates
// them.
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

// ToRESTConfig returns a copy, because callers change it.
func (v *view) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(v.config), nil }

func (v *view) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return v.discovery, nil
}

func (v *view) ToRESTMapper() (meta.RESTMapper, error) { return v.mapper, nil }

// ToRawKubeConfigLoader returns a loader with only the namespace, because Helm reads nothing else.
func (v *view) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(clientcmdapi.Config{}, &clientcmd.ConfigOverrides{
		Context: clientcmdapi.Context{Namespace: v.namespace},
	})
}

// sharedSchemaFactory is Helm's factory with a schema that all command lines share.
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

// guardedSchema makes kubectl's schema safe for concurrent use. The first validation fetches the documents.
type guardedSchema struct {
	mutex  sync.Mutex
	schema validation.Schema
}

func (s *guardedSchema) ValidateBytes(manifest []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.schema.ValidateBytes(manifest)
}
