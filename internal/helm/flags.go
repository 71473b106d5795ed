package helm

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagSets knows the flags of each command of a helm binary.
type flagSets struct {
	binary string
	mutex  sync.Mutex
	help   map[string][]byte // what --help prints, by command
}

func newFlagSets(binary string) *flagSets {
	return &flagSets{binary: binary, help: map[string][]byte{}}
}

// commandLine is a parsed command line of a helm binary.
type commandLine struct {
	command *cobra.Command // the command of Helm 3 with this name, which says what its arguments are
	flags   *pflag.FlagSet // whose values are all texts
	args    []string       // without the words of the command
}

// parse parses a command line with the flags of the binary.
func (s *flagSets) parse(ctx context.Context, args []string) (*commandLine, error) {
	root := newExecution(&Client{}, Scope{}).root()
	command, rest, err := findCommand(root, args)
	if err != nil {
		return nil, err
	}
	flags, err := s.of(ctx, command)
	if err != nil {
		return nil, err
	}
	if err := flags.Parse(rest); err != nil {
		return nil, unknownFlag(command, flags, err)
	}
	line := &commandLine{command, flags, flags.Args()}
	if line.isHelp() {
		return line, nil
	}
	if err := command.ValidateArgs(line.args); err != nil {
		return nil, err
	}
	return line, refusedFlag(command, flags)
}

// of returns the flags of a command: those that the binary's help lists, and those of Helm 3, which other versions may
// hide but still take.
func (s *flagSets) of(ctx context.Context, command *cobra.Command) (*pflag.FlagSet, error) {
	help, err := s.helpOf(ctx, path(command))
	if err != nil {
		return nil, err
	}
	flags := pflag.NewFlagSet(command.Name(), pflag.ContinueOnError)
	for lines := bufio.NewScanner(bytes.NewReader(help)); lines.Scan(); {
		if found := flagLine.FindStringSubmatch(lines.Text()); found != nil {
			addFlag(flags, found[2], found[1], implied(found[3], found[4]))
		}
	}
	command.InitDefaultHelpFlag()
	command.InheritedFlags() // adds those of the root to Flags
	command.Flags().VisitAll(func(known *pflag.Flag) { addFlag(flags, known.Name, known.Shorthand, known.NoOptDefVal) })
	return flags, nil
}

// flagLine matches a flag in the usage that pflag prints: its letter, its name, the type of its value, and the value
// that it has if none is typed.
var flagLine = regexp.MustCompile(`^ +(?:-(\w), )?--([\w-]+)(?: ([^ \[]+))?(?:\[=(\S+)\])?(?: {2,}|$)`)

// implied returns the value of a flag without a value. Only that of a boolean is not printed.
func implied(kind, printed string) string {
	if kind == "" && printed == "" {
		return "true"
	}
	return strings.Trim(printed, `"`)
}

func addFlag(flags *pflag.FlagSet, name, letter, implied string) {
	if flags.Lookup(name) == nil {
		flags.VarPF(new(texts), name, letter, "").NoOptDefVal = implied
	}
}

// texts are the values of a flag, as typed.
type texts []string

func (t *texts) String() string { return strings.Join(*t, ",") }
func (t *texts) Type() string   { return "texts" }
func (t *texts) Set(text string) error {
	*t = append(*t, text)
	return nil
}

// helpOf returns what --help of a command prints.
func (s *flagSets) helpOf(ctx context.Context, words []string) ([]byte, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	key := strings.Join(words, " ")
	if known, ok := s.help[key]; ok {
		return known, nil
	}
	help, err := exec.CommandContext(ctx, s.binary, append(slices.Clone(words), "--help")...).Output()
	if err != nil {
		return nil, fmt.Errorf("read the flags of `%s %s`: %w", s.binary, key, err)
	}
	s.help[key] = help
	return help, nil
}

// path returns the words of a command after "helm".
func path(command *cobra.Command) []string { return strings.Fields(command.CommandPath())[1:] }

