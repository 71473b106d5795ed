package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

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
	var s contract.Streamed
	for ctx.Err() == nil {
		s.At = time.Since(began).Milliseconds()
		why := lost(reach(context.WithoutCancel(ctx), address)) // the last one is waited for
		switch {
		case s.Sent == 0 && why != "":
			if why != s.Why {
				say(out, &s, contract.StreamNone, why)
			}
		case s.Sent == 0:
			s.Sent = 1
			say(out, &s, contract.StreamFirst, "")
		case why != "":
			s.Sent++
			s.Lost++
			say(out, &s, contract.StreamLost, why)
		default:
			s.Sent++
		}
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
	s.At = time.Since(began).Milliseconds()
	say(out, &s, contract.StreamEnd, "")
	return nil
}

func say(out io.Writer, s *contract.Streamed, event, why string) {
	s.Event, s.Why = event, why
	_ = tell(out, s)
}

// lost says why answer is none, or none of success; "" where it is one.
func lost(answer contract.Answer) string {
	if answer.Error == "" && answer.Status != 0 && answer.Status != http.StatusOK {
		return fmt.Sprintf("status %d", answer.Status)
	}
	return answer.Error
}
