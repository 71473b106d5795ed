// Package logonce writes each line of a log once. Helm's SDK logs the same warnings about values whenever it renders a
// chart, through the standard logger.
package logonce

import (
	"io"
	"log"
	"regexp"
	"strings"
	"sync"
)

// Writer writes lines to another writer, except those that it has written before. The time in front of a line of the
// standard logger is left out. It is safe for concurrent use.
type Writer struct {
	mu      sync.Mutex
	w       io.Writer
	written map[string]bool
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, written: map[string]bool{}} }

var timestamp = regexp.MustCompile(`^\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2} `)

// Write writes the lines of p that are new. Each call has whole lines, as those of a [log.Logger] have.
func (o *Writer) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for line := range strings.Lines(string(p)) {
		line = timestamp.ReplaceAllString(line, "")
		if o.written[line] {
			continue
		}
		o.written[line] = true
		if _, err := io.WriteString(o.w, line); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Redirect makes the standard logger write each line once, to w. The function that it returns undoes that.
func Redirect(w io.Writer) (undo func()) {
	before := log.Writer()
	log.SetOutput(NewWriter(w))
	return func() { log.SetOutput(before) }
}
