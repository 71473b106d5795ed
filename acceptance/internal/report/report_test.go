package report

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/shell"

	"github.com/traderadmin/charts/internal/junit"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares got with a file in testdata, ignoring line numbers of step definitions.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = regexp.MustCompile(`suite_test\.go:\d+`).ReplaceAllString(got, "suite_test.go")
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "if this is intended, run `go test ./acceptance/internal/report -update`")
}

// read returns the content of a file in the report folder dir.
func read(t *testing.T, dir, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(content)
}

// requireText asserts that text contains all parts, without printing the text.
func requireText(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		assert.True(t, strings.Contains(text, part), "%q is missing", part)
	}
}

func TestMachineReadableFiles(t *testing.T) {
	dir := t.TempDir()
	r, _ := suite{
		features:    []godog.Feature{file("orders.feature", mixed), file("calm.feature", calm)},
		concurrency: 1, clock: steadyClock(),
	}.run(t, Options{Dir: dir, Title: "Shop", Test: "TestFeatures"})
	require.NoError(t, r.Write())

	golden(t, junitFile, read(t, dir, junitFile))
	golden(t, cucumberFile, read(t, dir, cucumberFile))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, files, 4)
}

func TestAllFormatsCountAllResults(t *testing.T) {
	for _, concurrency := range []int{1, 8} {
		dir := t.TempDir()
		r, code := suite{
			features: []godog.Feature{file("orders.feature", mixed), big(100, true)}, concurrency: concurrency, seed: 3,
		}.run(t, Options{Dir: dir})
		require.Equal(t, 1, code)
		require.NoError(t, r.Write())

		assert.Equal(t, "22 failed, 1 ambiguous, 2 undefined, 1 pending, 1 skipped, 82 passed", tallyOf(r))
		var suites junit.Suites
		require.NoError(t, xml.Unmarshal([]byte(read(t, dir, junitFile)), &suites))
		assert.Equal(t, junit.Counts{Tests: 109, Failures: 22, Errors: 4, Skipped: 1}, suites.Counts)
		var features []cucumberFeature
		require.NoError(t, json.Unmarshal([]byte(read(t, dir, cucumberFile)), &features))
		assert.Len(t, features, 2)
	}
}

func TestPassingRun(t *testing.T) {
	dir := t.TempDir()
	r, code := suite{features: []godog.Feature{file("calm.feature", calm)}, concurrency: 2}.run(t, Options{Dir: dir})
	require.Zero(t, code)
	require.NoError(t, r.Write())

	assert.Equal(t, "2 scenarios passed", r.run.verdict())
	envelopes := readMessages(t, dir)
	assert.True(t, envelopes[len(envelopes)-1].TestRunFinished.Success)
	for _, e := range envelopes {
		assert.Nil(t, e.Attachment, "a passing scenario has no attachment")
	}
}

func TestErrorsOfHooksAreRecorded(t *testing.T) {
	for name, test := range map[string]struct {
		hook func(*godog.ScenarioContext)
		want string
	}{
		"a hook before the scenario fails": {
			func(sc *godog.ScenarioContext) {
				sc.Before(func(ctx context.Context, _ *godog.Scenario) (context.Context, error) {
					return ctx, errors.New("no cluster")
				})
			}, "before scenario hook failed: no cluster"},
		"a hook before a step fails": {
			func(sc *godog.ScenarioContext) {
				sc.StepContext().Before(func(ctx context.Context, _ *godog.Step) (context.Context, error) {
					return ctx, errors.New("no disk")
				})
			}, "before step hook failed: no disk"},
		"a hook after the scenario fails": {
			func(sc *godog.ScenarioContext) {
				sc.After(func(ctx context.Context, _ *godog.Scenario, _ error) (context.Context, error) {
					return ctx, errors.New("cannot clean up")
				})
			}, "after scenario hook failed: cannot clean up"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, concurrency := range []int{1, 4} {
				r, code := suite{
					features: []godog.Feature{file("calm.feature", calm)}, concurrency: concurrency,
					initialize: func(sc *godog.ScenarioContext) {
						vocabulary(sc)
						test.hook(sc)
					},
				}.run(t, Options{})
				require.Equal(t, 1, code)
				require.NoError(t, r.Write())
				require.Len(t, r.run.bad(), 2)
				_, cause := r.run.bad()[0].cause()
				assert.Equal(t, test.want, cause)
			}
		})
	}
}

