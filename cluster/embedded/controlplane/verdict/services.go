package verdict

import (
	"net"

	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/apis/core"
	kubeoptions "k8s.io/kubernetes/pkg/kubeapiserver/options"
	"k8s.io/kubernetes/pkg/registry/core/service/ipallocator"
	"k8s.io/kubernetes/pkg/registry/core/service/portallocator"
	servicestorage "k8s.io/kubernetes/pkg/registry/core/service/storage"
)

// services returns the storage of Services, with addresses and node ports that are allocated in memory. The storage of
// the API server keeps them in etcd.
func (s *stores) services() (rest.Storage, error) {
	addresses, err := ipallocator.NewInMemory(&clusterIPs)
	if err != nil {
		return nil, err
	}
	byFamily := map[core.IPFamily]ipallocator.Interface{core.IPv4Protocol: anyAddress{addresses}}
	services, _, _, err := servicestorage.NewREST(s, core.IPv4Protocol, byFamily, s.ports, nil, nil, nil)
	return services, err
}

// clusterIPs is the range of the addresses of Services, as in the embedded cluster.
var clusterIPs = net.IPNet{IP: net.IPv4(10, 96, 0, 0).To4(), Mask: net.CIDRMask(16, 32)}

// anyAddress gives Services addresses of a range, and lets them have any other: each cluster has another range.
type anyAddress struct{ ipallocator.Interface }

// Allocate implements ipallocator.Interface.
func (anyAddress) Allocate(net.IP) error { return nil }

// AllocateNext implements ipallocator.Interface. The address stays free.
func (a anyAddress) AllocateNext() (net.IP, error) { return a.Interface.DryRun().AllocateNext() }

// Release implements ipallocator.Interface.
func (anyAddress) Release(net.IP) error { return nil }

// nodePorts allocates node ports in the default range. Two Services of a release cannot have the same.
type nodePorts struct{ portallocator.Interface }

// reset frees all ports.
func (p *nodePorts) reset() (err error) {
	p.Interface, err = portallocator.NewInMemory(kubeoptions.DefaultServiceNodePortRange)
	return err
}
