package acceptance

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"
	"golang.org/x/term"

	"github.com/traderadmin/charts/acceptance/internal/shard"
	"github.com/traderadmin/charts/cluster"
	"github.com/traderadmin/charts/internal/helm/binary"
	"github.com/traderadmin/charts/steps"
)

// flags are the settings of a run.
type flags struct {
	chart           string
	features        string
	backend         string
	helm            string
	reportDir       string
	coverage        string
	coverageMin     float64
	stepsPage       string
	sweep           bool
	keepFailed      bool
	wait            time.Duration
	lint            lintMode
	policies        string
	installPolicies bool
	realImages      []string
	healthPaths     []string
	shard           shard.Shard
	cluster         cluster.Options
	godog           godog.Options
}

// commandLine holds the flags of the test binary. Package testing parses them before the tests start, so they are
// registered when the program starts.
var commandLine = newFlags(flag.CommandLine)

// newFlags registers the flags of a run with their defaults.
func newFlags(set *flag.FlagSet) *flags {
	f := &flags{godog: godog.Options{
		Strict:      true,
		Randomize:   -1,                   // a new seed for each run, which is printed
		Concurrency: 4 * runtime.NumCPU(), // a scenario mostly waits
		NoColors:    !term.IsTerminal(int(os.Stdout.Fd())),
	}}
	set.StringVar(&f.chart, "chart", "",
		"test the chart at this `path` wherever the scenarios name the chart of the suite")
	set.StringVar(&f.features, "features", "", "read the scenarios from this `folder` (default \"features\")")
	set.StringVar(&f.backend, "cluster", "embedded",
		"the `backend` that provides the Kubernetes cluster: "+cluster.Names())
	set.StringVar(&f.helm, "helm", binary.SDK, "the Helm that runs the commands: 3, 4, or the `path` of a helm binary; "+
		"a list such as 3,4 runs the scenarios with each")
	set.StringVar(&f.reportDir, "report", "",
		"write index.html, junit.xml, cucumber.json and messages.ndjson to this `folder`")
	set.StringVar(&f.coverage, "coverage", "", "write which branches of the templates the scenarios execute, and which "+
		"values they set, to this `folder`: as a page, as JSON, and as line coverage in three formats")
	set.Float64Var(&f.coverageMin, "coverage-min", 0,
		"fail if the scenarios cover less than this `percent` of the branches of templates")
	set.StringVar(&f.stepsPage, "steps-page", "",
		"write the documentation of all steps, in Markdown, to this `file`, and run no scenario")
	set.BoolVar(&f.sweep, "sweep", false,
		"delete the leftovers of killed runs from a cluster that outlives its runs, and run no scenario")
	set.BoolVar(&f.keepFailed, "keep-failed", false,
		"keep the cluster and the objects of failed scenarios until Ctrl-C")
	set.Var(&f.lint, "lint", "the `effect` of linter errors: stop ends the run before a cluster starts, warn prints "+
		"them, off skips the linter (default stop)")
	set.StringVar(&f.policies, "policies", "", "lint the chart with the ValidatingAdmissionPolicies in this `folder`, "+
		"and install them on the cluster of the run, for its namespaces only")
	set.BoolVar(&f.installPolicies, "install-policies", false,
		"install the policies of -policies on a cluster that outlives the run, too, for the namespaces of the run only")
	set.DurationVar(&f.wait, "wait", time.Minute, "how long a step may wait for the cluster, and a Helm "+
		"command without --timeout; at most 5m for the latter, which is Helm's default")
	set.Var(&f.shard, "shard", "run one `part` of the scenarios, as i/n: 1/3 is the first of three")
	set.Func("real-images", "where nodes run containers: comma-separated `globs` of image repositories that get no "+
		"stand-in (default "+strings.Join(steps.DefaultRealImages, ",")+")", list(&f.realImages))
	set.Func("health-paths", "where nodes run containers: comma-separated `paths` that stand-ins answer with 200; "+
		"all others get 404 (default "+strings.Join(steps.DefaultHealthPaths, ",")+")", list(&f.healthPaths))
	f.cluster.Bind(set)
	usage := set.Usage
	godog.BindFlags("godog.", set, &f.godog)
	set.Usage = usage // godog's is in color
	return f
}

// check returns an error if the command line sets a flag of another cluster backend than that of -cluster.
func (f *flags) check() error {
	var failed []error
	flag.Visit(func(set *flag.Flag) {
		if backend := cluster.FlagBackend(set.Name); backend != "" && backend != f.backend {
			failed = append(failed, fmt.Errorf("-%s needs -cluster=%s, but -cluster is %s", set.Name, backend, f.backend))
		}
	})
	return errors.Join(failed...)
}

// lintMode is the effect of linter errors on a run. The zero value means stop.
type lintMode string

func (m *lintMode) String() string { return string(*m) }

func (m *lintMode) Set(value string) error {
	switch value {
	case "stop", "warn", "off":
		*m = lintMode(value)
		return nil
	}
	return errors.New("want stop, warn or off")
}

// list parses a comma-separated flag into words.
func list(words *[]string) func(string) error {
	return func(value string) error {
		*words = strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
		return nil
	}
}

// isSet reports whether the command line sets a flag.
func isSet(name string) bool {
	set := false
	flag.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// scenarioFlags returns the flags of the command line that also apply to a scenario that is run alone, except those
// that replaced sets.
func scenarioFlags(replaced []string) []string {
	var words []string
	flag.Visit(func(f *flag.Flag) {
		switch group, name, _ := strings.Cut(f.Name, "."); {
		case group == "test", group == "godog" && name != "paths":
		case slices.ContainsFunc(replaced, func(flag string) bool { return strings.HasPrefix(flag, "-"+f.Name+"=") }):
		case f.Name == "report", f.Name == "shard", f.Name == "keep-failed":
		default:
			words = append(words, "-"+f.Name+"="+f.Value.String())
		}
	})
	return words
}
