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

// exitCode is the one that contract.Exit tells to end with, if it does.
func exitCode() (code int, told bool, err error) {
	text := os.Getenv(contract.Exit)
	if text == "" {
		return 0, false, nil
	}
	number, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return 2, true, fmt.Errorf("%s is no exit code, 0 to 255: %w", contract.Exit, err)
	}
	return int(number), true, nil
}

// killed is the exit code of a container whose process was killed.
const killed = 128 + int(syscall.SIGKILL)

// takeMemory has another process take as much as contract.Memory says, and returns when it has, or with the exit code to end with. The process ends with this one.
//
// Another process, because a kernel that kills the first one of a container ends the container at once, and where containerd hears of that before it hears why, as it may on version 1
// of control groups, nobody learns that it was for memory. So the kernel kills the one that took the memory, and this one ends a little later.
func takeMemory(ctx context.Context, out io.Writer) (code int, err error) {
	text := os.Getenv(contract.Memory)
	if text == "" {
		return 0, nil
	}
	size, err := sizeOf(text)
	if err != nil {
		return 2, fmt.Errorf("%s: %w", contract.Memory, err)
	}
	fmt.Fprintf(out, "stand-in: %s says to take %s of memory\n", contract.Memory, text)
	taker := exec.CommandContext(ctx, "/proc/self/exe")
	taker.Args = []string{contract.Program, "take", strconv.FormatInt(size, 10)}
	taker.Stderr = os.Stderr
	_, err = taker.StdinPipe() // never written to: it is closed when this process is gone
	says, saysErr := taker.StdoutPipe()
	if err := errors.Join(err, saysErr); err != nil {
		return 2, err
	}
	if err := taker.Start(); err != nil {
		return 2, fmt.Errorf("take memory: %w", err)
	}
	if _, err := bufio.NewReader(says).ReadString('\n'); err != nil { // it ended before it had all
		return afterTaker(ctx, taker)
	}
	go func() {
		if code, err := afterTaker(ctx, taker); code != 0 {
			fmt.Fprintln(os.Stderr, "stand-in:", err)
			os.Exit(code) // whatever is under way, as a kernel that kills would
		}
	}()
	return 0, nil
}

// afterTaker waits until the process that takes memory has ended, and returns the exit code to end with: 0 when it was told to.
func afterTaker(ctx context.Context, taker *exec.Cmd) (code int, err error) {
	err = taker.Wait()
	if ctx.Err() != nil {
		return 0, nil
	}
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		return 2, fmt.Errorf("take memory: %w", err)
	}
	time.Sleep(time.Second) // for containerd to hear why; it tells nobody in the container when it has
	return killed, fmt.Errorf("the process that took what %s says was killed", contract.Memory)
}

// take takes memory, says so, and keeps it until its input ends. Memory counts once it is written to.
func take(text string, in io.Reader, out io.Writer) (int, error) {
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 2, err
	}
	taken := make([]byte, size)
	for i := 0; i < len(taken); i += os.Getpagesize() {
		taken[i] = 1
	}
	fmt.Fprintln(out, "taken")
	_, err = io.Copy(io.Discard, in)
	runtime.KeepAlive(taken)
	return 0, err
}

// sizeOf reads a number of bytes, with or without a binary suffix as Kubernetes writes them.
func sizeOf(text string) (int64, error) {
	digits, shift := text, 0
	for suffix, bits := range map[string]int{"Ki": 10, "Mi": 20, "Gi": 30} {
		if number, has := strings.CutSuffix(text, suffix); has {
			digits, shift = number, bits
		}
	}
	number, err := strconv.ParseInt(digits, 10, 33)
	if err != nil || number < 0 {
		return 0, fmt.Errorf("%q is no number of bytes such as 600Mi", text)
	}
	return number << shift, nil
}
