package helm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/traderadmin/charts/internal/suggest"
)

// Invocation is a parsed command line.
type Invocation struct {
	// Command is the command without aliases, for instance "upgrade" or "get values"; "help" if it only prints help.
	Command string

	// Releases are the releases that the arguments name. It is empty if Helm generates the name.
	Releases []string

	// Charts are the charts that the arguments name.
	Charts []string

	// Namespace is the value of --namespace; "" if the command line has none.
	Namespace string

	// CreateNamespace reports whether the command line has --create-namespace.
	CreateNamespace bool

	// DryRun reports whether the command line has --dry-run, so that the command changes nothing.
	DryRun bool
}

// ParseCommandLine parses a command line, given as its words without the leading "helm". For an unknown command, an
// unknown flag or a wrong number of arguments, it returns the same error as Run.
func ParseCommandLine(args []string) (*Invocation, error) {
	root := newExecution(&Client{}, Scope{}).root()
	command, rest, err := findCommand(root, args)
	if err != nil {
		return nil, err
	}
	command.InitDefaultHelpFlag()
	if err := command.ParseFlags(rest); err != nil {
		return nil, flagError(command, err)
	}
	help, _ := command.Flags().GetBool("help")
	if help || command.HasSubCommands() || command.Name() == "help" {
		return &Invocation{Command: "help"}, nil
	}
	words := command.Flags().Args()
	if err := command.ValidateArgs(words); err != nil {
		return nil, err
	}
	if err := refusedFlag(command, command.Flags()); err != nil {
		return nil, err
	}
	invocation := &Invocation{Command: strings.TrimPrefix(command.CommandPath(), root.Name()+" ")}
	invocation.readArguments(command, words)
	invocation.readFlags(command.Flags())
	return invocation, nil
}

func (i *Invocation) readArguments(command *cobra.Command, words []string) {
	switch command.Annotations[takes] {
	case oneRelease:
		i.Releases = words[:1] // rollback takes a revision, too
	case manyReleases:
		i.Releases = words
	case oneChart, manyCharts:
		i.Charts = words
	case releaseAndChart:
		last := len(words) - 1
		i.Releases, i.Charts = words[:last], words[last:]
	}
}

func (i *Invocation) readFlags(flags *pflag.FlagSet) {
	i.Namespace, _ = flags.GetString("namespace")
	i.CreateNamespace, _ = flags.GetBool("create-namespace") // false if the command has no such flag
	if dryRun := flags.Lookup("dry-run"); dryRun != nil {
		i.DryRun = !slices.Contains([]string{"", "none", "false"}, dryRun.Value.String())
	}
}

// Subject reports whether a command takes a release, a chart, or both. The words begin with the command, for instance
// "get", "values"; any further words are ignored.
func Subject(words []string) (release, chart bool, err error) {
	command, _, err := findCommand(newExecution(&Client{}, Scope{}).root(), words)
	if err != nil {
		return false, false, err
	}
	subject := command.Annotations[takes]
	release = slices.Contains([]string{oneRelease, manyReleases, releaseAndChart}, subject)
	chart = slices.Contains([]string{oneChart, manyCharts, releaseAndChart}, subject)
	return release, chart, nil
}

// takes is the annotation of a command for the kind of its arguments.
const (
	takes           = "takes"
	oneRelease      = "a release"
	manyReleases    = "releases"
	oneChart        = "a chart"
	manyCharts      = "charts"
	releaseAndChart = "a release and a chart" // the chart is last; the release may be missing
)

func argumentsName(subject string) map[string]string { return map[string]string{takes: subject} }

// group returns a command that only has subcommands.
func group(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{Use: use, Short: short}
	command.AddCommand(subcommands...)
	return command
}

// needs adds the usage of the command to the errors of check.
func needs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if err := check(command, args); err != nil {
			return fmt.Errorf("%w; usage: %s", err, command.UseLine())
		}
		return nil
	}
}

// findCommand returns the command of a command line and the words that follow it. The command is a group only if the
// command line requests help.
func findCommand(root *cobra.Command, args []string) (command *cobra.Command, rest []string, err error) {
	command, rest, err = root.Find(args)
	if err == nil && command.HasSubCommands() {
		err = checkHelp(command, rest)
	}
	return command, rest, err
}

// checkHelp returns an error unless the words after a group of commands request help: the subcommand is missing or
// unknown.
func checkHelp(group *cobra.Command, rest []string) error {
	group.InitDefaultHelpFlag()
	group.FParseErrWhitelist.UnknownFlags = true // they belong to the command that was not recognized
	if err := group.ParseFlags(rest); err != nil {
		return err
	}
	if group.Flags().Changed("help") {
		return nil
	}
	names := make([]string, 0, len(group.Commands()))
	for _, command := range group.Commands() {
		names = append(names, command.Name())
	}
	all := "the commands are " + strings.Join(names, ", ")
	if group.Flags().NArg() == 0 {
		return fmt.Errorf("%s needs a command; %s", group.CommandPath(), all)
	}
	typed := group.Flags().Arg(0)
	return fmt.Errorf("unknown command %q for %s; %s", typed, group.CommandPath(), suggestCommand(group, typed, all))
}

// suggestCommand returns a question about the command that the user probably meant, or otherwise if no name is similar.
func suggestCommand(group *cobra.Command, typed, otherwise string) string {
	var names []string
	for _, command := range group.Commands() {
		if slices.Contains(command.SuggestFor, typed) {
			return fmt.Sprintf("did you mean %s?", command.Name())
		}
		names = append(names, command.Name())
	}
	if nearest := suggest.Nearest(typed, names); nearest >= 0 {
		return fmt.Sprintf("did you mean %s?", names[nearest])
	}
	return otherwise
}

// flagError is cobra's hook for flags that cannot be parsed.
func flagError(command *cobra.Command, err error) error {
	return unknownFlag(command, command.Flags(), err)
}

// newNames are flags of Helm 4 that have another name in Helm 3.
var newNames = map[string]string{"rollback-on-failure": "atomic", "force-replace": "force"}

// unknownFlag returns the error of a command line that cannot be parsed with these flags of a command.
func unknownFlag(command *cobra.Command, flags *pflag.FlagSet, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	typed, word := unknown.GetSpecifiedName(), "--"+unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		typed, word = letters, "-"+letters
	}
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			names = append(names, flag.Name)
		}
	})
	if older := newNames[typed]; older != "" && flags.Lookup(older) != nil {
		return fmt.Errorf("unknown flag %s for %s: it is of Helm 4; Helm 3 has --%s", word, command.CommandPath(), older)
	}
	advice := fmt.Sprintf("`%s --help` lists the flags", command.CommandPath())
	if nearest := suggest.Nearest(typed, names); nearest >= 0 {
		advice = fmt.Sprintf("did you mean --%s?", names[nearest])
	}
	return fmt.Errorf("unknown flag %s for %s; %s", word, command.CommandPath(), advice)
}
