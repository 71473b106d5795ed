package main

import (
	"fmt"
	"path/filepath"
)

// The names of the components. The binary takes one of them as its first argument.
const (
	etcd                  = "etcd"
	kubeAPIServer         = "kube-apiserver"
	kubeControllerManager = "kube-controller-manager"
	kubeScheduler         = "kube-scheduler"
	kwok                  = "kwok"
)

// dir is the private directory of a control plane. Its methods return the paths of the files in it.
type dir string

func (d dir) path(name string) string { return filepath.Join(string(d), name) }

func (d dir) caCert() string            { return d.path("ca.crt") }
func (d dir) caKey() string             { return d.path("ca.key") }
func (d dir) serverCert() string        { return d.path("server.crt") }
func (d dir) serverKey() string         { return d.path("server.key") }
func (d dir) serviceAccountKey() string { return d.path("service-account.key") }
func (d dir) tokens() string            { return d.path("tokens.csv") }
func (d dir) etcdSocket() string        { return d.path("etcd.sock") }
func (d dir) schedulerConfig() string   { return d.path("scheduler.yaml") }
func (d dir) logs() string              { return d.path("logs") }

// kubeconfig returns the path of the kubeconfig of a user.
func (d dir) kubeconfig(user string) string { return d.path(user + ".kubeconfig") }

// admin is the user whose kubeconfig the tests use.
const admin = "admin"

// etcdArgs makes etcd listen on a socket in the private directory, so that no other user can connect. It disables
// fsync, because a test cluster need not survive a power failure.
func etcdArgs(d dir) []string {
	client := "unix://" + d.etcdSocket()
	peer := "unix://" + d.path("peer.sock")
	return []string{
		"--name=default",
		"--data-dir=" + d.path("etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

// apiServerArgs configures the API server as kubeadm would, with RBAC and the default admission plugins, except for:
//
//   - one loopback address, and a port shared with the supervisor, which keeps it reserved
//   - no endpoints of the API server in the cluster, because they must not be loopback addresses
//   - no request throttling, because there is only one client
//   - no watch cache for Secrets. A read from the watch cache waits up to 100 ms until the cache has caught up with the
//     last write, and Helm reads its releases, which are Secrets, several times in each command.
func apiServerArgs(d dir, port int) []string {
	return []string{
		"--etcd-servers=unix://" + d.etcdSocket(),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--permit-port-sharing=true",
		"--tls-cert-file=" + d.serverCert(),
		"--tls-private-key-file=" + d.serverKey(),
		"--token-auth-file=" + d.tokens(),
		"--authorization-mode=RBAC",
		"--anonymous-auth=false",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + d.serviceAccountKey(),
		"--service-account-signing-key-file=" + d.serviceAccountKey(),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--endpoint-reconciler-type=none",
		"--allow-privileged=true",
		"--client-ca-file=" + d.caCert(),
		"--kubelet-preferred-address-types=" + string(kubeletAddress),
		"--enable-priority-and-fairness=false",
		"--watch-cache-sizes=secrets#0",
		"--max-requests-inflight=4000",
		"--max-mutating-requests-inflight=2000",
		"--profiling=false",
	}
}

// controllerManagerArgs lets the certificate authority sign CertificateSigningRequests, as kubeadm does. It raises the
// client-side rate limit, which is 20 requests a second by default, because a busy run reaches it first. A claim waits
// up to the binder's sync period, by default 15 s, for a volume that is created after it. One worker instead of five
// for Deployments, ReplicaSets and endpoints halves their writes: the changes to an object that waits for the worker
// are combined into one update of its status.
func controllerManagerArgs(d dir) []string {
	return []string{
		"--kubeconfig=" + d.kubeconfig(kubeControllerManager),
		"--leader-elect=false",
		"--secure-port=0",
		"--root-ca-file=" + d.caCert(),
		"--cluster-signing-cert-file=" + d.caCert(),
		"--cluster-signing-key-file=" + d.caKey(),
		"--service-account-private-key-file=" + d.serviceAccountKey(),
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--pvclaimbinder-sync-period=1s",
		"--concurrent-deployment-syncs=1",
		"--concurrent-replicaset-syncs=1",
		"--concurrent-endpoint-syncs=1",
		"--concurrent-service-endpoint-syncs=1",
		"--profiling=false",
	}
}

// emulation returns the flags with which a component behaves as an earlier minor version of Kubernetes, such as 1.35.
// It returns none for "". The API server, the controller manager and the scheduler must all have them: with an
// emulating API server alone, the scheduler of a later version waits for APIs that are not served.
func emulation(version string) []string {
	if version == "" {
		return nil
	}
	return []string{"--emulated-version=" + version}
}

func schedulerArgs(d dir) []string {
	return []string{
		"--config=" + d.schedulerConfig(),
		"--secure-port=0",
	}
}

// schedulerConfig raises the client-side rate limit as for the controller manager, and retries unschedulable pods soon.
func schedulerConfig(d dir) string {
	return fmt.Sprintf(`apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: %q, qps: 1000, burst: 2000}
podInitialBackoffSeconds: 1
podMaxBackoffSeconds: 2
enableProfiling: false
`, d.kubeconfig(kubeScheduler))
}
