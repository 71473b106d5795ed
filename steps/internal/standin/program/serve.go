package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// serve answers requests on ports until ctx ends, and then completes pending requests. Without ports it only waits.
func serve(ctx context.Context, ports []int32, answers http.Handler, out io.Writer) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // for gRPC probes
	server := &http.Server{Handler: answers, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, len(ports))
	for _, port := range ports {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return errors.Join(err, server.Close())
		}
		go func() { failed <- server.Serve(listener) }()
	}
	fmt.Fprintf(out, "stand-in: listening on %s\n", list(ports))
	select {
	case err := <-failed:
		return errors.Join(err, server.Close())
	case <-ctx.Done():
	}
	fmt.Fprintln(out, "stand-in: shutting down")
	return server.Shutdown(context.Background()) // the kubelet kills the container after the grace period
}

func list(ports []int32) string {
	if len(ports) == 0 {
		return "no port"
	}
	words := make([]string, len(ports))
	for i, port := range ports {
		words[i] = fmt.Sprint(port)
	}
	return "port " + strings.Join(words, ", ")
}

// grpcHealth is the path of a gRPC health check.
const grpcHealth = "/grpc.health.v1.Health/Check"

// handler answers requests for these paths, gRPC health checks, and requests below contract.Prefix. It prints each kind
// of refused request to out once.
func handler(paths []string, out io.Writer) http.Handler {
	routes := http.NewServeMux()
	routes.Handle(contract.Prefix, http.StripPrefix(strings.TrimSuffix(contract.Prefix, "/"), introspect()))
	routes.HandleFunc("POST "+grpcHealth, answerGRPC)
	var refused sync.Map
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !slices.Contains(paths, r.URL.Path):
			reason := fmt.Sprintf("%s %s on %s: 404 (this stand-in answers only %s)",
				r.Method, r.URL.Path, localPort(r), strings.Join(paths, " "))
			if _, printed := refused.LoadOrStore(reason, true); !printed {
				fmt.Fprintln(out, "stand-in:", reason)
			}
			http.Error(w, reason, http.StatusNotFound)
		case failsProbes():
			http.Error(w, "failing, as "+contract.FailProbes+" says", http.StatusServiceUnavailable)
		default:
			host, _ := os.Hostname()
			fmt.Fprintln(w, host)
		}
	})
	return routes
}

// localPort returns the port that a request came to, for people.
func localPort(r *http.Request) string {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return "no port"
	}
	_, port, _ := net.SplitHostPort(local.String())
	return "port " + port
}

func failsProbes() bool { return os.Getenv(contract.FailProbes) == "fail" }

// answerGRPC answers grpc.health.v1.Health/Check. A message is preceded by a compression flag and 4 bytes of length;
// its only field is the status.
func answerGRPC(w http.ResponseWriter, r *http.Request) {
	const field, serving, notServing = 0x08, 1, 2
	status := byte(serving)
	if failsProbes() {
		status = notServing
	}
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	_, _ = w.Write([]byte{0, 0, 0, 0, 2, field, status})
	w.Header().Set("Grpc-Status", "0")
}
