package helm

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// streams replace the standard streams of a process.
type streams struct {
	stdout, stderr stream
}

// hookOutput returns the destination of a hook's log, which Helm copies if the chart asks for it.
func (s *streams) hookOutput(_, _, _ string) io.Writer { return &s.stderr }

// stream is a buffer that is safe for concurrent use: Helm creates resources in parallel, and continues in the
// background after a cancelled command has returned.
type stream struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (s *stream) Write(text []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.buffer.Write(text)
}

// Printf writes a line.
func (s *stream) Printf(format string, values ...any) {
	_, _ = io.WriteString(s, strings.TrimSuffix(fmt.Sprintf(format, values...), "\n")+"\n") // a buffer does not fail
}

func (s *stream) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.buffer.String()
}
