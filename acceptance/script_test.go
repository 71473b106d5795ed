package acceptance

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cucumber/godog"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/steps"
)

// TestMain makes the command features, which is `go test -run TestFeatures` in a repository with one chart.
func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", "4") // scripts mostly wait; -parallel on the command line overrides it
	testscript.Main(m, map[string]func(){"features": features})
}

func features() {
	test := testing.InternalTest{Name: "TestFeatures", F: func(t *testing.T) {
		Run(t, Suite{Namespace: os.Getenv("NAMESPACE"), Steps: hangingStep})
	}}
	testing.Main(regexp.MatchString, []testing.InternalTest{test}, nil, nil)
}

// hangingStep adds a step that ignores its context.
func hangingStep(sc *godog.ScenarioContext, _ *steps.Scenario) {
	sc.Step(`^a step that hangs$`, func() { select {} })
}

// TestGateScripts runs whole runs that end before they start a cluster, on copies of the chart of this repository.
func TestGateScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scripts("testdata/gate"))
}

// TestScripts starts runs as a user does, on copies of the chart of this repository.
func TestScripts(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	testscript.Run(t, scripts("testdata/script"))
}

// skipIfShort skips a test that starts clusters.
func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short skips whole runs, which start clusters")
	}
}

// TestKindScripts starts runs on kind clusters. It needs -kind-image, and a Docker engine with that image.
func TestKindScripts(t *testing.T) {
	options := commandLine.cluster.Kind
	if options.Image == "" {
		t.Skip("-kind-image names no node image to test on")
	}
	t.Setenv("KIND_IMAGE", options.Image)
	if options.Config != "" {
		path, err := filepath.Abs(options.Config)
		require.NoError(t, err)
		t.Setenv("KIND_CONFIG", path)
	}
	testscript.Run(t, scripts("testdata/kind"))
}

// scripts returns the parameters of the scripts in a folder. Each script starts in its own folder, with the chart of
// this repository in charts/traderadmin and its first feature in features.
func scripts(folder string) testscript.Params {
	return testscript.Params{
		Dir:                folder,
		RequireUniqueNames: true,
		Setup:              setUp,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"fresh":       fresh,
			"replace":     replace,
			"start":       start,
			"await":       await,
			"signal":      signalRun,
			"finish":      finish,
			"empty":       empty,
			"run-alone":   runAlone,
			"prints":      prints,
			"cause":       cause,
			"cluster":     startCluster,
			"canary":      checkCanary,
			"kind":        startKind,
			"kind-exists": kindExists,
		},
	}
}

func setUp(env *testscript.Env) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	settings, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOENV").Output()
	if err != nil {
		return err
	}
	goEnv := strings.Fields(string(settings))
	for name, value := range map[string]string{
		"NAMESPACE": "trader", "KIND_IMAGE": os.Getenv("KIND_IMAGE"), "KIND_CONFIG": os.Getenv("KIND_CONFIG"),
		"XDG_CACHE_HOME": cache, "GOCACHE": goEnv[0], "GOMODCACHE": goEnv[1], "GOENV": goEnv[2],
		"FIRST": firstFeature,
	} {
		env.Setenv(name, value)
	}
	// The scripts check which temporary files a run leaves behind.
	env.Setenv("TMPDIR", filepath.Join(env.WorkDir, "tmp"))
	if err := os.Mkdir(filepath.Join(env.WorkDir, "tmp"), 0o700); err != nil {
		return err
	}
	env.Values[stateKey{}] = &state{runs: map[string]*startedRun{}}
	return copyRepository(env.WorkDir)
}

// firstFeature is the feature file of this repository that every script has.
const firstFeature = "features/helm_chart_deployment.feature"

// copyRepository copies the chart of this repository and its first feature to folder, and replaces those there.
func copyRepository(folder string) error {
	if err := os.RemoveAll(filepath.Join(folder, "charts")); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(folder, "charts"), os.DirFS("../charts")); err != nil {
		return err
	}
	feature, err := os.ReadFile(filepath.Join("..", firstFeature))
	if err != nil {
		return err
	}
	target := filepath.Join(folder, firstFeature)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	return os.WriteFile(target, feature, 0o600)
}

// fresh undoes all changes to the chart and the feature.
func fresh(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(copyRepository(ts.MkAbs(".")))
}

// replace OLD by NEW in FILE, where OLD is found once. \n is a line break.
func replace(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: replace FILE OLD NEW")
	}
	text := func(arg string) string { return strings.ReplaceAll(arg, `\n`, "\n") }
	content, old := ts.ReadFile(args[0]), text(args[1])
	if n := strings.Count(content, old); n != 1 {
		ts.Fatalf("%s contains %q %d times, not once", args[0], old, n)
	}
	content = strings.Replace(content, old, text(args[2]), 1)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(content), 0o600))
}

// startedRun is a command that runs in the background.
type startedRun struct {
	command *exec.Cmd
	lines   *bufio.Scanner
	output  strings.Builder
	group   int // the process group of its embedded control plane; 0 if it has none
}

// state is shared by the commands of one script.
type state struct {
	runs   map[string]*startedRun // by name
	canary *canary                // nil without an existing cluster
}

type stateKey struct{}

func stateOf(ts *testscript.TestScript) *state { return ts.Value(stateKey{}).(*state) }

func runOf(ts *testscript.TestScript, name string) *startedRun {
	r := stateOf(ts).runs[name]
	if r == nil {
		ts.Fatalf("no run %q was started", name)
	}
	return r
}

