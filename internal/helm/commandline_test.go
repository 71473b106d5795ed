package helm

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for line, words := range map[string][]string{
		"":                                nil,
		"   ":                             nil,
		"install traderadmin ./c":         {"install", "traderadmin", "./c"},
		"  list \t -A ":                   {"list", "-A"},
		"install a \\\n  --wait":          {"install", "a", "--wait"},
		`--set a={x,y}`:                   {"--set", "a={x,y}"},
		`--set a[0].b=c`:                  {"--set", "a[0].b=c"},
		`--set image=registry/go:v2.0`:    {"--set", "image=registry/go:v2.0"},
		`--set a=*.yaml?`:                 {"--set", "a=*.yaml?"},
		`-f ~/values.yaml`:                {"-f", "~/values.yaml"},
		`--set a\.b=c\ d`:                 {"--set", "a.b=c d"},
		`--set 'a\.b=c d'`:                {"--set", `a\.b=c d`},
		`--set "a\.b=say \"hi\" for 5\$"`: {"--set", `a\.b=say "hi" for 5$`},
		`--set a=""`:                      {"--set", "a="},
		`''`:                              {""},
		`--set 'price=$5;|&><'`:           {"--set", "price=$5;|&><"},
		`--set-json 'a={"b":[1,2]}'`:      {"--set-json", `a={"b":[1,2]}`},
		`pre'fix 'and"suf fix"`:           {"prefix andsuf fix"},
		`name-ü`:                          {"name-ü"},
		`list # the releases`:             {"list"},
		`--set a=#1`:                      {"--set", "a=#1"},
		`--set 'a=it'\''s'`:               {"--set", "a=it's"},
	} {
		split, err := Split(line)
		require.NoError(t, err, line)
		assert.Equal(t, words, split, line)
	}
}

func TestSplitRefuses(t *testing.T) {
	t.Parallel()
	const notOneCommand = "this is not a shell: write one command"
	for line, words := range map[string]string{
		"list | grep x":        notOneCommand,
		"list; list":           notOneCommand,
		"list;":                notOneCommand,
		"list && list":         notOneCommand,
		"list || list":         notOneCommand,
		"list &":               notOneCommand,
		"list\nlist":           notOneCommand,
		"list > out":           notOneCommand,
		"list 2>&1":            notOneCommand,
		"list < in":            notOneCommand,
		"! list":               notOneCommand,
		"(list)":               notOneCommand,
		"A=b list":             notOneCommand,
		"if true; then x; fi":  notOneCommand,
		"install $NAME":        "$NAME is not expanded here",
		`install "a-${NAME}-"`: "${NAME} is not expanded here",
		"install $(whoami)":    "$(whoami) is not expanded here",
		"install `whoami`":     "`whoami` is not expanded here",
		"--set a=$((1+1))":     "$((1+1)) is not expanded here",
		"install 'a":           "without closing quote",
		`install "a`:           "without closing quote",
	} {
		_, err := Split(line)
		require.Error(t, err, line)
		assert.ErrorContains(t, err, words)
		assert.ErrorContains(t, err, "command line `"+line+"`: ")
	}
}

func TestJoinIsTheInverseOfSplit(t *testing.T) {
	t.Parallel()
	words := []string{
		"install", "a b", "", "--set", "a={x,y}", "it's", `say "$HOME"`, "a;b", "two\nlines", "*", "~", `back\slash`, "#",
	}
	split, err := Split(join(words))
	require.NoError(t, err)
	assert.Equal(t, words, split)

	assert.Equal(t, "helm install traderadmin ./charts/traderadmin --set a.b=c -n x",
		join([]string{"helm", "install", "traderadmin", "./charts/traderadmin", "--set", "a.b=c", "-n", "x"}))
}