// godog does not pass some steps to its formatters.
func TestStepsThatReachOnlyHooks(t *testing.T) {
	const features = `Feature: F
  Scenario: Says that it is undefined
    Then this says that it is undefined
  Scenario: Ambiguous after a failure
    Given it fails and explains itself
    Then this is ambiguous
`
	for _, concurrency := range []int{1, 4} {
		dir := t.TempDir()
		r, _ := suite{
			features: []godog.Feature{file("f.feature", features)}, concurrency: concurrency,
		}.run(t, Options{Dir: dir})
		require.NoError(t, r.Write())
		assert.Equal(t, "1 failed, 1 undefined", tallyOf(r))
		assert.Equal(t, ambiguous, r.run.features[0].scenarios[1].steps[1].status)
		readMessages(t, dir)
	}
}

func TestPanicHasItsStackTrace(t *testing.T) {
	r, _ := suite{features: []godog.Feature{file("boom.feature", boom)}, concurrency: 1}.run(t, Options{})
	_, cause := r.run.bad()[0].cause()
	assert.Contains(t, cause, "the scales fell over")
	assert.Contains(t, cause, "suite_test.go:")
	assert.Equal(t, "the scales fell over", r.run.bad()[0].headline())
}

func TestScenariosThatDidNotRunAreOmitted(t *testing.T) {
	dir := t.TempDir()
	r, _ := suite{
		features: []godog.Feature{big(20, true)}, concurrency: 1, stop: true,
	}.run(t, Options{Dir: dir, Title: "Shop"})
	require.NoError(t, r.Write())

	assert.Equal(t, "1 failed, 4 passed, 15 not run", tallyOf(r))
	assert.Equal(t, 5, strings.Count(read(t, dir, junitFile), "<testcase "))
	assert.Equal(t, 5, strings.Count(read(t, dir, pageFile), `<details class="scenario `))
	requireText(t, read(t, dir, pageFile), "<dt>Not run</dt><dd>15 scenarios</dd>")
	readMessages(t, dir)
}

func TestIncompleteSetup(t *testing.T) {
	t.Run("without the format", func(t *testing.T) {
		r, err := New(Options{})
		require.NoError(t, err)
		require.ErrorContains(t, r.Write(), `no suite has finished with the format "`+r.Format()+`"`)
	})
	t.Run("without the hooks", func(t *testing.T) {
		r, err := New(Options{})
		require.NoError(t, err)
		godog.TestSuite{
			Options: &godog.Options{
				FeatureContents: []godog.Feature{file("calm.feature", calm)}, Format: r.Format(),
			},
			ScenarioInitializer: vocabulary,
		}.Run()
		require.ErrorContains(t, r.Write(), "call Report.Register")
	})
}

func TestFolder(t *testing.T) {
	t.Run("is created without the files of an earlier run", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "a", "b")
		require.NoError(t, os.MkdirAll(dir, 0o755))
		for _, name := range []string{pageFile, "mine.txt"} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o644))
		}
		_, err := New(Options{Dir: dir})
		require.NoError(t, err)
		assert.NoFileExists(t, filepath.Join(dir, pageFile))
		assert.FileExists(t, filepath.Join(dir, "mine.txt"))
	})
	t.Run("is a file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(path, nil, 0o644))
		_, err := New(Options{Dir: path})
		require.ErrorContains(t, err, "prepare the report folder "+path)
	})
	t.Run("is removed during the run", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "report")
		r, err := New(Options{Dir: dir})
		require.NoError(t, err)
		require.NoError(t, os.RemoveAll(dir))
		godog.TestSuite{
			Options: &godog.Options{
				FeatureContents: []godog.Feature{file("calm.feature", calm)}, Format: r.Format(),
			},
			ScenarioInitializer: func(sc *godog.ScenarioContext) {
				vocabulary(sc)
				r.Register(sc)
			},
		}.Run()
		err = r.Write()
		for _, name := range []string{pageFile, messagesFile, cucumberFile, junitFile} {
			require.ErrorContains(t, err, filepath.Join(dir, name))
		}
	})
}

