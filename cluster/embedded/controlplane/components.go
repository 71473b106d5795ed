package main

import (
	"fmt"
	"path/filepath"
)

// The components, by the names that people know them by; each is the role that the binary is called with.
const (
	etcd                  = "etcd"
	kubeAPIServer         = "kube-apiserver"
	kubeControllerManager = "kube-controller-manager"
	kubeScheduler         = "kube-scheduler"
	nodes                 = "kwok"
)

// folder is the private folder of one control plane. What every file in it is called is said here and nowhere else.
type folder string

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

func (f folder) caCert() string            { return f.path("ca.crt") }
func (f folder) serverCert() string        { return f.path("server.crt") }
func (f folder) serverKey() string         { return f.path("server.key") }
func (f folder) serviceAccountKey() string { return f.path("service-account.key") }
func (f folder) tokens() string            { return f.path("tokens.csv") }
func (f folder) etcdSocket() string        { return f.path("etcd.sock") }
func (f folder) schedulerConfig() string   { return f.path("scheduler.yaml") }
func (f folder) logs() string              { return f.path("logs") }

// kubeconfig is the file with the credentials of user.
func (f folder) kubeconfig(user string) string { return f.path(user + ".kubeconfig") }

// admin is the user whose kubeconfig the tests get: a member of system:masters, as kubeadm's admin is.
const admin = "admin"

// etcdArgs has etcd listen on a socket in the private folder, which is both its address and its lock on the door.
// A test cluster has nothing to lose in a power cut, hence no fsync.
func etcdArgs(f folder) []string {
	client := "unix://" + f.etcdSocket()
	peer := "unix://" + f.path("peer.sock")
	return []string{
		"--name=default",
		"--data-dir=" + f.path("etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

// apiServerArgs keeps the API server as kubeadm would run it, RBAC and the default admission plugins included, but for: one loopback
// address, a port that the supervisor holds reserved (hence the port sharing), no endpoints of its own in the
// cluster (a loopback address may not be one), no throttling of its only user, and Secrets read from etcd. A read from the
// watch cache waits until the cache has caught up with the last write, 100 ms at worst; Helm, which keeps its releases in Secrets, reads
// them several times for every command.
func apiServerArgs(f folder, port int) []string {
	return []string{
		"--etcd-servers=unix://" + f.etcdSocket(),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--permit-port-sharing=true",
		"--tls-cert-file=" + f.serverCert(),
		"--tls-private-key-file=" + f.serverKey(),
		"--token-auth-file=" + f.tokens(),
		"--authorization-mode=RBAC",
		"--anonymous-auth=false",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + f.serviceAccountKey(),
		"--service-account-signing-key-file=" + f.serviceAccountKey(),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--endpoint-reconciler-type=none",
		"--allow-privileged=true",
		"--enable-priority-and-fairness=false",
		"--watch-cache-sizes=secrets#0",
		"--max-requests-inflight=4000",
		"--max-mutating-requests-inflight=2000",
		"--profiling=false",
	}
}

// controllerManagerArgs lifts the client-side limit (20 requests a second by default), which is what a
// busy test run meets first. One worker each for Deployments, ReplicaSets and endpoints, instead of five, halves what they write: what happens to an
// object while it waits for its turn becomes one update of its status.
func controllerManagerArgs(f folder) []string {
	return []string{
		"--kubeconfig=" + f.kubeconfig(kubeControllerManager),
		"--leader-elect=false",
		"--secure-port=0",
		"--root-ca-file=" + f.caCert(),
		"--service-account-private-key-file=" + f.serviceAccountKey(),
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--concurrent-deployment-syncs=1",
		"--concurrent-replicaset-syncs=1",
		"--concurrent-endpoint-syncs=1",
		"--concurrent-service-endpoint-syncs=1",
		"--profiling=false",
	}
}

func schedulerArgs(f folder) []string {
	return []string{
		"--config=" + f.schedulerConfig(),
		"--secure-port=0",
	}
}

// schedulerConfig lifts the client-side limit as for the controller manager, and has an unschedulable pod tried again soon.
func schedulerConfig(f folder) string {
	return fmt.Sprintf(`apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: %q, qps: 1000, burst: 2000}
podInitialBackoffSeconds: 1
podMaxBackoffSeconds: 2
enableProfiling: false
`, f.kubeconfig(kubeScheduler))
}
