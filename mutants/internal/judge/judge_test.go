package judge

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	messages "github.com/cucumber/messages/go/v34"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/mutants/internal/generate"
)

// fake judges the mutants of a chart that renders its values, one on each line, in each of its scenarios. A scenario
// fails if a line is not what it asserts.
type fake struct {
	*judge
	mu   sync.Mutex
	runs []string // the scenarios that ran, each with the values of the copy
}

// newFake returns a judge of a chart with values a0 to a19, and this many scenarios. asserts are the lines that a
// scenario asserts, by its number.
func newFake(t *testing.T, scenarios int, asserts map[int]string) *fake {
	t.Helper()
	chart := filepath.Join(t.TempDir(), "shop")
	require.NoError(t, os.MkdirAll(filepath.Join(chart, "templates"), 0o755))
	var values strings.Builder
	for n := range 20 {
		fmt.Fprintf(&values, "a%d: %d\n", n, n)
	}
	for name, content := range map[string]string{
		"Chart.yaml":  "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
		"values.yaml": values.String(), "templates/t.yaml": "# t\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(chart, name), []byte(content), 0o600))
	}
	mutants, err := generate.Chart(chart)
	require.NoError(t, err)
	mutants = slices.DeleteFunc(mutants, func(m generate.Mutant) bool { return m.File != "values.yaml" })
	require.Len(t, mutants, 20)
	j, err := newJudge(mutants, Options{Chart: chart, Concurrency: 4})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(j.folder)) })
	for n := range scenarios {
		j.scenarios = append(j.scenarios, &scenario{
			path: fmt.Sprint(n), title: asserts[n], words: map[string]bool{}, kills: map[string]int{},
		})
	}
	j.index = newIndex(j.scenarios)
	f := &fake{judge: j}
	j.render = func(_ context.Context, copied string, _ ...generate.Mutant) ([]helm.Difference, error) {
		content, err := os.ReadFile(filepath.Join(copied, "values.yaml"))
		var all []helm.Difference
		for n := range scenarios {
			if string(content) != values.String() {
				all = append(all, helm.Difference{Recording: n, Part: "output", Old: values.String(), New: string(content)})
			}
		}
		return all, err
	}
	j.runScenario = func(_ context.Context, copied string, s *scenario) (*Failure, error) {
		content, err := os.ReadFile(filepath.Join(copied, "values.yaml"))
		f.mu.Lock()
		defer f.mu.Unlock()
		f.runs = append(f.runs, s.path)
		if s.title != "" && !strings.Contains(string(content), s.title+"\n") {
			return &Failure{"scenario " + s.path, s.title}, err
		}
		return nil, err
	}
	return f
}

func (f *fake) statuses() map[Status]int {
	counts := map[Status]int{}
	for _, v := range f.verdicts {
		counts[v.Status]++
	}
	return counts
}

// TestGroups checks that suspects share copies of the chart, and that what notices one of them is found.
func TestGroups(t *testing.T) {
	t.Parallel()
	f := newFake(t, 30, map[int]string{0: "a1: 1", 25: "a7: 7", 26: "a9: 9"})
	require.NoError(t, f.judge.judge(t.Context()))

	assert.Equal(t, map[Status]int{Killed: 3, Survived: 17}, f.statuses())
	for _, v := range f.verdicts {
		if v.New == "a7: 8" {
			assert.Equal(t, "scenario 25", v.By)
		}
	}
	alone := 20 * 30
	assert.Less(t, len(f.runs), alone/2)
	assert.Equal(t, 20, f.done.Done)
}

// TestPromisingScenariosFirst checks that a scenario that says what differs runs first.
func TestPromisingScenariosFirst(t *testing.T) {
	t.Parallel()
	f := newFake(t, 30, map[int]string{29: "a7: 7"})
	f.scenarios[29].read(&messages.Pickle{Name: "The replicas"})
	f.scenarios[28].read(&messages.Pickle{Name: "The ports"})
	f.index = newIndex(f.scenarios)
	differing := map[*scenario][]helm.Difference{}
	for _, s := range f.scenarios {
		differing[s] = []helm.Difference{{
			Part: "manifest x",
			Old:  `{"kind":"Deployment","metadata":{"name":"shop"},"spec":{"replicas":1}}`,
			New:  `{"kind":"Deployment","metadata":{"name":"shop"},"spec":{"replicas":2}}`,
		}}
	}
	ranked := f.index.rank(differing)
	assert.Equal(t, "29", ranked[0].path)
	for range 100 {
		f.index.killed(f.scenarios[3], differing[f.scenarios[3]])
	}
	assert.Equal(t, "3", f.index.rank(differing)[0].path)
}

