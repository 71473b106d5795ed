package helm

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseCommandLine(t *testing.T) {
	t.Parallel()
	shop, chart := []string{"shop"}, []string{"./shop"}
	for line, invocation := range map[string]Invocation{
		"install shop ./shop":                     {Command: "install", Releases: shop, Charts: chart},
		"install ./shop -g":                       {Command: "install", Releases: []string{}, Charts: chart},
		"install --set a=b shop --wait ./shop":    {Command: "install", Releases: shop, Charts: chart},
		"-n trader install shop ./shop":           {Command: "install", Releases: shop, Charts: chart, Namespace: "trader"},
		"install shop ./shop --namespace=trader":  {Command: "install", Releases: shop, Charts: chart, Namespace: "trader"},
		"install shop ./shop --namespace trader":  {Command: "install", Releases: shop, Charts: chart, Namespace: "trader"},
		"install shop ./shop -ntrader":            {Command: "install", Releases: shop, Charts: chart, Namespace: "trader"},
		"install shop ./shop --set a='-n trader'": {Command: "install", Releases: shop, Charts: chart},
		"install shop ./shop --create-namespace":  {Command: "install", Releases: shop, Charts: chart, CreateNamespace: true},
		"install shop ./shop --dry-run":           {Command: "install", Releases: shop, Charts: chart, DryRun: true},
		"install shop ./shop --dry-run=server":    {Command: "install", Releases: shop, Charts: chart, DryRun: true},
		"install shop ./shop --dry-run=none":      {Command: "install", Releases: shop, Charts: chart},
		"upgrade shop ./shop -i":                  {Command: "upgrade", Releases: shop, Charts: chart},
		"rollback shop 1 --dry-run":               {Command: "rollback", Releases: shop, DryRun: true},
		"rollback shop 1 --dry-run=false":         {Command: "rollback", Releases: shop},
		"del shop other":                          {Command: "uninstall", Releases: []string{"shop", "other"}},
		"hist shop":                               {Command: "history", Releases: shop},
		"get values shop":                         {Command: "get values", Releases: shop},
		"inspect chart ./shop":                    {Command: "show chart", Charts: chart},
		"lint ./shop ./other":                     {Command: "lint", Charts: []string{"./shop", "./other"}},
		"package ./shop":                          {Command: "package", Charts: chart},
		"template ./shop":                         {Command: "template", Releases: []string{}, Charts: chart},
		"version":                                 {Command: "version"},
		"help install":                            {Command: "help"},
		"get --help":                              {Command: "help"},
		"install -h":                              {Command: "help"},
	} {
		words, err := Split(line)
		require.NoError(t, err)
		parsed, err := ParseCommandLine(words)
		require.NoError(t, err, line)
		assert.Equal(t, invocation, *parsed, line)
	}
}

func TestParseCommandLineFailsLikeTheCommand(t *testing.T) {
	t.Parallel()
	client := unreachable(t, Options{})
	for _, line := range []string{
		"", "instal x ./c", "get", "get value x", "install x ./c --frobnicate", "install", "upgrade x", "version x",
		"status x --kubeconfig c", "status x -o xml",
	} {
		words, err := Split(line)
		require.NoError(t, err)
		_, parseError := ParseCommandLine(words)
		require.Error(t, parseError, line)
		_, runError := try(t, client, line)
		assert.ErrorContains(t, runError, parseError.Error()+"\nwhile running: ")
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]bool{ // takes a release, takes a chart
		"install with":              {true, true},
		"upgrade with --set a=b":    {true, true},
		"template":                  {true, true},
		"get values with --all":     {true, false},
		"uninstall":                 {true, false},
		"rollback with 1":           {true, false},
		"package with --version 2":  {false, true},
		"show chart":                {false, true},
		"lint":                      {false, true},
		"version":                   {false, false},
		"-n trader upgrade with -i": {true, true},
	} {
		words, err := Split(line)
		require.NoError(t, err)
		release, chart, err := Subject(words)
		require.NoError(t, err, line)
		assert.Equal(t, want, [2]bool{release, chart}, line)
	}
	_, _, err := Subject([]string{"instal", "with"})
	require.ErrorContains(t, err, "did you mean install?")
}