// start NAME COMMAND… starts a command in the background.
func start(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: start NAME COMMAND [ARG…]")
	}
	command := exec.Command(lookPath(ts, args[1]), args[2:]...)
	command.Dir = ts.MkAbs(".")
	command.Env = environment(ts)
	output, err := command.StdoutPipe()
	ts.Check(err)
	command.Stderr = command.Stdout
	ts.Check(command.Start())
	ts.Defer(func() { _ = command.Process.Kill() }) // which fails if it has ended
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	stateOf(ts).runs[args[0]] = &startedRun{command: command, lines: lines}
}

// lookPath returns the path of a command that is on the PATH of the script.
func lookPath(ts *testscript.TestScript, name string) string {
	for _, folder := range filepath.SplitList(ts.Getenv("PATH")) {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	ts.Fatalf("no command %q", name)
	return ""
}

// environment returns the environment variables of the script that a run depends on.
func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"PATH", "HOME", "TMPDIR", "NAMESPACE", "XDG_CACHE_HOME", "GOCACHE", "GOMODCACHE", "GOENV", "GOPROXY", "GONOSUMDB",
		"KUBECONFIG",
	} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// await NAME TEXT reads the output of a run up to a line that contains TEXT.
func await(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: await NAME TEXT")
	}
	if r := runOf(ts, args[0]); !r.readTo(os.Expand(args[1], ts.Getenv)) {
		ts.Fatalf("%s ended without printing %q:\n%s", args[0], args[1], &r.output)
	}
}

// readTo reads the output up to a line that contains text, and reports whether there is one.
func (r *startedRun) readTo(text string) bool {
	for r.lines.Scan() {
		fmt.Fprintln(&r.output, r.lines.Text())
		if strings.Contains(r.lines.Text(), text) {
			return true
		}
	}
	return false
}

// signal NAME INT|KILL sends a signal to a run. If the run has a control plane, finish checks that it is gone.
func signalRun(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]os.Signal{"INT": os.Interrupt, "KILL": os.Kill}
	if len(args) != 2 || signals[args[1]] == nil {
		ts.Fatalf("usage: signal NAME INT|KILL")
	}
	r := runOf(ts, args[0])
	r.group = controlPlane(ts)
	ts.Check(r.command.Process.Signal(signals[args[1]]))
}

// controlPlane returns the process group of the control plane whose files are in the script's folder, or 0.
func controlPlane(ts *testscript.TestScript) int {
	pids, err := exec.Command("pgrep", "-f", ts.Getenv("TMPDIR")).Output()
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.Fields(string(pids))[0])
	ts.Check(err)
	group, err := syscall.Getpgid(pid)
	ts.Check(err)
	return group
}

// finish NAME waits for a run, which must have passed, or failed after "!". Its output is the stdout of the script.
func finish(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] finish NAME")
	}
	r := runOf(ts, args[0])
	r.readTo("\n") // which no line contains
	err := r.command.Wait()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	_, _ = io.WriteString(ts.Stdout(), r.output.String())
	if failed := err != nil; failed != neg {
		ts.Fatalf("%s failed: %t\n%s", args[0], failed, &r.output)
	}
	ended := func() bool { return syscall.Kill(-r.group, 0) == syscall.ESRCH }
	if r.group != 0 && !eventually(ended) {
		ts.Fatalf("the control plane of %s (process group %d) outlives it", args[0], r.group)
	}
}

// eventually reports whether a condition comes true within a minute.
func eventually(condition func() bool) bool {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if condition() {
			return true
		}
	}
	return false
}

// empty FOLDER fails unless a folder is empty.
func empty(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] empty FOLDER")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if (len(entries) == 0) == neg {
		ts.Fatalf("%s contains %v", args[0], entries)
	}
}

// run-alone runs the command that the last run printed to run its failed scenario alone, with the command features in
// place of `go test`.
func runAlone(ts *testscript.TestScript, neg bool, _ []string) {
	printed := regexp.MustCompile(`Run alone:\n +go test -run (.*)`).FindStringSubmatch(ts.ReadFile("stdout"))
	if printed == nil {
		ts.Fatalf("the run printed no command that runs a scenario alone")
	}
	err := ts.Exec("sh", "-c", "features -test.run "+printed[1])
	if failed := err != nil; failed != neg {
		ts.Fatalf("%s: failed: %t", printed[0], failed)
	}
}

// prints TEXT… fails unless the output of the last run contains all of the texts.
func prints(ts *testscript.TestScript, _ bool, texts []string) {
	requireAll(ts, ts.ReadFile("stdout"), texts)
}

// cause TEXT… fails unless the first three lines of the only failure of the last run contain all of the texts.
func cause(ts *testscript.TestScript, _ bool, texts []string) {
	_, failure, found := strings.Cut(ts.ReadFile("stdout"), "\n  Cause:\n")
	if !found { // of more than one line
		_, failure, found = strings.Cut(ts.ReadFile("stdout"), "      Error: ")
	}
	if !found {
		ts.Fatalf("the run printed no failure")
	}
	lines := strings.SplitAfterN(failure, "\n", 4)
	requireAll(ts, strings.Join(lines[:min(3, len(lines))], ""), texts)
}

func requireAll(ts *testscript.TestScript, output string, texts []string) {
	for _, text := range texts {
		if !strings.Contains(output, text) {
			ts.Fatalf("no %q in:\n%s", text, output)
		}
	}
}
