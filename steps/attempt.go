package steps

import (
	"fmt"
	"strings"
)

// attempt is something that a scenario tried and that may fail.
type attempt struct {
	what    string
	failed  error
	checked bool // a step has said whether it should have failed
}

// try does something that may fail; a later step says whether it should have.
func (s *scenario) try(what string, do func() error) error {
	if err := s.tried.unchecked(); err != nil {
		return err
	}
	s.tried = &attempt{what: what}
	s.tried.failed = do()
	return nil
}

// unchecked is an error when no step said what should have become of the attempt.
func (a *attempt) unchecked() error {
	switch {
	case a == nil || a.checked:
		return nil
	case a.failed == nil:
		return fmt.Errorf("%s was tried and succeeded, and no step says whether it should: write `it succeeds` or `it fails with \"…\"` after it", a.what)
	}
	return fmt.Errorf("%s was tried and failed, and no step says whether it should: write `it fails with \"…\"` after it: %w", a.what, a.failed)
}

// failsWith holds when what was tried last failed, with text in its error.
func (s *scenario) failsWith(text string) error {
	switch tried, err := s.lastTried(); {
	case err != nil:
		return err
	case tried.failed == nil:
		return fmt.Errorf("%s succeeded, where it should have failed with %q", tried.what, text)
	case !strings.Contains(tried.failed.Error(), text):
		return fmt.Errorf("%s failed, not with %q but with\n%w", tried.what, text, tried.failed)
	}
	return nil
}

func (s *scenario) succeeds() error {
	tried, err := s.lastTried()
	if err == nil && tried.failed != nil {
		err = fmt.Errorf("%s should have succeeded: %w", tried.what, tried.failed)
	}
	return err
}

// lastTried is what a check is about.
func (s *scenario) lastTried() (*attempt, error) {
	if s.tried == nil {
		return nil, fmt.Errorf("nothing was tried before this step: write `I try …` above it; a step that says `I run …` fails by itself")
	}
	s.tried.checked = true
	return s.tried, nil
}
