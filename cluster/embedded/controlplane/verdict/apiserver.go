package verdict

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/egressselector"
	"k8s.io/apiserver/pkg/server/options"
	"k8s.io/apiserver/pkg/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/apiserver/pkg/storage/storagebackend/factory"
	utilcompatibility "k8s.io/apiserver/pkg/util/compatibility"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	clientrest "k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-base/compatibility"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/capabilities"
	"k8s.io/kubernetes/pkg/controlplane"
	controlplaneapiserver "k8s.io/kubernetes/pkg/controlplane/apiserver"
	"k8s.io/kubernetes/pkg/controlplane/reconcilers"
	"k8s.io/kubernetes/pkg/kubeapiserver"
)

// apiServer is the registry of the API server of one version of Kubernetes, over empty storage.
type apiServer struct {
	version compatibility.EffectiveVersion
	kinds   map[schema.GroupVersionKind]*kind
	ports   *nodePorts
}

// kind is a kind that the API server serves.
type kind struct {
	schema.GroupVersionKind
	resource   schema.GroupVersionResource
	namespaced bool
	storage    storageOfKind
	memory     *memory
}

// storageOfKind is what a kind needs so that objects can be created and updated.
type storageOfKind interface {
	rest.Storage
	rest.Scoper
	rest.Creater
	rest.Updater
}

// newAPIServer returns the registry for a version that this control plane can emulate. It emulates that version; see
// [apiServer.emulate].
func newAPIServer(emulated compatibility.MutableEffectiveVersion) (*apiServer, error) {
	installDefinitions()
	s := &apiServer{version: emulated, kinds: map[schema.GroupVersionKind]*kind{}, ports: &nodePorts{}}
	if err := s.emulate(); err != nil {
		return nil, err
	}
	const allowPrivileged = true // as in the embedded cluster
	capabilities.Setup(allowPrivileged, 0)
	stores := &stores{ports: s.ports, memories: map[schema.GroupResource]*memory{}}
	config, err := stores.config(emulated)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config.ControlPlane.Generic.LoopbackClientConfig)
	if err != nil {
		return nil, err
	}
	providers, err := config.Complete().StorageProviders(client)
	if err != nil {
		return nil, err
	}
	for _, provider := range providers {
		if err := s.add(provider, stores); err != nil {
			return nil, fmt.Errorf("API group %q: %w", provider.GroupName(), err)
		}
	}
	return s, s.addDefinitions(stores)
}

// installDefinitions adds CustomResourceDefinitions to the scheme. In the API server, they have one of their own.
var installDefinitions = sync.OnceFunc(func() { install.Install(legacyscheme.Scheme) })

// addDefinitions adds the kind CustomResourceDefinition.
func (s *apiServer) addDefinitions(stores *stores) error {
	storage, err := customresourcedefinition.NewREST(legacyscheme.Scheme, stores)
	if err != nil {
		return fmt.Errorf("API group %q: %w", apiextensions.GroupName, err)
	}
	s.addKind(apiextensionsv1.SchemeGroupVersion.WithResource("customresourcedefinitions"), storage, stores)
	return nil
}

// emulate makes this process behave as the version of the API server. Feature gates are global, so a process can
// emulate one version at a time.
func (s *apiServer) emulate() error {
	return utilfeature.DefaultMutableFeatureGate.SetEmulationVersionAndMinCompatibilityVersion(
		s.version.EmulationVersion(), s.version.MinCompatibilityVersion())
}

// effectiveVersion returns the version to emulate for a minor version such as 1.36, or for "" the control plane's own.
func effectiveVersion(minor string) (compatibility.MutableEffectiveVersion, error) {
	effective := utilcompatibility.DefaultBuildEffectiveVersion()
	if minor == "" {
		return effective, nil
	}
	parsed, err := version.ParseMajorMinor(minor)
	if err != nil {
		return nil, err
	}
	effective.SetEmulationVersion(parsed)
	for _, err := range effective.Validate() {
		return nil, err
	}
	return effective, nil
}

// add adds the kinds of an API group that the version serves.
func (s *apiServer) add(provider controlplaneapiserver.RESTStorageProvider, stores *stores) error {
	enabled := controlplane.DefaultAPIResourceConfigSource()
	group, err := provider.NewRESTStorage(enabled, stores)
	if err != nil {
		return err
	}
	if core, isCore := group.VersionedResourcesStorageMap["v1"]; isCore && provider.GroupName() == "" {
		if core["services"], err = stores.services(); err != nil {
			return err
		}
	}
	evaluator, err := genericapiserver.NewResourceExpirationEvaluator(s.version.EmulationVersion())
	if err != nil {
		return err
	}
	served := group.VersionedResourcesStorageMap
	err = evaluator.RemoveUnavailableKinds(provider.GroupName(), group.Scheme, served, enabled)
	for apiVersion, resources := range served {
		for resource, storage := range resources {
			at := schema.GroupVersion{Group: provider.GroupName(), Version: apiVersion}.WithResource(resource)
			s.addKind(at, storage, stores)
		}
	}
	return err
}

