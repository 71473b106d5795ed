package helm

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
)

// streams take what a command prints, in place of those of the process.
type streams struct {
	stdout, stderr, log stream
}

func (s *streams) warn(format string, values ...any) {
	s.stderr.Printf("WARNING: "+format, values...)
}

// hookOutput is where the log of a hook's container goes, if the chart asks for it.
func (s *streams) hookOutput(_, _, _ string) io.Writer { return &s.stderr }

// stream is a buffer that many may write to: Helm creates resources in parallel, and goes on in the background after a
// cancelled command has returned.
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
	_, _ = io.WriteString(s, strings.TrimSuffix(fmt.Sprintf(format, values...), "\n")+"\n") // a buffer takes everything
}

func (s *stream) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.buffer.String()
}
