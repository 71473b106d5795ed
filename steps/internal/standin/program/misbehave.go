package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// exitCode returns the value of contract.Exit, and whether it is set.
func exitCode() (code int, set bool, err error) {
	text := os.Getenv(contract.Exit)
	if text == "" {
		return 0, false, nil
	}
	number, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return 2, true, fmt.Errorf("%s must be an exit code, 0 to 255: %w", contract.Exit, err)
	}
	return int(number), true, nil
}

// killedCode is the exit code of a container whose process was killed.
const killedCode = 128 + int(syscall.SIGKILL)

// allocateCommand is the subcommand of the process that useMemory starts.
const allocateCommand = "allocate"

// useMemory starts a process that allocates as much memory as contract.Memory says, and returns once it has. The
// process ends with this one. If the kernel kills it for want of memory, this process ends with killedCode.
//
// The memory is in another process because the kernel ends a container together with its first process. With version 1
// of control groups, containerd may then notice the end before the reason, and report no OOMKilled. So the kernel kills
// the other process, and this one ends a little later.
func useMemory(ctx context.Context, out io.Writer) (code int, err error) {
	text := os.Getenv(contract.Memory)
	if text == "" {
		return 0, nil
	}
	size, err := parseBytes(text)
	if err != nil {
		return 2, fmt.Errorf("%s: %w", contract.Memory, err)
	}
	fmt.Fprintf(out, "stand-in: allocating %s of memory, as %s says\n", text, contract.Memory)
	process := exec.CommandContext(ctx, "/proc/self/exe")
	process.Args = []string{contract.Program, allocateCommand, strconv.FormatInt(size, 10)}
	process.Stderr = os.Stderr
	_, stdinErr := process.StdinPipe() // never written to; it is closed when this process ends
	stdout, stdoutErr := process.StdoutPipe()
	if err := errors.Join(stdinErr, stdoutErr); err != nil {
		return 2, err
	}
	if err := process.Start(); err != nil {
		return 2, fmt.Errorf("allocate memory: %w", err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil { // it ended before it had allocated everything
		return waitAllocated(ctx, process)
	}
	go func() {
		if code, err := waitAllocated(ctx, process); code != 0 {
			fmt.Fprintln(os.Stderr, "stand-in:", err)
			os.Exit(code) // abruptly, as if the kernel had killed this process
		}
	}()
	return 0, nil
}

// waitAllocated waits for the end of the process that allocates memory, and returns the exit code of the container,
// which is 0 if ctx ended it.
func waitAllocated(ctx context.Context, process *exec.Cmd) (code int, err error) {
	err = process.Wait()
	if ctx.Err() != nil {
		return 0, nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		return 2, fmt.Errorf("allocate memory: %w", err)
	}
	time.Sleep(time.Second) // until containerd knows the reason, which it does not announce in the container
	return killedCode, fmt.Errorf("the process that allocated the memory of %s was killed", contract.Memory)
}

// allocate allocates memory, prints a line, and keeps the memory until its input ends.
func allocate(text string, in io.Reader, out io.Writer) (int, error) {
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 2, err
	}
	memory := make([]byte, size)
	for i := 0; i < len(memory); i += os.Getpagesize() {
		memory[i] = 1 // the kernel counts a page once it is written to
	}
	fmt.Fprintln(out, "allocated")
	_, err = io.Copy(io.Discard, in)
	runtime.KeepAlive(memory)
	return 0, err
}

// parseBytes parses a number of bytes, optionally with a suffix Ki, Mi or Gi.
func parseBytes(text string) (int64, error) {
	digits, shift := text, 0
	for suffix, bits := range map[string]int{"Ki": 10, "Mi": 20, "Gi": 30} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			digits, shift = number, bits
		}
	}
	number, err := strconv.ParseInt(digits, 10, 33)
	if err != nil || number < 0 {
		return 0, fmt.Errorf("%q is not a number of bytes such as 600Mi", text)
	}
	return number << shift, nil
}
