package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net/netip"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Nothing listens on the addresses of the cluster. Those of load balancers are reserved for benchmarks (RFC 2544), so
// that they lead nowhere. Both ranges have so many that none is used twice in a run.
var (
	podAddresses          = addressRange{first: netip.MustParseAddr("10.128.0.1")}
	loadBalancerAddresses = addressRange{first: netip.MustParseAddr("198.18.0.1")}
)

// addressRange is a range of IPv4 addresses that are handed out one after another.
type addressRange struct {
	first netip.Addr
	used  atomic.Uint32
}

// next returns an address that it has not returned before.
func (r *addressRange) next() string {
	first := r.first.As4()
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], binary.BigEndian.Uint32(first[:])+r.used.Add(1)-1)
	return netip.AddrFrom4(address).String()
}

// provideLoadBalancers gives Services and Ingresses addresses, in the background until ctx ends: a Service of type
// LoadBalancer unless it names a class, which stands for another load balancer, and an Ingress that names a class,
// because which classes there are depends on the cluster that the chart is for.
func provideLoadBalancers(ctx context.Context, client kubernetes.Interface) error {
	shared := informers.NewSharedInformerFactory(client, 0)
	services := func(object any) {
		service := object.(*corev1.Service)
		if service.Spec.Type != corev1.ServiceTypeLoadBalancer || service.Spec.LoadBalancerClass != nil ||
			len(service.Status.LoadBalancer.Ingress) > 0 {
			return
		}
		_, err := client.CoreV1().Services(service.Namespace).Patch(ctx, service.Name, types.MergePatchType,
			loadBalancerStatus(service.UID, service.Spec.LoadBalancerIP), metav1.PatchOptions{}, "status")
		report(ctx, err)
	}
	ingresses := func(object any) {
		ingress := object.(*networkingv1.Ingress)
		named := ingress.Spec.IngressClassName != nil || ingress.Annotations[ingressClassAnnotation] != ""
		if !named || len(ingress.Status.LoadBalancer.Ingress) > 0 {
			return
		}
		_, err := client.NetworkingV1().Ingresses(ingress.Namespace).Patch(ctx, ingress.Name, types.MergePatchType,
			loadBalancerStatus(ingress.UID, ""), metav1.PatchOptions{}, "status")
		report(ctx, err)
	}
	for informer, changed := range map[cache.SharedIndexInformer]func(any){
		shared.Core().V1().Services().Informer():        services,
		shared.Networking().V1().Ingresses().Informer(): ingresses,
	} {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: changed, UpdateFunc: func(_, object any) { changed(object) },
		})
		if err != nil {
			return err
		}
	}
	shared.Start(ctx.Done())
	return nil
}

// ingressClassAnnotation is the older way to name the class of an Ingress.
const ingressClassAnnotation = "kubernetes.io/ingress.class"

// loadBalancerStatus returns a patch that gives the object an address: the requested one, or if that is "", a new one.
func loadBalancerStatus(object types.UID, address string) []byte {
	if address == "" {
		address = loadBalancerAddresses.next()
	}
	patch, _ := json.Marshal(map[string]any{ // strings only, so that it cannot fail
		"metadata": map[string]any{"uid": object}, // another object of this name gets its own
		"status":   map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": address}}}},
	})
	return patch
}

// report logs the error of a request unless it is that the object has been deleted or replaced.
func report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		runtime.HandleErrorWithContext(ctx, err, "Give an object an address")
	}
}
