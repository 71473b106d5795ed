package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/mutants/internal/generate"
	"github.com/traderadmin/charts/mutants/internal/judge"
)

const chartFolder = "../charts/traderadmin"

// TestGenerated judges a few mutants with one scenario, of which it catches some.
func TestGenerated(t *testing.T) {
	skipIfShort(t)
	t.Parallel()
	folder := t.TempDir()
	content, err := os.ReadFile(filepath.Join(chartFolder, "templates/go-scanner-deployment.yaml"))
	require.NoError(t, err)
	before, _, found := strings.Cut(string(content), ".Values.image.goScanner")
	require.True(t, found)
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{
		chartFolder, "-features", oneScenario(t), "-wait", "10s", "-no-cache",
		"-run", fmt.Sprintf("^templates/(go-scanner-deployment.yaml:%d|redis-secret.yaml:[17])$",
			1+strings.Count(before, "\n")),
		"-json", filepath.Join(folder, "verdicts.json"), "-stryker", filepath.Join(folder, "stryker.json"),
	}, &out, &errs)

	assert.Equal(t, exitSurvived, code, errs.String())
	assert.Contains(t, out.String(), "the unchanged chart passes: 1 scenarios, 3 Helm commands\n")
	assert.Regexp(t, `\nSurvivors:\n\n  ../charts/traderadmin/templates/redis-secret.yaml:1 [\w-]+\n    - `, out.String())
	assert.Contains(t, out.String(), "\nNo scenario renders:\n  ")
	assert.Regexp(t, `mutants: \d+ caught, \d+ survived, 0 accepted, \d+ that nothing renders; score \d\d\.\d %`,
		out.String())
	var written struct {
		Mutants []struct{ ID, Status, By, Diff string }
	}
	content, err = os.ReadFile(filepath.Join(folder, "verdicts.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &written))
	byScenario := 0
	for _, m := range written.Mutants {
		if m.By == "one.feature: Image" {
			byScenario++
		}
	}
	assert.Positive(t, byScenario)
	content, err = os.ReadFile(filepath.Join(folder, "stryker.json"))
	require.NoError(t, err)
	assert.Contains(t, string(content), `"status": "Survived"`)
	assert.Contains(t, string(content), `"status": "NoCoverage"`)
}

func TestSelection(t *testing.T) {
	t.Parallel()
	all, err := selection{}.generated(t.Context(), chartFolder, nil)
	require.NoError(t, err)
	assert.Greater(t, len(all), 500)
	some, err := selection{sample: 50}.generated(t.Context(), chartFolder, nil)
	require.NoError(t, err)
	assert.Len(t, some, 50)
	more, err := selection{sample: 60}.generated(t.Context(), chartFolder, nil)
	require.NoError(t, err)
	assert.Subset(t, more, some)
	_, err = selection{}.generated(t.Context(), chartFolder, regexp.MustCompile("zzz"))
	assert.ErrorContains(t, err, `no mutant has an ID, or a place FILE:LINE, that matches "zzz": -list prints them`)
	code, stdout, _ := mutants(t, "", oneScenario(t), "-list", "-sample", "2")
	assert.Equal(t, exitCaught, code)
	assert.Regexp(t, `^[\w-]+-[0-9a-f]{8} \S+:\d+\n[-+] `, stdout)
}

func TestSince(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	chart := filepath.Join(folder, "charts", "shop")
	write := func(name, content string) {
		require.NoError(t, os.MkdirAll(chart, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(chart, name), []byte(content), 0o600))
	}
	git := func(args ...string) {
		command := exec.CommandContext(t.Context(), "git", append([]string{"-C", folder}, args...)...)
		output, err := command.CombinedOutput()
		require.NoError(t, err, string(output))
	}
	write("values.yaml", "a: 1\nb: 2\nc: 3\n")
	git("init", "--quiet")
	git("add", ".")
	git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "a")
	write("values.yaml", "a: 1\nb: 3\nc: 3\n")

	changed, err := selection{since: "HEAD"}.generated(t.Context(), chart, nil)
	require.NoError(t, err)
	require.Len(t, changed, 1)
	assert.Equal(t, "b: 4", changed[0].New)
	_, err = selection{since: "nowhere"}.generated(t.Context(), chart, nil)
	assert.ErrorContains(t, err, "-since nowhere: git says: ")
}

