package steps

import (
	"errors"
	"fmt"
)

// attempts keeps the last action that a scenario tried and that may fail. A step must check its outcome.
type attempts struct{ last *attempt }

type attempt struct {
	action  string
	failed  error
	checked bool
}

// try does something that may fail. It fails if the outcome of the last attempt was not checked.
func (a *attempts) try(action string, do func() error) error {
	if err := a.unchecked(); err != nil {
		return err
	}
	a.last = &attempt{action: action}
	a.last.failed = do()
	return nil
}

// clear forgets the last attempt, before an action that must not fail. It fails if the outcome was not checked.
func (a *attempts) clear() error {
	if err := a.unchecked(); err != nil {
		return err
	}
	a.last = nil
	return nil
}

// unchecked returns an error if no step checked the outcome of the last attempt.
func (a *attempts) unchecked() error {
	switch {
	case a.last == nil || a.last.checked:
		return nil
	case a.last.failed == nil:
		return fmt.Errorf("no step checks `%s`, which succeeded: add `it succeeds` or `it fails with \"…\"` after it",
			a.last.action)
	}
	return fmt.Errorf("no step checks `%s`, which failed: add `it fails with \"…\"` after it: %w",
		a.last.action, a.last.failed)
}

// check returns the last attempt, whose outcome a step checks.
func (a *attempts) check() (*attempt, error) {
	if a.last == nil {
		return nil, errors.New("nothing was tried: add `I try …` before this step; a step `I run …` fails by itself")
	}
	a.last.checked = true
	return a.last, nil
}

func (a *attempts) failsWith(text string) error {
	switch tried, err := a.check(); {
	case err != nil:
		return err
	case tried.failed == nil:
		return fmt.Errorf("`%s` succeeded; it should have failed with %q", tried.action, text)
	case !says(tried.failed, text):
		return fmt.Errorf("`%s` failed, but not with %q:\n%w", tried.action, text, tried.failed)
	}
	return nil
}

func (a *attempts) succeeds() error {
	tried, err := a.check()
	if err == nil && tried.failed != nil {
		err = fmt.Errorf("`%s` should have succeeded: %w", tried.action, tried.failed)
	}
	return err
}