// TestSubtests has the scenarios that TestRunAlone runs one by one.
func TestSubtests(t *testing.T) {
	r, _ := suite{
		features: []godog.Feature{file("names.feature", names)}, concurrency: 2, t: t,
	}.run(t, Options{Dir: os.Getenv("REPORT_DIR"), Test: t.Name()})
	require.NoError(t, r.Write())
	for _, s := range r.run.ran() {
		t.Logf("ran: %s", s.name())
	}
}

const names = `Feature: Names
  Scenario: Install
    When the order is paid
  Scenario: Install twice
    When the order is paid
  Scenario: It's a/b [c] (d|e) "f" $HOME 100% ü 日本
    When the order is paid
  Scenario Outline: Rows
    When the order is paid
    Examples:
      | n |
      | 1 |
      | 2 |
`

func TestRunAlone(t *testing.T) {
	r, _ := suite{
		features: []godog.Feature{file("names.feature", names)}, concurrency: 1,
	}.run(t, Options{Test: "TestSubtests"})
	for _, s := range r.run.ran() {
		t.Run(s.name(), func(t *testing.T) {
			words, err := shell.Fields(r.runAlone(s), nil)
			require.NoError(t, err)
			require.Equal(t, []string{"go", "test", "-run"}, words[:3])
			dir := t.TempDir()
			command := exec.Command(os.Args[0], "-test.v", "-test.run", words[3])
			command.Env = append(os.Environ(), "REPORT_DIR="+dir)
			output, err := command.CombinedOutput()
			require.NoError(t, err, string(output))

			var want []string
			for _, other := range r.run.ran() {
				if other.pickle.Name == s.pickle.Name {
					want = append(want, "ran: "+other.name())
				}
			}
			var got []string
			for _, line := range lines(string(output), "ran: ") {
				_, ran, _ := strings.Cut(line, "ran: ")
				got = append(got, "ran: "+ran)
			}
			assert.Equal(t, want, got)
			reported := strings.Count(read(t, dir, junitFile), "<testcase ")
			assert.Equal(t, len(want), reported, "scenarios that -run excludes must not be reported")
		})
	}
}

func TestRunAloneWithoutTest(t *testing.T) {
	r, err := New(Options{})
	require.NoError(t, err)
	assert.Empty(t, r.runAlone(&scenario{steps: []*step{{}}}))
}

func TestLiveOutputInALog(t *testing.T) {
	var out bytes.Buffer
	suite{
		features:    []godog.Feature{file("orders.feature", mixed), file("calm.feature", calm)},
		concurrency: 1, seed: 42, clock: steadyClock(),
	}.run(t, Options{Test: "TestFeatures", Live: &out})
	golden(t, "live.txt", out.String())
}

func TestLiveOutputOnATerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	var out bytes.Buffer
	r, err := New(Options{Live: &out})
	require.NoError(t, err)
	r.now = steadyClock()
	r.live.width = func() int { return 60 }
	godog.TestSuite{
		Options: &godog.Options{
			FeatureContents: []godog.Feature{file("calm.feature", calm), file("orders.feature", mixed)},
			Tags:            "~@smoke", Format: r.Format(), Concurrency: 1,
		},
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			vocabulary(sc)
			r.Register(sc)
		},
	}.Run()

	screens := strings.Split(out.String(), "\r\033[K")
	assert.Contains(t, screens, "0 of 8 scenarios, 20ms; running: One (10ms)")
	for _, screen := range screens[1 : len(screens)-1] {
		line, _, _ := strings.Cut(screen, "\n")
		assert.LessOrEqual(t, len([]rune(line)), 59)
	}
	failure := "\r\033[K\n\033[31;1mFAILED\033[0m  \033[1mExplain a failure\033[0m\n"
	assert.Contains(t, out.String(), failure, "a failure must replace the status line")
	assert.Contains(t, screens[len(screens)-1], "\033[1m8 scenarios\033[0m: \033[31;1m")
}