func TestReport(t *testing.T) {
	t.Parallel()
	mutant := func(id string) generate.Mutant {
		return generate.Mutant{
			ID: id, Operator: "changed-text", File: "values.yaml", Line: 3, EndLine: 3, Old: "a: b", New: "a: c",
		}
	}
	r := report{"charts/shop", []judge.Verdict{
		{Mutant: mutant("a"), Status: judge.Survived, Scenarios: []string{"x"}},
		{Mutant: mutant("b"), Status: judge.Survived, Scenarios: []string{"x", "y"}, Step: "Then it works"},
		{Mutant: mutant("c"), Status: judge.Survived}, {Mutant: mutant("d"), Status: judge.Killed, By: "lint x"},
		{Mutant: mutant("e"), Status: judge.NotRendered},
	}, []*accepted{{ID: "c", Reason: "nobody reads it"}, {ID: "d", Reason: "it is fine"}}, false}

	assert.Equal(t, "5 mutants: 1 caught, 2 survived, 1 accepted, 1 that nothing renders; score 33.3 %", r.summary())
	assert.Equal(t, exitSurvived, r.code())
	var out bytes.Buffer
	r.write(&out)
	assert.Regexp(t, `(?s)values.yaml:3 b\n    - a: b\n    \+ a: c\n    2 scenarios .*: x; y\n`+
		`    a step that would notice it:\n      Then it works\n.*:3 a\n.*No scenario renders:\n.*:3 e\n.*`+
		`d: it is accepted, but no such mutant survives any more`, out.String())
	assert.NotContains(t, out.String(), ":3 c\n")
}

// TestStale checks that lines count as caught only if all mutants were judged: others may be left that survive.
func TestStale(t *testing.T) {
	t.Parallel()
	byLines := &accepted{File: "values.yaml", Lines: "a", Reason: "b"}
	require.NoError(t, byLines.check())
	caught := judge.Verdict{Mutant: generate.Mutant{ID: "c", File: "values.yaml", Old: "a: b"}, Status: judge.Killed}
	r := report{verdicts: []judge.Verdict{caught}, accepted: []*accepted{byLines}}
	assert.Empty(t, r.stale())
	r.whole = true
	assert.Len(t, r.stale(), 1)
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	accepted, err := readAccepted(file(t, "accepted.yaml", "- {id: a, reason: b}\n"+
		"- {file: templates/test.yaml, lines: '^ +expect', reason: only containers run it}\n"), "")
	require.NoError(t, err)
	require.Len(t, accepted, 2)
	assert.True(t, accepted[0].accepts(generate.Mutant{ID: "a"}))
	assert.False(t, accepted[0].accepts(generate.Mutant{ID: "b"}))
	assert.True(t, accepted[1].accepts(generate.Mutant{File: "templates/test.yaml", Old: "  expect a\n  b\n"}))
	assert.False(t, accepted[1].accepts(generate.Mutant{File: "templates/test.yaml", Old: "  a\n  expect\n"}))
	assert.False(t, accepted[1].accepts(generate.Mutant{File: "templates/other.yaml", Old: "  expect a\n"}))

	none, err := readAccepted("", t.TempDir())
	require.NoError(t, err)
	assert.Empty(t, none)
	for content, words := range map[string]string{
		"- {id: a}\n":                               "a: it needs a reason",
		"- {reason: a}\n":                           "an entry needs either an id, or file and lines",
		"- {id: a, lines: b, reason: c}\n":          "an entry needs either an id, or file and lines",
		"- {file: a, lines: '(', reason: b}\n":      "a: (: error parsing regexp",
		"- {id: a, reason: b, until: 2030-01-01}\n": "field until not found",
	} {
		_, err := readAccepted(file(t, "accepted.yaml", content), "")
		assert.ErrorContains(t, err, words)
	}
}
