// Package report records a run of godog scenarios and presents it on the terminal, as a web page, and in the formats of
// other tools.
//
// A Report listens to a godog suite and writes to a folder: index.html, a self-contained page; messages.ndjson,
// Cucumber Messages for Cucumber's own tools; cucumber.json; and junit.xml. In GitHub Actions it also writes the job
// summary, and annotates the failed lines of the feature files. It works with any suite:
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
// A Report needs both hooks (Register) and a formatter (Format). If scenarios run concurrently, godog calls the
// formatter only after a scenario has ended, so times and running scenarios come from the hooks, and results from the
// formatter.
package report

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cucumber/godog"
)

// Options configure a Report.
type Options struct {
	// Dir is the folder for the files. It is created if it does not exist. If it is empty, no files are written.
	Dir string
	// Title is the headline. It defaults to "Scenarios".
	Title string
	// Command is the command line of the run, which the page shows. It is optional.
	Command string
	// Test is the name of the Go test whose subtests are the scenarios, such as "TestFeatures". The report shows commands
	// that run a single scenario only if Test is set.
	Test string
	// Parts are set if the suite runs several times, one time for each part and in this order.
	Parts []Part
	// Flags are added to the command that runs a single scenario, such as "-wait=10s".
	Flags []string
	// Sections are shown below the scenarios in index.html.
	Sections []Section
	// Live receives the progress of the run: the running scenarios, each failure as it happens, and a final summary. It is
	// meant for concurrent scenarios. If scenarios run one at a time, godog's "pretty" format shows more.
	Live io.Writer
	// Failures receives, after the run, the attachments of failed scenarios and the commands that run them alone. It is
	// meant for runs without Live, whose output contains them.
	Failures io.Writer
	// Actions receives annotations for GitHub Actions. It defaults to os.Stdout, which GitHub reads.
	Actions io.Writer
}

// Part is one of several runs of a suite that share a report, such as the run on one version of Kubernetes.
type Part struct {
	// Name tells the scenarios of the part from those of the others, such as "Kubernetes 1.34".
	Name string
	// Flags are added to the command that runs a single scenario of the part, after Options.Flags.
	Flags []string
}

// Section is a section of the page beyond the scenarios, such as the findings of a linter. Empty fields are omitted.
type Section struct {
	Title string
	// Text is preformatted text above the table.
	Text string
	// Columns are the headings of a table, and Rows its cells. Columns of numbers are right-aligned.
	Columns []string
	Rows    [][]string
}

// Report is the report of one run of a suite. It is safe for concurrent use.
type Report struct {
	options Options
	format  string
	now     func() time.Time

	mu        sync.Mutex
	run       *run // nil before the run starts
	formatter *formatter
	messages  *messageLog
	live      *live
	told      causes
}

// The files in Options.Dir.
const (
	pageFile     = "index.html"
	messagesFile = "messages.ndjson"
	cucumberFile = "cucumber.json"
	junitFile    = "junit.xml"
)

// runAloneName is the name of the attachment with the command that runs a scenario alone.
const runAloneName = "Run alone"

// reports counts the Reports of this process, because godog's formatters need unique names.
var reports atomic.Int64

// New returns a Report and registers it with godog as the format that Format returns. It must not be called while a
// suite is running, because godog's list of formatters is not synchronized. New removes the files of an earlier run
// from options.Dir, and returns an error if the folder cannot be created or emptied.
func New(options Options) (*Report, error) {
	if options.Title == "" {
		options.Title = "Scenarios"
	}
	if options.Actions == nil {
		options.Actions = os.Stdout
	}
	if err := emptyFolder(options.Dir); err != nil {
		return nil, fmt.Errorf("prepare the report folder %s: %w", options.Dir, err)
	}
	r := &Report{options: options, now: time.Now, format: "report", told: causes{}}
	if n := reports.Add(1); n > 1 {
		r.format += strconv.FormatInt(n, 10)
	}
	if options.Live != nil {
		r.live = newLive(options.Live, r)
	}
	godog.Format(r.format, "Records the run for a report.", r.newFormatter)
	return r, nil
}

// emptyFolder creates folder, or removes the files of an earlier report from it.
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

// Format returns the name of the Report's formatter for godog.Options.Format. The formatter prints nothing and can be
// combined with others, as in "pretty,report".
func (r *Report) Format() string { return r.format }

// Register adds hooks to sc that time the scenario and its steps. Call it last in the suite's ScenarioInitializer, so
// that the scenario's time excludes waits in the suite's own hooks, and errors of its After hooks are recorded.
//
// Register attaches to a failed step, as "Run alone", the command that runs only its scenario.
func (r *Report) Register(sc *godog.ScenarioContext) {
	sc.Before(func(ctx context.Context, pickle *godog.Scenario) (context.Context, error) {
		r.scenarioStarted(pickle.Id)
		return ctx, nil
	})
	sc.StepContext().Before(func(ctx context.Context, pickle *godog.Step) (context.Context, error) {
		r.stepStarted(pickle.Id)
		return ctx, nil
	})
	sc.StepContext().After(func(
		ctx context.Context, pickle *godog.Step, status godog.StepResultStatus, err error,
	) (context.Context, error) {
		r.stepEnded(pickle.Id, statusOf(status), err)
		return ctx, nil
	})
	sc.After(func(ctx context.Context, pickle *godog.Scenario, err error) (context.Context, error) {
		r.scenarioEnded(pickle.Id)
		if err == nil || errors.Is(err, godog.ErrSkip) {
			return ctx, nil
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		s := r.scenario(pickle.Id)
		if s == nil {
			return ctx, nil
		}
		if command := r.runAlone(s); command != "" {
			ctx = godog.Attach(ctx, godog.Attachment{
				FileName: runAloneName, MediaType: "text/plain", Body: []byte(command),
			})
		}
		return ctx, nil
	})
}

// runAlone returns the command line that runs only one scenario, or all rows of an outline. It is empty if Options.Test
// is, and for a scenario without steps, which godog does not run as a subtest.
func (r *Report) runAlone(s *scenario) string {
	if r.options.Test == "" || len(s.steps) == 0 {
		return ""
	}
	part := s.feature.part
	words := []string{"go test -run", testPattern(r.options.Test, s.pickle.Name, part.names[s.pickle.Name] > 1)}
	for _, flag := range slices.Concat(r.options.Flags, part.Flags) {
		words = append(words, quoted(flag))
	}
	return strings.Join(words, " ")
}

// Add appends a section. It must be called before Write.
func (r *Report) Add(section Section) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options.Sections = append(r.options.Sections, section)
}

// Ran reports whether the suite has started.
func (r *Report) Ran() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.run != nil
}

// Write writes the files after the suite has run. In GitHub Actions it also appends to the job summary and annotates
// failed lines. It returns an error if a file cannot be written, or if the run was not recorded completely.
func (r *Report) Write() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.checkRecorded(); err != nil {
		return err
	}
	r.live.written()
	r.messages.runFinished(r.run)
	var failed []error
	if r.options.Dir != "" {
		failed = append(failed, r.messages.err, r.writeFiles())
	}
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		failed = append(failed, r.writeActions())
	}
	return errors.Join(failed...)
}

// checkRecorded returns an error if the suite did not use Format or Register.
func (r *Report) checkRecorded() error {
	switch {
	case r.run == nil || r.run.finished.IsZero():
		return fmt.Errorf("nothing to report: no suite has finished with the format %q (Report.Format)", r.format)
	case r.run.untimed():
		return errors.New("no times to report: call Report.Register in the suite's ScenarioInitializer")
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

// writeFile creates the file at path with the output of write. If writing fails, it removes the file.
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