func TestHiddenMutantsDoNotShareACopy(t *testing.T) {
	t.Parallel()
	s := &scenario{}
	difference := func(content string) map[*scenario][]helm.Difference {
		return map[*scenario][]helm.Difference{s: {{Part: "output", Old: "a\nb\n", New: content}}}
	}
	assert.True(t, includes(difference("c\nd\n"), difference("c\nb\n")))
	assert.False(t, includes(difference("d\n"), difference("c\nb\n")))
	assert.False(t, includes(nil, difference("c\nb\n")))
}

func TestStep(t *testing.T) {
	t.Parallel()
	const before = `{"kind":"Service","metadata":{"name":"shop","labels":{"a.b/c":"x"}},"spec":{"ports":[{"port":80}]}}`
	for about, c := range map[string]struct{ after, step string }{
		"another value": {strings.Replace(before, "80", "81", 1), `Then the service "shop" has .spec.ports[0].port = 80`},
		"no value": {
			strings.Replace(before, `"a.b/c":"x"`, "", 1), `Then the service "shop" has .metadata.labels['a\.b/c'] = "x"`,
		},
		"one more": {
			strings.Replace(before, `"spec":{`, `"spec":{"type":"NodePort",`, 1),
			"Then the service \"shop\" has\n  | path       | value |\n  | .spec.type |       |",
		},
	} {
		assert.Equal(t, c.step, stepFor([]helm.Difference{{Part: "manifest a", Old: before, New: c.after}}), about)
	}
	assert.Equal(t, `Then helm prints "b c"`, stepFor([]helm.Difference{{Part: "notes", Old: "a\n  b c\n", New: "a\n"}}))
	after := strings.Replace(before, "80", "81", 1)
	assert.Equal(t, "Then helm prints the service \"shop\" with\n"+
		"  | path                | value |\n  | .spec.ports[0].port | 80    |",
		stepFor([]helm.Difference{{Part: "hook a", Old: before, New: after}}))
	assert.Empty(t, stepFor([]helm.Difference{{Part: "output", Old: "a", New: "b"}}))
}

func TestWhatScenariosSee(t *testing.T) {
	t.Parallel()
	installs := &scenario{commands: map[string]bool{"install": true}}
	tests := &scenario{commands: map[string]bool{"test": true}, readsOutput: true}
	prints := &scenario{commands: map[string]bool{"template": true}, readsOutput: true}
	notes := helm.Difference{Part: "notes", Old: "a", New: "b"}
	test := helm.Difference{Part: "hook a", Old: `{"metadata":{"annotations":{"helm.sh/hook":"test"}}}`}
	hook := helm.Difference{Part: "hook a", Old: `{"metadata":{"annotations":{"helm.sh/hook":"pre-install"}}}`}
	assert.False(t, installs.sees(notes))
	assert.True(t, tests.sees(notes))
	assert.False(t, installs.sees(test))
	assert.True(t, tests.sees(test))
	assert.True(t, prints.sees(test))
	assert.True(t, installs.sees(hook))
}

// TestCache checks that outcomes of an earlier run are used, and that a scenario with other steps runs again.
func TestCache(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cache", "shop.json")
	judged := func(identity string) *fake {
		f := newFake(t, 30, map[int]string{0: "a1: 1", 25: "a7: 7"})
		var err error
		f.cache, err = openCache(path)
		require.NoError(t, err)
		for _, s := range f.scenarios {
			s.identity = s.path
		}
		f.scenarios[3].identity += identity
		require.NoError(t, f.judge.judge(t.Context()))
		require.NoError(t, f.cache.save())
		assert.Equal(t, map[Status]int{Killed: 2, Survived: 18}, f.statuses())
		return f
	}
	assert.NotEmpty(t, judged("").runs)
	assert.Empty(t, judged("").runs)
	changed := judged("another step").runs
	assert.NotEmpty(t, changed)
	assert.Empty(t, slices.DeleteFunc(changed, func(path string) bool { return path == "3" }))
}
