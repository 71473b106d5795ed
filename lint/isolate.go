package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/pflag"

	"github.com/traderadmin/charts/internal/logonce"
	"github.com/traderadmin/charts/lint/linter"
)

// Each chart is linted in a process of its own. Templates are programs that may not terminate, and Helm's engine cannot
// be interrupted: the process of such a chart ends itself, and the others go on.

// exceeded is the exit code of a process that exceeds a limit. The second line of its stderr is the fix.
const exceeded = 3

// isolate returns a function that lints a chart in a process of its own.
func (c *commandLine) isolate(
	options linter.Options, stderr io.Writer,
) func(ctx context.Context, path string) ([]byte, error) {
	once := logonce.NewWriter(stderr) // a chart may be linted twice, for its fixes
	return func(ctx context.Context, path string) ([]byte, error) {
		executable, err := os.Executable()
		if err != nil {
			return nil, err
		}
		args := append(c.arguments(), "--isolated")
		if version, changed := options.BaseVersions[path]; changed {
			args = append(args, "--base-version="+version)
		}
		if base, upgraded := options.Bases[path]; upgraded {
			args = append(args, "--base-chart="+base)
		}
		command := exec.CommandContext(ctx, executable, append(args, "--", path)...)
		command.Args[0] = os.Args[0]
		var stdout, messages bytes.Buffer
		command.Stdout, command.Stderr = &stdout, &messages
		err = command.Run()
		if err == nil {
			_, _ = once.Write(messages.Bytes())
			return stdout.Bytes(), nil
		}
		return nil, c.failure(path, err, messages.String())
	}
}

// arguments returns the flags that say how to lint a chart.
func (c *commandLine) arguments() []string {
	var args []string
	if c.all && !c.Changed("all") {
		args = append(args, "--all")
	}
	c.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "format", "fail-on", "changed-since", "upgrade-from":
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, value := range list.GetSlice() {
				args = append(args, "--"+f.Name+"="+value)
			}
			return
		}
		args = append(args, "--"+f.Name+"="+f.Value.String())
	})
	return args
}

// failure explains why the process of a chart failed.
func (c *commandLine) failure(path string, err error, messages string) error {
	var exit *exec.ExitError
	switch {
	case !errors.As(err, &exit):
		return fmt.Errorf("lint %s: start a process: %w", path, err)
	case exit.ExitCode() == exceeded:
		message, fix, _ := strings.Cut(strings.TrimSpace(messages), "\n")
		return &linter.LimitError{Message: message, Fix: fix}
	case exit.ExitCode() < 0, strings.Contains(messages, "out of memory"), strings.Contains(messages, "stack exceeds"),
		strings.Contains(messages, "cannot allocate memory"):
		return &linter.LimitError{
			Message: fmt.Sprintf("linting the chart takes more than %d MiB of memory", c.memoryLimit),
			Fix:     memoryFix,
		}
	}
	return errors.New(strings.TrimPrefix(strings.TrimSpace(messages), "lint: "))
}
