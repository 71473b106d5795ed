package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// component is one process of the control plane: this binary, in another role.
type component struct {
	name    string
	log     string // the file that its output goes to
	process *exec.Cmd
	alive   io.Closer     // its standard input: closing it, or being gone, tells it to end
	ended   chan struct{} // closed when it has ended; state is then known
}

// lessGarbageCollection spends memory to save a fifth of the CPU that a release's life cycle costs, and half a second of the start: the heap of each component may
// grow to five times what it needs, as long as that is less than 1 GiB.
var lessGarbageCollection = []string{"GOGC=400", "GOMEMLIMIT=1GiB"}

// startComponent starts the component name, which writes to a file in logs, and calls onEnd once when it ends.
func startComponent(name string, args []string, logs string, onEnd func(*component)) (*component, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &component{name: name, log: logs + string(os.PathSeparator) + name + ".log", ended: make(chan struct{})}
	output, err := os.OpenFile(c.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }() // the process has its own handle
	c.process = exec.Command(self, append([]string{name}, args...)...)
	c.process.Stdout, c.process.Stderr = output, output
	c.process.Env = append(os.Environ(), lessGarbageCollection...)
	if c.alive, err = c.process.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.process.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = c.process.Wait() // what it says is in ProcessState
		close(c.ended)
		onEnd(c)
	}()
	return c, nil
}

// kill ends the component at once: there is nothing in a test cluster worth a graceful goodbye.
func (c *component) kill() {
	_ = c.process.Process.Kill()
	<-c.ended
	_ = c.alive.Close()
}

// lastWords are the last lines of its log, or a word that there are none.
func (c *component) lastWords() string {
	const lines = 12
	content, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	content = bytes.TrimSpace(content)
	if len(content) == 0 {
		return "(it logged nothing)"
	}
	all := strings.Split(string(content), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// endedError says that a component which should have kept running did not, how it ended, and what it logged last.
type endedError struct{ *component }

func (e endedError) Error() string {
	return fmt.Sprintf("%s ended with %s; the last lines of its log:\n%s", e.name, e.process.ProcessState, e.lastWords())
}
