package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// stream sends one request after another to address, until in ends. Requests are at least interval apart, and each has
// a connection of its own. A request is lost if it gets no answer, or another status than 200. Events are written to
// out as lines of JSON.
func stream(ctx context.Context, address, interval string, in io.Reader, out io.Writer) error {
	period, err := time.ParseDuration(interval)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	start := time.Now()
	var e contract.StreamEvent
	emit := func(kind, reason string) {
		e.Kind, e.Reason = kind, reason
		_ = writeJSON(out, e)
	}
	for ctx.Err() == nil {
		e.At = time.Since(start).Milliseconds()
		reason := lossReason(ask(context.WithoutCancel(ctx), address)) // the last request is completed
		switch {
		case e.Sent == 0 && reason != "":
			if reason != e.Reason {
				emit(contract.StreamNone, reason)
			}
		case e.Sent == 0:
			e.Sent = 1
			emit(contract.StreamFirst, "")
		case reason != "":
			e.Sent++
			e.Lost++
			emit(contract.StreamLost, reason)
		default:
			e.Sent++
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
	e.At = time.Since(start).Milliseconds()
	emit(contract.StreamEnd, "")
	return nil
}

// lossReason says why a request counts as lost. It is empty if the request succeeded.
func lossReason(answer contract.Answer) string {
	if answer.Error == "" && answer.Status != 0 && answer.Status != http.StatusOK {
		return fmt.Sprintf("status %d", answer.Status)
	}
	return answer.Error
}
