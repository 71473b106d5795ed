package report

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/require"
)

// The tests do not run in parallel, because godog keeps its formatters and the seed of a run in global variables.

// mixed contains every status, and every Gherkin construct that a report shows.
const mixed = `@orders
Feature: Orders
  What a shop does
  with its orders.

  Background:
    Given a shop with 3 "open" orders

  @smoke
  Scenario: Pay <and> go
    When the order is paid

  Scenario: Explain a failure
    When the order is paid
    Then it fails and explains itself
    And the order is paid

  Scenario: Not there yet
    Then this is pending

  Scenario: Nobody wrote it
    Then 7 parcels go to "Oslo"
    And the order is paid

  Scenario: Two meanings
    Then this is ambiguous

  Scenario: Not here
    Given this is skipped
    Then the order is paid

  Scenario: Nothing at all

  Rule: Every parcel is weighed
    Background:
      Given the scales
        | kind  | limit |
        | small | 2     |

    @slow @smoke
    Scenario Outline: Weigh a parcel
      A parcel weighs what it weighs.

      When a parcel of <weight> kg is weighed
        """json
        {"kg": <weight>}
        """
      Examples:
        | weight |
        | 1      |
        | 20     |
`

const boom = `Feature: Boom
  Scenario: Boom
    Then this panics
`

const calm = `Feature: Calm
  Scenario: One
    When the order is paid
  Scenario: Two
    When the order is paid
`

// vocabulary registers the steps of the features.
func vocabulary(sc *godog.ScenarioContext) {
	sc.Step(`^a shop with (\d+) "([^"]*)" orders( today)?$`, func(int, string, string) error { return nil })
	sc.Step(`^the order is paid$`, func() error { return nil })
	sc.Step(`^it fails and explains itself$`, explain)
	sc.Step(`^this is pending$`, func() error { return godog.ErrPending })
	sc.Step(`^this is skipped$`, func() error { return godog.ErrSkip })
	sc.Step(`^this is ambig.*$`, func() error { return nil })
	sc.Step(`^this is .*uous$`, func() error { return nil })
	sc.Step(`^this panics$`, func() { panic("the scales fell over") })
	sc.Step(`^this says that it is undefined$`, func() error { return godog.ErrUndefined })
	sc.Step(`^the scales$`, func(*godog.Table) error { return nil })
	sc.Step(`^a parcel of (\d+) kg is weighed$`, func(kg int, _ *godog.DocString) error {
		if kg > 10 {
			return fmt.Errorf("%d kg is more than 10 kg", kg)
		}
		return nil
	})
}

// onePixel is a PNG image.
const onePixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde" +
	"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"

const (
	why        = "deployment/shop\n  pod/shop-1: the image <shop:9> cannot be pulled\n"
	difference = "--- rendered\n+++ cluster\n@@ -1 +1 @@\n same\n-replicas: 2\n+replicas: 1\n"
)

func explain(ctx context.Context) (context.Context, error) {
	return godog.Attach(ctx,
		godog.Attachment{FileName: "Why", MediaType: "text/plain", Body: []byte(why)},
		godog.Attachment{FileName: "Difference", MediaType: "text/x.diff", Body: []byte(difference)},
		godog.Attachment{FileName: "Screen", MediaType: "image/png", Body: []byte(onePixel)},
		godog.Attachment{FileName: "core", Body: []byte{0, 1, 2, 255}},
	), errors.New("the shop did not open:\n  pod/shop-1: ErrImagePull, 100%, </script> & \"more\"")
}

// suite is a godog suite that a test reports on.
type suite struct {
	features    []godog.Feature
	concurrency int
	tags        string
	seed        int64
	stop        bool             // stop on the first failure
	t           *testing.T       // runs scenarios as subtests, if set
	clock       func() time.Time // defaults to time.Now
	initialize  func(*godog.ScenarioContext)
	pretty      io.Writer
}

func file(name, text string) godog.Feature {
	return godog.Feature{Name: "features/" + name, Contents: []byte(text)}
}

// run runs the suite with a new Report, one time for each part, and returns the Report and the last exit code.
func (s suite) run(t testing.TB, options Options) (*Report, int) {
	t.Helper()
	r, err := New(options)
	require.NoError(t, err)
	if s.clock != nil {
		r.now = s.clock
	}
	if s.initialize == nil {
		s.initialize = vocabulary
	}
	format, output := r.Format(), io.Discard
	if s.pretty != nil {
		format, output = "pretty,"+format, s.pretty
	}
	code := 0
	for range max(1, len(options.Parts)) {
		code = godog.TestSuite{
			Options: &godog.Options{
				FeatureContents: s.features, Format: format, Output: output, Concurrency: s.concurrency, Randomize: s.seed,
				Tags: s.tags, Strict: true, StopOnFailure: s.stop, NoColors: true, TestingT: s.t,
			},
			ScenarioInitializer: func(sc *godog.ScenarioContext) {
				s.initialize(sc)
				r.Register(sc)
			},
		}.Run()
	}
	return r, code
}

// steadyClock returns a clock that advances by 10 ms on every call.
func steadyClock() func() time.Time {
	now := time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	var mu sync.Mutex
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(10 * time.Millisecond)
		return now
	}
}

// big returns a feature with n scenarios. If fails is set, every fifth of them fails.
func big(n int, fails bool) godog.Feature {
	var b bytes.Buffer
	b.WriteString("@big\nFeature: Many orders\n")
	for i := range n {
		fmt.Fprintf(&b, "\n  @lane-%d\n  Scenario: Order number %d\n", i%7, i)
		fmt.Fprintf(&b, "    Given a shop with %d \"open\" orders\n    When the order is paid\n", i)
		if fails && i%5 == 4 {
			b.WriteString("    Then it fails and explains itself\n")
		}
		b.WriteString("    Then the order is paid\n")
	}
	return file("big.feature", b.String())
}

// lines returns the lines of text that contain words.
func lines(text, words string) []string {
	var found []string
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, words) {
			found = append(found, line)
		}
	}
	return found
}
