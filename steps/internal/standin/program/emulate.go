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

// emulate replaces a program that ends: an exec probe, a lifecycle hook, an init container, a Job or a chart test. It
// emulates the common network clients and sleep. Any other program is unknown, and succeeds unless contract.FailProbes
// is set.
func emulate(ctx context.Context, args []string, out io.Writer) (int, error) {
	name, words := path.Base(args[0]), args[1:]
	switch {
	case name == "wget", name == "curl":
		return emulateHTTPClient(ctx, name, words, out)
	case name == "nc":
		return emulateNetcat(ctx, words, out)
	case name == "redis-cli":
		return emulateRedisCLI(ctx, words, out)
	case name == "sleep":
		return emulateSleep(ctx, words)
	case name == "false":
		return 1, nil
	case failsProbes():
		return 1, errors.New("failing, as " + contract.FailProbes + " says")
	}
	fmt.Fprintf(out, "stand-in: %s is not in this image; it is assumed to succeed\n", strings.Join(args, " "))
	return 0, nil
}

// emulateHTTPClient emulates wget or curl: it prints the answers of the URLs among words. A status of 400 or more is a
// failure, but for curl only with --fail.
func emulateHTTPClient(ctx context.Context, name string, words []string, out io.Writer) (int, error) {
	failOnStatus := name == "wget" || slices.ContainsFunc(words, isFailFlag)
	urls := urlsIn(words)
	if len(urls) == 0 {
		return 2, fmt.Errorf("%s: no URL in %q", name, words)
	}
	for _, address := range urls {
		answer := ask(ctx, address)
		fmt.Fprint(out, answer.Body)
		switch {
		case answer.Error != "":
			return 1, fmt.Errorf("%s: %s", name, answer.Error)
		case failOnStatus && answer.Status >= http.StatusBadRequest:
			return 1, fmt.Errorf("%s: %s: status %d", name, address, answer.Status)
		}
	}
	return 0, nil
}

// isFailFlag reports whether a word is curl's --fail or -f, alone or with other short flags.
func isFailFlag(word string) bool {
	short := strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--")
	return word == "--fail" || short && strings.Contains(word, "f")
}

// urlsIn returns the URLs among the words of a command line. Other words are flags and their values, such as 5 or
// /dev/null. The default scheme is http.
func urlsIn(words []string) []string {
	var urls []string
	for _, word := range words {
		switch {
		case strings.HasPrefix(word, "-"), strings.HasPrefix(word, "/"), !strings.ContainsAny(word, ":./"):
		case strings.Contains(word, "://"):
			urls = append(urls, word)
		default:
			urls = append(urls, "http://"+word)
		}
	}
	return urls
}

// emulateNetcat emulates nc, whose last two words are a host and a port.
func emulateNetcat(ctx context.Context, words []string, out io.Writer) (int, error) {
	if len(words) < 2 {
		return 2, errors.New("nc: missing host and port")
	}
	address := "tcp://" + net.JoinHostPort(words[len(words)-2], words[len(words)-1])
	if answer := ask(ctx, address); answer.Error != "" {
		return 1, fmt.Errorf("nc: %s", answer.Error)
	}
	fmt.Fprintln(out, address, "is open")
	return 0, nil
}

// emulateRedisCLI emulates redis-cli with -h, -p and -a: it sends one command and prints the reply. An error reply is a
// failure.
func emulateRedisCLI(ctx context.Context, words []string, out io.Writer) (int, error) {
	flags := map[string]string{"-h": "127.0.0.1", "-p": "6379", "-a": ""}
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		if _, hasValue := flags[words[0]]; hasValue && len(words) > 1 {
			flags[words[0]] = words[1]
			words = words[1:]
		}
		words = words[1:]
	}
	address := url.URL{
		Scheme: "redis", Host: net.JoinHostPort(flags["-h"], flags["-p"]), Path: "/" + strings.Join(words, "/"),
	}
	if flags["-a"] != "" {
		address.User = url.UserPassword("", flags["-a"])
	}
	answer := ask(ctx, address.String())
	if answer.Error != "" {
		return 1, fmt.Errorf("redis-cli: %s", answer.Error)
	}
	fmt.Fprintln(out, answer.Body)
	if answer.Failed {
		return 1, nil
	}
	return 0, nil
}

// emulateSleep emulates sleep with a number of seconds, or a duration such as 1.5m.
func emulateSleep(ctx context.Context, words []string) (int, error) {
	if len(words) != 1 {
		return 2, errors.New("sleep: missing duration")
	}
	duration, err := time.ParseDuration(words[0])
	if err != nil {
		if duration, err = time.ParseDuration(words[0] + "s"); err != nil {
			return 2, fmt.Errorf("sleep: %w", err)
		}
	}
	select {
	case <-time.After(duration):
	case <-ctx.Done():
	}
	return 0, nil
}
