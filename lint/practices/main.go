// Command practices runs the checks of kube-score for the linter, which starts it for --practices.
//
//	practices          reads releases from stdin, and writes the findings in each to stdout
//	practices -checks  writes the catalog of the checks
//
// It is a Go module of its own, because kube-score imports packages of k8s.io/api that the linter's version of it no
// longer has.
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

// serve checks each release on stdin until stdin ends. A release is a JSON list of manifests, which are strings of
// YAML. The answer to it is a JSON list of findings, on one line of stdout.
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
			return fmt.Errorf("write the findings: %w", err)
		}
	}
}
