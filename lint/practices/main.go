// Command practices runs the checks of kube-score, for the linter, whose --practices starts it.
//
//	practices          reads releases from its input, and writes what kube-score finds in each
//	practices -checks  writes which checks there are
//
// It is a Go module of its own because kube-score needs packages of k8s.io/api that the release of Kubernetes that the linter is
// built with no longer has.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "practices: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string, stdin io.Reader, stdout io.Writer) error {
	switch {
	case len(args) == 0:
		return serve(stdin, stdout)
	case len(args) == 1 && args[0] == "-checks":
		return writeCatalog(stdout)
	}
	return fmt.Errorf("unexpected arguments %q: want none, or -checks", args)
}

// serve answers each release with what is found in it, until its input ends. A release is a JSON list of its manifests, which are
// texts of YAML; an answer is a JSON list of findings, on a line.
func serve(stdin io.Reader, stdout io.Writer) error {
	requests := json.NewDecoder(bufio.NewReader(stdin))
	answers := json.NewEncoder(stdout)
	answers.SetEscapeHTML(false)
	for {
		var release []string
		if err := requests.Decode(&release); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read a release: %w", err)
		}
		found, err := check(release)
		if err != nil {
			return err
		}
		if err := answers.Encode(found); err != nil {
			return fmt.Errorf("write what was found: %w", err)
		}
	}
}
