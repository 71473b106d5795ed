package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// component is a process of the control plane. It runs this binary in another role.
type component struct {
	name    string
	log     string // path of the file with its output
	process *exec.Cmd
	stdin   io.Closer     // the component ends when it is closed, which happens if this process is killed
	ended   chan struct{} // closed when the process has ended and its state is known
}

// lessGarbageCollection trades memory for CPU: the heap of each component may grow to five times its live size, up to
// 1 GiB. That saves a fifth of the CPU for the life cycle of a release, and half a second of the start.
var lessGarbageCollection = []string{"GOGC=400", "GOMEMLIMIT=1GiB"}

// startComponent starts a component that logs to a file in the directory logs. It calls onEnd when the component ends.
func startComponent(name string, args []string, logs string, onEnd func(*component)) (*component, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &component{name: name, log: filepath.Join(logs, name+".log"), ended: make(chan struct{})}
	output, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }() // the process has its own descriptor
	c.process = exec.Command(self, append([]string{name}, args...)...)
	c.process.Stdout, c.process.Stderr = output, output
	c.process.Env = append(os.Environ(), lessGarbageCollection...)
	if c.stdin, err = c.process.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.process.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = c.process.Wait() // the result is in ProcessState
		close(c.ended)
		onEnd(c)
	}()
	return c, nil
}

// kill kills the component and returns once it has ended. A test cluster has no state that needs a graceful shutdown.
func (c *component) kill() {
	_ = c.process.Process.Kill()
	<-c.ended
	_ = c.stdin.Close()
}

// logTail returns the last lines of the log.
func (c *component) logTail() string {
	const lines = 12
	content, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	content = bytes.TrimSpace(content)
	if len(content) == 0 {
		return "(empty)"
	}
	all := strings.Split(string(content), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// endedError is the error of a component that ended unexpectedly. It has the exit status and the end of the log.
type endedError struct{ *component }

func (e endedError) Error() string {
	return fmt.Sprintf("%s ended with %s; the last lines of its log:\n%s", e.name, e.process.ProcessState, e.logTail())
}
