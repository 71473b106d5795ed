package helm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/cli/output"
	"helm.sh/helm/v3/pkg/release"
)

// invocation is one command line while it runs.
type invocation struct {
	client   *Client
	settings *cli.EnvSettings
	config   *action.Configuration // ready once the flags are read
	streams

	namespaceFlag *pflag.Flag

	chart    string // as the command line names it
	release  *release.Release
	releases []*release.Release

	wait atomic.Pointer[error] // the first that failed; Helm may go on in the background after a cancelled command has returned
}

func newInvocation(client *Client) *invocation {
	settings := cli.New()
	settings.Debug = false // whatever HELM_DEBUG says: the same command line prints the same everywhere
	settings.SetNamespace(client.namespace)
	return &invocation{client: client, settings: settings, config: new(action.Configuration)}
}

func (i *invocation) execute(ctx context.Context, args []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	root := i.root()
	command, rest, err := root.Find(args)
	if err == nil && command.HasSubCommands() {
		err = checkCommand(command, rest)
	}
	if err != nil {
		return err
	}
	root.SetArgs(append([]string{}, args...)) // never nil, which would mean the arguments of this process
	return root.ExecuteContext(ctx)
}

func (i *invocation) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "helm",
		Short:             "The Helm package manager for Kubernetes.",
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: i.prepare,
	}
	root.SetOut(&i.stdout)
	root.SetErr(&i.stderr)
	root.SetFlagErrorFunc(flagError)

	flags := root.PersistentFlags()
	i.settings.AddFlags(flags)
	flags.VisitAll(func(flag *pflag.Flag) { flag.Hidden = choosesCluster(flag) })
	i.namespaceFlag = flags.Lookup("namespace")

	root.AddCommand(
		i.install(), i.upgrade(), i.uninstall(), i.rollback(), i.test(),
		i.template(), i.lint(), i.packageChart(), i.show(), i.dependency(),
		i.status(), i.history(), i.list(), i.get(), i.version(),
	)
	root.InitDefaultHelpCmd()
	return root
}

// prepare runs between the reading of the flags and the command.
func (i *invocation) prepare(command *cobra.Command, _ []string) error {
	var refused error
	command.Root().PersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Changed && choosesCluster(flag) {
			refused = fmt.Errorf("--%s cannot be used here: the test suite chooses the cluster, and how to talk to it", flag.Name)
		}
	})
	if refused != nil {
		return refused
	}
	return i.client.configure(command.Context(), i, i.namespace())
}

// choosesCluster says whether one of Helm's global flags is about the connection to the cluster.
func choosesCluster(global *pflag.Flag) bool {
	return strings.HasPrefix(global.Name, "kube") || global.Name == "burst-limit" || global.Name == "qps"
}

// group is a command that only has subcommands.
func group(use, short string, subcommands ...*cobra.Command) *cobra.Command {
	command := &cobra.Command{Use: use, Short: short}
	command.AddCommand(subcommands...)
	return command
}

// needs puts what is wrong with the arguments, and the usage, on one line.
func needs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if err := check(command, args); err != nil {
			return fmt.Errorf("%w; usage: %s", err, command.UseLine())
		}
		return nil
	}
}

// checkCommand is for a command line whose last command is a group. Unless it asks for help, the next word is missing, or names
// no command of the group.
func checkCommand(group *cobra.Command, rest []string) error {
	group.InitDefaultHelpFlag()
	group.FParseErrWhitelist.UnknownFlags = true // which belong to the command that was not recognized
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
	return fmt.Errorf("unknown command %q for %s; %s", typed, group.CommandPath(), didYouMean(group, typed, "", all))
}

// flagError is cobra's hook for flags that cannot be read.
func flagError(command *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	typed, word := unknown.GetSpecifiedName(), "--"+unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		typed, word = letters, "-"+letters
	}
	flags := &cobra.Command{}
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Hidden {
			flags.AddCommand(&cobra.Command{Use: flag.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	path := command.CommandPath()
	return fmt.Errorf("unknown flag %s for %s; %s", word, path,
		didYouMean(flags, typed, "--", fmt.Sprintf("`%s --help` lists the flags", path)))
}

// didYouMean names the candidate that is nearest to what was typed, or returns otherwise where none is near. Cobra knows which
// words are near each other, but only for names of commands: that is why candidates come as the commands of a parent.
func didYouMean(candidates *cobra.Command, typed, prefix, otherwise string) string {
	for distance := range 3 {
		candidates.SuggestionsMinimumDistance = distance
		near := candidates.SuggestionsFor(typed) // also all that typed is the start of, however long
		if len(near) > 0 {
			nearest := slices.MinFunc(near, func(a, b string) int { return len(a) - len(b) })
			return fmt.Sprintf("did you mean %s%s?", prefix, nearest)
		}
	}
	return otherwise
}

func (i *invocation) namespace() string {
	namespace := i.namespaceFlag.Value.String()
	if namespace == "" {
		namespace = i.client.namespace
	}
	if i.client.actual != nil {
		namespace = i.client.actual(namespace)
	}
	return namespace
}

// outputFlag adds --output, which is a table unless the command line says otherwise.
func outputFlag(flags *pflag.FlagSet) *output.Format {
	format := output.Table
	flags.VarP((*formatValue)(&format), "output", "o",
		"prints the output in the specified format: "+strings.Join(output.Formats(), ", "))
	return &format
}

type formatValue output.Format

func (f *formatValue) String() string { return string(*f) }
func (f *formatValue) Type() string   { return "format" }
func (f *formatValue) Set(text string) error {
	format, err := output.ParseFormat(text)
	*f = formatValue(format)
	return err
}