// isHelp reports whether the command line only prints help.
func (l *commandLine) isHelp() bool {
	return l.is("help") || l.command.HasSubCommands() || l.command.Name() == "help"
}

// is reports whether a flag is set, and not to false.
func (l *commandLine) is(name string) bool {
	flag := l.flags.Lookup(name)
	return flag != nil && flag.Changed && !slices.Contains([]string{"", "false", "none"}, l.last(name))
}

// last returns the last value of a flag, or "".
func (l *commandLine) last(name string) string {
	if flag := l.flags.Lookup(name); flag != nil {
		if values := *flag.Value.(*texts); len(values) > 0 {
			return values[len(values)-1]
		}
	}
	return ""
}

// waits reports whether the command waits until the objects of the chart are ready.
func (l *commandLine) waits() bool {
	return l.is("wait") && l.last("wait") != "hookOnly" || l.is("atomic") || l.is("rollback-on-failure")
}

// timeout returns the value of --timeout, or Helm's default.
func (l *commandLine) timeout() time.Duration {
	if typed, err := time.ParseDuration(l.last("timeout")); err == nil {
		return typed
	}
	return defaultTimeout
}

// defaultTimeout is Helm's default of --timeout.
const defaultTimeout = 5 * time.Minute

func (l *commandLine) invocation() *Invocation {
	if l.isHelp() {
		return &Invocation{Command: "help"}
	}
	invocation := &Invocation{
		Command: strings.Join(path(l.command), " "), Namespace: l.last("namespace"),
		CreateNamespace: l.is("create-namespace"), DryRun: l.is("dry-run"),
	}
	invocation.readArguments(l.command, l.args)
	return invocation
}

// words returns the words for the binary, with the paths that the execution resolves, and a replacer of these paths by
// what was typed, for what the binary prints.
func (l *commandLine) words(e *execution) ([]string, *strings.Replacer) {
	var typed []string
	resolve := func(path string) string {
		resolved := e.path(path)
		if resolved == filepath.Join(e.client.dir, path) {
			return path // the binary runs there
		}
		typed = append(typed, resolved, path)
		return resolved
	}
	words := path(l.command)
	if timeout := l.flags.Lookup("timeout"); timeout != nil && !timeout.Changed && e.client.timeout > 0 {
		words = append(words, "--timeout="+e.client.timeout.String())
	}
	if version := l.flags.Lookup("kube-version"); version != nil && !version.Changed {
		if ofCluster := e.client.kubeVersion(); ofCluster != "" {
			words = append(words, "--kube-version="+ofCluster)
		}
	}
	l.flags.Visit(func(flag *pflag.Flag) {
		for _, value := range *flag.Value.(*texts) {
			switch flag.Name {
			case "namespace": // the environment names the real one
				continue
			case "values":
				value = eachOf(value, func(path string) string {
					if strings.Contains(path, "://") {
						return path
					}
					return resolve(path)
				})
			case "set-file":
				value = eachOf(value, func(assignment string) string {
					key, path, _ := strings.Cut(assignment, "=")
					return key + "=" + resolve(path)
				})
			case "destination", "output-dir":
				if e.scope.Folder != "" {
					value = e.destination(value)
				}
			}
			words = append(words, "--"+flag.Name+"="+value)
		}
	})
	for i, arg := range l.args {
		if l.isChart(i) {
			arg = resolve(arg)
		}
		words = append(words, arg)
	}
	if l.command.Name() == "package" && !l.flags.Changed("destination") && e.scope.Folder != "" {
		words = append(words, "--destination="+e.destination("."))
	}
	return words, strings.NewReplacer(typed...)
}

// isChart reports whether an argument is a chart.
func (l *commandLine) isChart(i int) bool {
	switch l.command.Annotations[takes] {
	case oneChart, manyCharts:
		return true
	case releaseAndChart:
		return i == len(l.args)-1
	}
	return false
}

// eachOf changes each element of a comma-separated list.
func eachOf(list string, change func(string) string) string {
	elements := strings.Split(list, ",")
	for i, element := range elements {
		elements[i] = change(element)
	}
	return strings.Join(elements, ",")
}
