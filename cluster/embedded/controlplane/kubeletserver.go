package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"net"
	"net/http"
)

// noContainers is the answer to every request to a kubelet, such as for logs, exec, attach and port forwarding.
const noContainers = "the node of this pod is simulated and runs no container: there are no logs, and exec, " +
	"attach and port forwarding do not work; a scenario that needs them needs the tag @containers and, for example, " +
	"-cluster=kind"

// serveKubelets answers what the API server asks a kubelet, until ctx ends. It returns the port on localhost, which is
// the one of all nodes.
func serveKubelets(ctx context.Context) (port int32, err error) {
	ca, err := newAuthority()
	if err != nil {
		return 0, err
	}
	cert, key, err := ca.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: kwok}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return 0, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return 0, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, noContainers, http.StatusBadRequest)
		}),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
		ErrorLog:  log.New(io.Discard, "", 0), // the API server tells its client
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.ServeTLS(listener, "", "") }()
	return int32(listener.Addr().(*net.TCPAddr).Port), nil
}
