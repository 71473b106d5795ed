// Command standin takes the place of an image that a test cannot have, in a container as real as any other.
//
// It listens on the ports that its container declares and on no others, and there answers the paths that the image is known to answer (GET, 200) and no
// others (404). So a probe on the wrong port or path fails, as it would with the image. Below /standin/ it tells what it was given: its files,
// environment, user and limits; and it asks peers on request. When it is told to stop, it takes no more connections, finishes the requests that
// are under way, and ends.
//
// What it should do is in its image (see the package contract), so that it needs no arguments and ignores those that its container has. Where the
// container has a command of its own, the image has this program under that name.
//
// It is one static binary of the standard library alone, for Linux.
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

// run is the program: its name and arguments are args, and it is process pid of its container, of which the first is the container's own.
func run(ctx context.Context, args []string, pid int, in io.Reader, out io.Writer) (code int, err error) {
	agreed, err := contract.Parse(os.Getenv(contract.Variable))
	if err != nil {
		return 2, err
	}
	name := path.Base(args[0])
	switch {
	case name == path.Base(contract.Program) && len(args) > 1 && args[1] != "serve":
		return tellInside(ctx, args[1:], in, out)
	case pid != 1 && len(args) > 1 && args[1] == "serve", pid == 1: // the former in tests of this program
		return live(ctx, agreed, args, out)
	default:
		return execute(ctx, args, out)
	}
}

// tellInside tells who is in the container what they ask.
func tellInside(ctx context.Context, args []string, in io.Reader, out io.Writer) (int, error) {
	switch {
	case args[0] == "show" && len(args) == 2:
		return show(args[1], out)
	case args[0] == "get" && len(args) == 2:
		return 0, tell(out, reach(ctx, args[1]))
	case args[0] == "stream" && len(args) == 3:
		return 0, stream(ctx, args[1], args[2], in, out)
	case args[0] == "take" && len(args) == 2: // by itself, see takeMemory
		return take(args[1], in, out)
	}
	return 2, errors.New("usage: standin serve | show PATH | get URL | stream URL INTERVAL")
}

// live is the life of a container.
func live(ctx context.Context, agreed contract.Contract, args []string, out io.Writer) (int, error) {
	if code, told, err := exitCode(); told || err != nil {
		fmt.Fprintf(out, "stand-in: %s says to end with exit code %d\n", contract.Exit, code)
		return code, err
	}
	use := agreed.Of(containerName())
	if code, err := takeMemory(ctx, out); code != 0 {
		return code, err
	}
	if use.Task {
		return execute(ctx, args, out)
	}
	if err := serve(ctx, use.Ports, handler(agreed.Paths, out), out); err != nil {
		return 1, err
	}
	return 0, nil
}
