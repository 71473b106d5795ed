package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Streamed is a line about a stream of requests.
type Streamed struct {
	// Event is "first" for the first request that was answered, "lost" for one that was not afterwards, "end" for the last line, and before the first answer "none"
	// for each new reason that there is none.
	Event string `json:"event"`
	// At is when the request was sent, or the stream ended, in milliseconds since the stream began.
	At int64 `json:"at"`
	// Sent and Lost are how many requests there were from the first that was answered until now.
	Sent int `json:"sent"`
	Lost int `json:"lost"`
	// Why says how the request was lost, or why there was no answer yet.
	Why string `json:"why,omitempty"`
}

// stream sends requests to address, one after the other, each on a connection of its own and at least interval after the one before, until in ends. A request that gets
// no answer, or another status than 200, is lost.
func stream(ctx context.Context, address, interval string, in io.Reader, out io.Writer) error {
	every, err := time.ParseDuration(interval)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	next := time.NewTicker(every)
	defer next.Stop()
	began := time.Now()
	var s Streamed
	for ctx.Err() == nil {
		s.At = time.Since(began).Milliseconds()
		why := lost(reach(context.WithoutCancel(ctx), address)) // the last one is waited for
		switch {
		case s.Sent == 0 && why != "":
			if why != s.Why {
				s.say(out, "none", why)
			}
		case s.Sent == 0:
			s.Sent = 1
			s.say(out, "first", "")
		case why != "":
			s.Sent++
			s.Lost++
			s.say(out, "lost", why)
		default:
			s.Sent++
		}
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
	s.At = time.Since(began).Milliseconds()
	s.say(out, "end", "")
	return nil
}

func (s *Streamed) say(out io.Writer, event, why string) {
	s.Event, s.Why = event, why
	_ = tell(out, s)
}

// lost says why answer is none, or none of success; "" where it is one.
func lost(answer Answer) string {
	if answer.Error == "" && answer.Status != 0 && answer.Status != http.StatusOK {
		return fmt.Sprintf("status %d", answer.Status)
	}
	return answer.Error
}
