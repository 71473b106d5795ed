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

// serve answers on ports until ctx ends; then it finishes the requests that are under way. With no ports it only waits.
func serve(ctx context.Context, ports []int32, answers http.Handler, out io.Writer) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // which gRPC probes speak
	server := &http.Server{Handler: answers, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, len(ports))
	for _, port := range ports {
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return errors.Join(err, server.Close())
		}
		go func() { failed <- server.Serve(listener) }()
	}
	fmt.Fprintf(out, "stand-in: serves on %s\n", list(ports))
	select {
	case err := <-failed:
		return errors.Join(err, server.Close())
	case <-ctx.Done():
	}
	fmt.Fprintln(out, "stand-in: stops")
	return server.Shutdown(context.Background()) // the kubelet's grace period bounds it
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

// handler answers paths, gRPC health checks, and what is below contract.Prefix. It writes to out which requests were refused.
func handler(paths []string, out io.Writer) http.Handler {
	routes := http.NewServeMux()
	routes.Handle(contract.Prefix, http.StripPrefix(strings.TrimSuffix(contract.Prefix, "/"), inside()))
	routes.HandleFunc("POST "+grpcHealth, answerGRPC)
	said := new(sync.Map)
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !slices.Contains(paths, r.URL.Path):
			why := fmt.Sprintf("%s %s on %s: 404, as this stand-in answers only %s", r.Method, r.URL.Path, port(r), strings.Join(paths, " "))
			if _, before := said.LoadOrStore(why, true); !before {
				fmt.Fprintln(out, "stand-in:", why)
			}
			http.Error(w, why, http.StatusNotFound)
		case failsProbes():
			http.Error(w, contract.FailProbes+" says to fail", http.StatusServiceUnavailable)
		default:
			host, _ := os.Hostname()
			fmt.Fprintln(w, host)
		}
	})
	return routes
}

func port(r *http.Request) string {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return "no port"
	}
	_, port, _ := net.SplitHostPort(local.String())
	return "port " + port
}

func failsProbes() bool { return os.Getenv(contract.FailProbes) == "fail" }

// answerGRPC is grpc.health.v1.Health/Check: a frame (a flag, four bytes of length) around a message whose first field is the status.
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
