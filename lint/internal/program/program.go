// Package program runs a program that checks charts for the linter. The program reads requests in JSON from stdin, and
// writes one answer to each to stdout, in their order.
package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
)

// Program is a running program. It is safe for concurrent use.
type Program struct {
	// Command is the process.
	Command *exec.Cmd

	does string // what it does, for errors

	mu      sync.Mutex
	stdin   io.WriteCloser
	stdout  io.Reader
	answers *json.Decoder // of stdout
	unread  int           // answers that nobody waits for
	stderr  bytes.Buffer
	err     error // why the process ended
}

// Start starts the program at a path. It ends with ctx or with [Program.Close]. does says what the program does, such
// as "the checks of kube-score", for errors.
func Start(ctx context.Context, does, path string, args ...string) (*Program, error) {
	p := &Program{Command: exec.CommandContext(ctx, path, args...), does: does}
	p.Command.Stderr = &p.stderr
	var err error
	if p.stdout, err = p.Command.StdoutPipe(); err != nil {
		return nil, err
	}
	if p.stdin, err = p.Command.StdinPipe(); err != nil {
		return nil, err
	}
	p.answers = json.NewDecoder(p.stdout)
	if err := p.Command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", does, err)
	}
	return p, nil
}

// Send sends a request, and does not wait for the answer, which is dropped.
func (p *Program) Send(request []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unread++
	return p.do(func() error { return p.write(request) })
}

// Ask sends a request, and decodes the answer into answer. After an error, it returns that error to all requests.
func (p *Program) Ask(request []byte, answer any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.do(func() error {
		if err := p.write(request); err != nil {
			return err
		}
		for ; p.unread > 0; p.unread-- {
			if err := p.answers.Decode(new(json.RawMessage)); err != nil {
				return err
			}
		}
		return p.answers.Decode(answer)
	})
}

func (p *Program) write(request []byte) error {
	_, err := p.stdin.Write(append(request, '\n'))
	return err
}

// do exchanges messages with the process, unless it has ended. An error ends the process.
func (p *Program) do(exchange func() error) error {
	if p.err != nil {
		return p.err
	}
	err := exchange()
	if err == nil {
		return nil
	}
	if ended := p.end(); ended != nil {
		err = ended // the reason why there was no answer
	}
	p.err = fmt.Errorf("run %s: %w", p.does, err)
	return p.err
}

// Close ends the process. Requests return closed from then on. Close returns an error if the process failed, unless Ask
// or Send has returned it.
func (p *Program) Close(closed error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil
	}
	p.err = closed
	return p.end()
}

// end ends the process by closing its input. The error of a process that failed has its stderr.
func (p *Program) end() error {
	_ = p.stdin.Close()
	_, _ = io.Copy(io.Discard, p.stdout) // the process blocks until its output is read
	if err := p.Command.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", p.Command, err, strings.TrimSpace(p.stderr.String()))
	}
	return nil
}
