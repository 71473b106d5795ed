// Package report says what a run of godog scenarios did: to people while it runs, to people afterwards, and to other programs.
//
// A Report listens to a godog suite and writes, into a folder, `index.html` (one page that needs no network), `messages.ndjson` (Cucumber
// Messages, which Cucumber's own tools read), `cucumber.json` and `junit.xml`. In GitHub Actions it also writes the job's summary and marks the
// lines of the feature files that failed. It works for any suite:
//
//	r, err := report.New(report.Options{Dir: "report", Title: "Shop", Test: t.Name()})
//	...
//	suite := godog.TestSuite{
//		Options:             &godog.Options{Format: "pretty," + r.Format(), ...},
//		ScenarioInitializer: func(sc *godog.ScenarioContext) { shop.Register(sc); r.Register(sc) },
//	}
//	suite.Run()
//	err = r.Write()
//
// With several scenarios at once godog tells its formatters of a scenario when it is over. So a Report takes times, and what is running, from hooks
// (Register), and what became of each step from a formatter (Format). It needs both.
package report

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cucumber/godog"
)

// Options say what a Report is about and where it goes.
type Options struct {
	// Dir is the folder for the files, which is made where it does not exist; "" means no files.
	Dir string
	// Title is the headline; "" means "Scenarios".
	Title string
	// Command is the command line that started the run, to be shown; "" shows none.
	Command string
	// Test is the name of the Go test whose subtests the scenarios are, "TestFeatures" for example. The commands that run one scenario alone
	// are made from it; "" means that there are none.
	Test string
	// Flags are those of the run that a scenario needs when it runs alone, as in "-wait=10s"; they are part of its command.
	Flags []string
	// Sections are shown below the scenarios, in index.html only.
	Sections []Section
	// Live is where progress goes while scenarios run: what is running, every failure at once, and a summary at the end. It is meant for runs of
	// many scenarios at once; for one at a time, leave it nil and use godog's "pretty" format.
	Live io.Writer
	// Failures is where it is told, once the run is over, what the steps that failed have attached, and how to run each failed scenario alone.
	// It is meant for runs without Live, which tells that by itself.
	Failures io.Writer
	// Actions is where annotations for GitHub Actions go; nil means os.Stdout, which is where GitHub looks for them.
	Actions io.Writer
}

// Section is something beyond the scenarios that belongs on the page: findings of a linter, a table of resources. It shows what is not empty.
type Section struct {
	Title string
	// Text is shown as it is, above the table.
	Text string
	// Columns and Rows are a table; a row has a cell for each column. Cells that hold numbers are set flush right.
	Columns []string
	Rows    [][]string
}

// Report is the report of one run of a suite. It is safe for concurrent use, as godog's concurrent scenarios need it to be.
type Report struct {
	options Options
	format  string
	now     func() time.Time

	mu        sync.Mutex
	run       *run // nil before the run starts
	formatter *formatter
	messages  *messageLog
	live      *live
}

// The files that Write leaves in Options.Dir.
const (
	pageFile     = "index.html"
	messagesFile = "messages.ndjson"
	cucumberFile = "cucumber.json"
	junitFile    = "junit.xml"
)

// runAloneName names the attachment that holds the command that runs a scenario alone.
const runAloneName = "Run alone"

// reports counts the Reports of this process: godog's formatters need names of their own.
var reports atomic.Int64

// New returns a Report, and registers it with godog under the name that Format returns. As godog keeps its formatters in a plain list, call it
// while no suite is running. It removes an earlier run's files from options.Dir, so that nobody takes them for this run's, and fails where
// it cannot write there.
func New(options Options) (*Report, error) {
	if options.Title == "" {
		options.Title = "Scenarios"
	}
	if options.Actions == nil {
		options.Actions = os.Stdout
	}
	if err := emptyFolder(options.Dir); err != nil {
		return nil, fmt.Errorf("the report's folder %s cannot be used: %w", options.Dir, err)
	}
	r := &Report{options: options, now: time.Now, format: "report"}
	if n := reports.Add(1); n > 1 {
		r.format += strconv.FormatInt(n, 10)
	}
	if options.Live != nil {
		r.live = newLive(options.Live, r)
	}
	godog.Format(r.format, "Collects what package report writes.", r.newFormatter)
	return r, nil
}

