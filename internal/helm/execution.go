package helm

import (
	"context"
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

// execution is one command line: its commands and flags, and its state while it runs.
type execution struct {
	client *Client
	scope  Scope
	config *action.Configuration // ready when the command begins
	streams

	namespace string // the real name in the cluster, set when the command begins
	debug     bool

	args     []string // the words of the command line
	chart    string   // as given on the command line
	releases []*release.Release
	recorded *Recorded // nil unless the scope has a recording

	// waitError is the error of the first wait that failed. It is atomic because Helm may continue in the background after
	// a cancelled command has returned.
	waitError atomic.Pointer[error]
}

func newExecution(client *Client, scope Scope) *execution {
	return &execution{client: client, scope: scope, config: new(action.Configuration)}
}

func (e *execution) execute(ctx context.Context, args []string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.args = args
	root := e.root()
	if _, _, err := findCommand(root, args); err != nil {
		return err
	}
	root.SetArgs(slices.Concat([]string{}, args)) // nil would mean the arguments of this process
	return root.ExecuteContext(ctx)
}

// root returns the command `helm` with all its subcommands.
func (e *execution) root() *cobra.Command {
	root := &cobra.Command{
		Use:               "helm",
		Short:             "The Helm package manager for Kubernetes.",
		Args:              cobra.ArbitraryArgs,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		PersistentPreRunE: e.begin,
	}
	root.SetOut(&e.stdout)
	root.SetErr(&e.stderr)
	root.SetFlagErrorFunc(flagError)
	e.globalFlags(root.PersistentFlags())

	root.AddCommand(
		e.install(), e.upgrade(), e.uninstall(), e.rollback(), e.test(),
		e.template(), e.lint(), e.packageChart(), e.show(),
		e.status(), e.history(), e.get(), e.version(),
	)
	root.InitDefaultHelpCmd()
	return root
}

// globalFlags adds the flags of all commands. Helm's other global flags are hidden, and refusedFlag rejects them.
func (e *execution) globalFlags(flags *pflag.FlagSet) {
	flags.StringP("namespace", "n", "", "namespace of the release")
	flags.BoolVar(&e.debug, "debug", false, "print Helm's log")

	others := pflag.NewFlagSet("", pflag.ContinueOnError)
	cli.New().AddFlags(others)
	others.VisitAll(func(flag *pflag.Flag) { flag.Hidden = true })
	flags.AddFlagSet(others) // skips existing ones
}

// begin runs after the flags are parsed and before the command.
func (e *execution) begin(command *cobra.Command, args []string) error {
	if err := refusedFlag(command, command.Flags()); err != nil {
		return err
	}
	if timeout := command.Flags().Lookup("timeout"); timeout != nil && !timeout.Changed && e.client.timeout > 0 {
		if err := timeout.Value.Set(e.client.timeout.String()); err != nil {
			return err
		}
	}
	e.namespace, _ = command.Flags().GetString("namespace")
	if e.namespace == "" {
		e.namespace = e.client.namespace
	}
	called := e.namespace
	if e.scope.Namespace != nil {
		e.namespace = e.scope.Namespace(called)
	}
	if err := e.client.configure(command.Context(), e); err != nil {
		return err
	}
	return e.record(command, args, called)
}

// refusedFlag returns an error if a flag is set that selects or configures the connection to the cluster. flags are
// those of the command line.
func refusedFlag(command *cobra.Command, flags *pflag.FlagSet) (err error) {
	command.Root().PersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden && flags.Changed(flag.Name) {
			err = fmt.Errorf("--%s cannot be used here: the suite chooses the cluster and the charts' source", flag.Name)
		}
	})
	return err
}

// read records a release that the command has changed or read. It ignores nil.
func (e *execution) read(release *release.Release) {
	if release != nil {
		e.releases = append(e.releases, release)
	}
}

// logf writes Helm's debug log, with --debug.
func (e *execution) logf(format string, values ...any) {
	if e.debug {
		e.stderr.Printf("[debug] "+format, values...)
	}
}

// outputFlag adds --output. The default is a table.
func outputFlag(flags *pflag.FlagSet) *output.Format {
	format := output.Table
	flags.VarP((*formatValue)(&format), "output", "o", "format of the output: "+strings.Join(output.Formats(), ", "))
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
