package gobuild

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// goCommand returns the command `go args…` in dir. It ignores a workspace, which need not contain the module in dir.
// When ctx ends, it is interrupted and not killed, so that Go's caches stay intact.
func goCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	return command
}

// goCommand returns the command `go args…` in the directory and with the environment of the module.
func (m Module) goCommand(ctx context.Context, args ...string) *exec.Cmd {
	command := goCommand(ctx, m.Dir, args...)
	command.Env = append(command.Env, m.Env...)
	return command
}

// forEachLine runs command and calls handle with each line of its standard error. handle returns whether the line is
// expected. If the command fails, the error ends with the last unexpected lines: the messages of the compiler or module
// loader.
func forEachLine(command *exec.Cmd, handle func(line string) bool) error {
	stderr, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("run %s: %w (is Go installed and on PATH?)", command, err)
	}
	const maxLines = 20
	var last []string
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := lines.Text(); !handle(line) {
			last = append(last, line)
			last = last[max(0, len(last)-maxLines):]
		}
	}
	if err := command.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, strings.Join(last, "\n"))
	}
	return nil
}