// emptyFolder makes folder, without the files of a report.
func emptyFolder(folder string) error {
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range []string{pageFile, messagesFile, cucumberFile, junitFile} {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Format is the name of the Report's formatter, for godog.Options.Format. It prints nothing itself, and goes with others: "pretty,report".
func (r *Report) Format() string { return r.format }

// Register times the scenario of sc and its steps. Call it last in the suite's ScenarioInitializer: then what the suite's own hooks wait for before a
// scenario is not taken for the scenario's time, and errors of its hooks after a scenario are seen.
//
// It attaches to a step that fails the command that runs its scenario alone, as "Run alone".
func (r *Report) Register(sc *godog.ScenarioContext) {
	sc.Before(func(ctx context.Context, pickle *godog.Scenario) (context.Context, error) {
		r.scenarioStarted(pickle.Id)
		return ctx, nil
	})
	sc.StepContext().Before(func(ctx context.Context, pickle *godog.Step) (context.Context, error) {
		r.stepStarted(pickle.Id)
		return ctx, nil
	})
	sc.StepContext().After(func(ctx context.Context, pickle *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
		r.stepEnded(pickle.Id, statusOf(status), err)
		return ctx, nil
	})
	sc.After(func(ctx context.Context, pickle *godog.Scenario, err error) (context.Context, error) {
		r.scenarioEnded(pickle.Id)
		if command := r.RunAlone(pickle); command != "" && err != nil && !errors.Is(err, godog.ErrSkip) {
			ctx = godog.Attach(ctx, godog.Attachment{FileName: runAloneName, MediaType: "text/plain", Body: []byte(command)})
		}
		return ctx, nil
	})
}

// RunAlone returns the command line that runs one scenario and no other, or all rows of an outline. It is "" where Options.Test is, and for a scenario without
// steps, which godog makes no subtest of.
func (r *Report) RunAlone(scenario *godog.Scenario) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runAlone(scenario)
}

func (r *Report) runAlone(scenario *godog.Scenario) string {
	if r.options.Test == "" || len(scenario.Steps) == 0 {
		return ""
	}
	shared := r.run != nil && r.run.names[scenario.Name] > 1
	words := []string{"go test -run", testPattern(r.options.Test, scenario.Name, shared)}
	for _, flag := range r.options.Flags {
		words = append(words, quoted(flag))
	}
	return strings.Join(words, " ")
}

// Add adds a section that is known only when the suite has run. Call it before Write.
func (r *Report) Add(section Section) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options.Sections = append(r.options.Sections, section)
}

// Write writes the files, once the suite has run. In GitHub Actions it also adds to the job's summary and annotates the lines that failed.
// It fails where a file cannot be written, and where the run was not, or not wholly, recorded.
func (r *Report) Write() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.checkRecorded(); err != nil {
		return err
	}
	var failed []error
	if r.options.Dir != "" {
		failed = append(failed, r.messages.err, r.writeFiles())
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		failed = append(failed, r.writeActions())
	}
	return errors.Join(failed...)
}

// checkRecorded fails where Format or Register was forgotten, without which a report would be empty or wrong.
func (r *Report) checkRecorded() error {
	switch {
	case r.run == nil || r.run.finished.IsZero():
		return fmt.Errorf("there is nothing to report: no suite has run to its end with the format %q (Report.Format)", r.format)
	case r.run.untimed():
		return errors.New("there are no times to report: call Report.Register in the suite's ScenarioInitializer")
	}
	return nil
}

func (r *Report) writeFiles() error {
	var failed []error
	for name, write := range map[string]func(io.Writer) error{
		pageFile:     r.writePage,
		cucumberFile: r.writeCucumber,
		junitFile:    r.writeJUnit,
	} {
		if err := writeFile(filepath.Join(r.options.Dir, name), write); err != nil {
			failed = append(failed, fmt.Errorf("write the report: %w", err))
		}
	}
	return errors.Join(failed...)
}

// writeFile makes the file at path with what write writes, or leaves none.
func writeFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	buffer := bufio.NewWriter(file)
	return errors.Join(write(buffer), buffer.Flush())
}