// addKind adds the kind of a resource, unless it is a subresource or cannot be created and updated.
func (s *apiServer) addKind(at schema.GroupVersionResource, storage rest.Storage, stores *stores) {
	writable, ok := storage.(storageOfKind)
	if !ok || strings.Contains(at.Resource, "/") {
		return
	}
	kinds, _, err := legacyscheme.Scheme.ObjectKinds(storage.New())
	memory := stores.memories[at.GroupResource()]
	if err != nil || memory == nil {
		return // it is not stored, such as a review
	}
	gvk := at.GroupVersion().WithKind(kinds[0].Kind)
	s.kinds[gvk] = &kind{
		GroupVersionKind: gvk, resource: at, namespaced: writable.NamespaceScoped(), storage: writable, memory: memory,
	}
}

// stores makes the storage of all kinds.
type stores struct {
	options  options.StorageFactoryRestOptionsFactory
	ports    *nodePorts
	memories map[schema.GroupResource]*memory
}

// GetRESTOptions implements generic.RESTOptionsGetter.
func (s *stores) GetRESTOptions(resource schema.GroupResource, example runtime.Object) (generic.RESTOptions, error) {
	options, err := s.options.GetRESTOptions(resource, example)
	options.CountMetricPollPeriod = 0
	options.Decorator = func(
		*storagebackend.ConfigForResource, string, func(runtime.Object) (string, error), func() runtime.Object,
		func() runtime.Object, storage.AttrFunc, storage.IndexerFuncs, *cache.Indexers,
	) (storage.Interface, factory.DestroyFunc, error) {
		m := &memory{}
		s.memories[resource] = m
		return m, func() {}, nil
	}
	return options, err
}

// config returns the configuration of the API server, as far as its registry needs it.
func (s *stores) config(effective compatibility.EffectiveVersion) (*controlplane.Config, error) {
	etcd := options.NewEtcdOptions(storagebackend.NewDefaultConfig("/registry", nil))
	etcd.EnableWatchCache = false
	etcd.StorageConfig.Transport, etcd.StorageConfig.CompactionInterval = nowhere(), 0
	resources := kubeapiserver.NewStorageFactoryConfigEffectiveVersion(effective)
	resources.APIResourceConfig = controlplane.DefaultAPIResourceConfigSource()
	storageFactory, err := resources.Complete(etcd).New()
	if err != nil {
		return nil, err
	}
	s.options = options.StorageFactoryRestOptionsFactory{Options: *etcd, StorageFactory: storageFactory}

	server := genericapiserver.NewConfig(legacyscheme.Codecs)
	server.EffectiveVersion = effective
	server.ExternalAddress = "127.0.0.1:443"
	server.LoopbackClientConfig = &clientrest.Config{Host: "https://127.0.0.1:443"} // it is never used
	server.Authorization.Authorizer = authorizerfactory.NewAlwaysAllowAuthorizer()
	client, err := kubernetes.NewForConfig(server.LoopbackClientConfig)
	if err != nil {
		return nil, err
	}
	clients := informers.NewSharedInformerFactory(client, 0) // it is never started
	return &controlplane.Config{
		ControlPlane: controlplaneapiserver.Config{
			Generic: server,
			Extra: controlplaneapiserver.Extra{
				APIResourceConfigSource: storageFactory.APIResourceConfigSource,
				StorageFactory:          storageFactory,
				VersionedInformers:      clients,
			},
		},
		Extra: controlplane.Extra{
			ServiceIPRange:         clusterIPs,
			EndpointReconcilerType: reconcilers.NoneEndpointReconcilerType,
		},
	}, nil
}

// nowhere returns the address of an etcd in this process that stores nothing. The allocator of node ports connects to
// etcd when it is made, although it is replaced then.
func nowhere() storagebackend.TransportConfig {
	const size = 4 << 10
	listener := bufconn.Listen(size)
	server := grpc.NewServer()
	etcdserverpb.RegisterMaintenanceServer(server, emptyEtcd{})
	go func() { _ = server.Serve(listener) }() // until the process ends
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return listener.DialContext(ctx) }
	return storagebackend.TransportConfig{
		ServerList:   []string{"http://nowhere.invalid"},
		EgressLookup: func(egressselector.NetworkContext) (utilnet.DialFunc, error) { return dial, nil },
	}
}

// emptyEtcd answers the question for its version, which clients ask when they connect.
type emptyEtcd struct {
	etcdserverpb.UnimplementedMaintenanceServer
}

// Status implements etcdserverpb.MaintenanceServer.
func (emptyEtcd) Status(context.Context, *etcdserverpb.StatusRequest) (*etcdserverpb.StatusResponse, error) {
	return &etcdserverpb.StatusResponse{Version: "3.7.0"}, nil
}
