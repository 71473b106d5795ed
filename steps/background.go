package steps

import (
	"context"
	"fmt"
	"sync"
)

// background is the work of scenarios that outlives the step that starts it. It ends with the suite at the latest.
type background struct {
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
}

func newBackground() *background {
	b := new(background)
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

// start runs work, whose context ends when the suite closes.
func (b *background) start(work func(ctx context.Context)) {
	b.work.Go(func() { work(b.ctx) })
}

// close cancels all work and waits for it until ctx ends.
func (b *background) close(ctx context.Context) error {
	b.cancel()
	return within(ctx, "end the background work of scenarios", func() error {
		b.work.Wait()
		return nil
	})
}

// within returns the error of do. When ctx ends first, it returns an error that names the action, and do keeps running.
func within(ctx context.Context, action string, do func() error) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", action, context.Cause(ctx))
	}
}
