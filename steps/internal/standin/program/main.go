// Command program is the stand-in: it replaces an image that a test does not have, in a real container.
//
// It listens on the ports that its container declares, and on no others. There it answers GET requests for the paths
// that the suite states with 200, and all others with 404, so that a probe of the wrong port or path fails as it would
// with the image. Below /standin/ it reports the container's files, environment, user and limits, and sends requests to
// peers. On SIGTERM it closes its ports, completes pending requests and ends.
//
// The contract in its image tells it what to do (package contract), so it needs no arguments, and ignores those that
// the container has. For each command that a container names, the image has a link to this program; see emulate.
//
// It is a static binary for Linux, and imports only the standard library.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path"
	"syscall"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	code, err := run(ctx, os.Args, os.Getpid(), os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "stand-in:", err)
	}
	os.Exit(code)
}

// run runs the program, whose name is args[0], as process pid of its container. Process 1 is the container's own;
// others are started by exec. Tests start `standin serve` with another pid.
func run(ctx context.Context, args []string, pid int, in io.Reader, out io.Writer) (code int, err error) {
	agreed, err := contract.Parse(os.Getenv(contract.Variable))
	if err != nil {
		return 2, err
	}
	subcommand := ""
	if len(args) > 1 {
		subcommand = args[1]
	}
	isStandIn := path.Base(args[0]) == path.Base(contract.Program)
	switch {
	case isStandIn && subcommand != "" && subcommand != "serve":
		return runSubcommand(ctx, args[1:], in, out)
	case pid == 1 || subcommand == "serve":
		return runContainer(ctx, agreed, args, out)
	}
	return emulate(ctx, args, out)
}

// runSubcommand runs a command that the suite starts in the container.
func runSubcommand(ctx context.Context, args []string, in io.Reader, out io.Writer) (int, error) {
	switch {
	case args[0] == "show" && len(args) == 2:
		return show(args[1], out)
	case args[0] == "get" && len(args) == 2:
		return 0, writeJSON(out, ask(ctx, args[1]))
	case args[0] == "stream" && len(args) == 3:
		return 0, stream(ctx, args[1], args[2], in, out)
	case args[0] == allocateCommand && len(args) == 2: // started by this program only
		return allocate(args[1], in, out)
	}
	return 2, errors.New("usage: standin serve | show PATH | get URL | stream URL INTERVAL")
}

// runContainer is the main process of a container.
func runContainer(ctx context.Context, agreed contract.Contract, args []string, out io.Writer) (int, error) {
	if code, set, err := exitCode(); set || err != nil {
		fmt.Fprintf(out, "stand-in: exiting with code %d, as %s says\n", code, contract.Exit)
		return code, err
	}
	use := agreed.Of(containerName())
	if code, err := useMemory(ctx, out); code != 0 {
		return code, err
	}
	if use.Task {
		return emulate(ctx, args, out)
	}
	if err := serve(ctx, use.Ports, handler(agreed.Paths, out), out); err != nil {
		return 1, err
	}
	return 0, nil
}