func TestLiveStatus(t *testing.T) {
	var out bytes.Buffer
	r, err := New(Options{Live: &out})
	require.NoError(t, err)
	r.now = steadyClock()
	const feature = "Feature: F\n  Scenario: Look\n    When a look is taken\n"
	godog.TestSuite{
		Options: &godog.Options{FeatureContents: []godog.Feature{file("f.feature", feature)}, Format: r.Format()},
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			vocabulary(sc)
			r.Register(sc)
			sc.Step(`^a look is taken$`, func() {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.live.progress()
			})
		},
	}.Run()
	assert.Contains(t, out.String(), "0 of 1 scenario, 30ms; running: Look (20ms)\n")
	before := out.String()
	r.live.progress()
	assert.Equal(t, before, out.String(), "the summary must be last")
}

func TestGitHubActions(t *testing.T) {
	summary := filepath.Join(t.TempDir(), "summary.md")
	require.NoError(t, os.WriteFile(summary, []byte("# Before\n"), 0o644))
	here, err := os.Getwd()
	require.NoError(t, err)
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary, "GITHUB_WORKSPACE": filepath.Dir(here),
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "shop/shop", "GITHUB_RUN_ID": "17",
		"GITHUB_SHA": "abc", "GITHUB_REF_NAME": "main",
	} {
		t.Setenv(name, value)
	}
	var annotations bytes.Buffer
	dir := t.TempDir()
	r, _ := suite{features: []godog.Feature{file("orders.feature", mixed)}, concurrency: 1, clock: steadyClock()}.
		run(t, Options{Dir: dir, Title: "Shop <3", Test: "TestFeatures", Actions: &annotations})
	require.NoError(t, r.Write())

	golden(t, "annotations.txt", annotations.String())
	golden(t, "summary.md", read(t, filepath.Dir(summary), "summary.md"))
	assert.Equal(t, "https://github.com/shop/shop/actions/runs/17", readMessages(t, dir)[0].Meta.Ci.Url)
}

func TestSummaryOfManyFailuresIsShort(t *testing.T) {
	r, _ := suite{features: []godog.Feature{big(1000, true)}, concurrency: 8}.run(t, Options{Test: "TestFeatures"})
	summary := r.summary()
	assert.Contains(t, summary, "And 150 more")
	assert.Less(t, len(summary), 1<<20)
}

func TestFence(t *testing.T) {
	assert.Equal(t, "```", fenceFor("plain"))
	assert.Equal(t, "`````", fenceFor("a ```` b"))
}

func TestElapsed(t *testing.T) {
	for want, d := range map[string]int64{"<1ms": 0, "12ms": 12, "3.42s": 3420, "2m05s": 125_000, "1m00s": 60_000} {
		assert.Equal(t, want, elapsed(time.Duration(d)*time.Millisecond))
	}
}

// The commands contain the flags, quoted for a shell.
func TestFailuresAfterTheRun(t *testing.T) {
	var out bytes.Buffer
	suite{
		features:    []godog.Feature{file("orders.feature", mixed), file("calm.feature", calm)},
		concurrency: 1, seed: 42, clock: steadyClock(),
	}.run(t, Options{Test: "TestFeatures", Failures: &out, Flags: []string{"-wait=3s", "-chart=my chart's"}})
	golden(t, "failures.txt", out.String())
}

func tallyOf(r *Report) string {
	counts, _ := r.run.counts()
	return counts.String()
}
