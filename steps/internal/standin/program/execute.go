package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// execute stands for a program that ends: an exec probe, a lifecycle hook, an init container, a Job, a test of the chart. The clients that such programs are made of
// ask for what they are asked to, and fail where they would fail. Of all others nobody knows what they do: they succeed, unless probes are to fail.
func execute(ctx context.Context, args []string, out io.Writer) (int, error) {
	name, words := path.Base(args[0]), args[1:]
	switch {
	case name == "wget", name == "curl":
		return fetch(ctx, name, words, out)
	case name == "nc":
		return connect(ctx, words, out)
	case name == "redis-cli":
		return redis(ctx, words, out)
	case name == "sleep":
		return pause(ctx, words)
	case name == "false":
		return 1, nil
	case failsProbes():
		return 1, errors.New(contract.FailProbes + " says to fail")
	}
	fmt.Fprintf(out, "stand-in: %s is not there to be run; this passes for its success\n", strings.Join(args, " "))
	return 0, nil
}

// fetch is wget or curl: it prints what the URLs among words answer. A status of 400 or more fails, with curl only if --fail says so.
func fetch(ctx context.Context, name string, words []string, out io.Writer) (int, error) {
	strict := name == "wget" || slices.ContainsFunc(words, func(word string) bool {
		return word == "--fail" || strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && strings.Contains(word, "f")
	})
	asked := false
	for _, word := range words {
		if strings.HasPrefix(word, "-") || strings.HasPrefix(word, "/") || !strings.ContainsAny(word, ":./") {
			continue // a flag, or its value
		}
		if !strings.Contains(word, "://") {
			word = "http://" + word
		}
		asked = true
		answer := reach(ctx, word)
		fmt.Fprint(out, answer.Body)
		if answer.Error != "" {
			return 1, fmt.Errorf("%s: %s", name, answer.Error)
		}
		if strict && answer.Status >= http.StatusBadRequest {
			return 1, fmt.Errorf("%s: %s: status %d", name, word, answer.Status)
		}
	}
	if !asked {
		return 2, fmt.Errorf("%s: no URL in %q", name, words)
	}
	return 0, nil
}

// connect is nc: its last two words are host and port.
func connect(ctx context.Context, words []string, out io.Writer) (int, error) {
	if len(words) < 2 {
		return 2, errors.New("nc: needs host and port")
	}
	address := "tcp://" + net.JoinHostPort(words[len(words)-2], words[len(words)-1])
	if answer := reach(ctx, address); answer.Error != "" {
		return 1, fmt.Errorf("nc: %s", answer.Error)
	}
	fmt.Fprintln(out, address, "is open")
	return 0, nil
}

// redis is redis-cli with -h, -p and -a: it sends one command and prints the reply, and fails where that is an error.
func redis(ctx context.Context, words []string, out io.Writer) (int, error) {
	flags := map[string]string{"-h": "127.0.0.1", "-p": "6379", "-a": ""}
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		if _, takes := flags[words[0]]; takes && len(words) > 1 {
			flags[words[0]] = words[1]
			words = words[1:]
		}
		words = words[1:]
	}
	address := url.URL{Scheme: "redis", Host: net.JoinHostPort(flags["-h"], flags["-p"]), Path: "/" + strings.Join(words, "/")}
	if flags["-a"] != "" {
		address.User = url.UserPassword("", flags["-a"])
	}
	answer := reach(ctx, address.String())
	if answer.Error != "" {
		return 1, fmt.Errorf("redis-cli: %s", answer.Error)
	}
	fmt.Fprintln(out, answer.Body)
	if answer.Failed {
		return 1, nil
	}
	return 0, nil
}

// pause is sleep, with a number of seconds or a duration such as 1.5m.
func pause(ctx context.Context, words []string) (int, error) {
	if len(words) != 1 {
		return 2, errors.New("sleep: needs a duration")
	}
	length, err := time.ParseDuration(words[0])
	if err != nil {
		if length, err = time.ParseDuration(words[0] + "s"); err != nil {
			return 2, fmt.Errorf("sleep: %w", err)
		}
	}
	select {
	case <-time.After(length):
	case <-ctx.Done():
	}
	return 0, nil
}
