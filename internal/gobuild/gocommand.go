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

// goCommand is `go args…` in folder, with the environment of this process, but without a workspace, which may not
// hold the module in folder. Go's caches survive an interrupt, hence that and not a kill when ctx ends.
func goCommand(ctx context.Context, folder string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = folder
	command.Env = append(os.Environ(), "GOWORK=off")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	return command
}

// goCommand is `go args…` as the module is built.
func (m Module) goCommand(ctx context.Context, args ...string) *exec.Cmd {
	command := goCommand(ctx, m.Folder, args...)
	command.Env = append(command.Env, m.Env...)
	return command
}

// eachLine runs command and gives its standard error to known, line by line. The error of a command that fails ends with
// the last of the lines that known did not know: what the compiler or the module loader had to say.
func eachLine(command *exec.Cmd, known func(line string) bool) error {
	stderr, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("run %s: %w (is Go installed and on PATH?)", command, err)
	}
	const keep = 20
	var last []string
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := lines.Text(); !known(line) {
			last = append(last, line)
			last = last[max(0, len(last)-keep):]
		}
	}
	if err := command.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, strings.Join(last, "\n"))
	}
	return nil
}
