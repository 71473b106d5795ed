package judge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/traderadmin/charts/internal/helm"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

// findings returns the linter's findings in a chart.
func (j *judge) findings(ctx context.Context, chart string) ([]linter.Finding, error) {
	result, err := linter.Run(ctx, []string{chart}, linter.Options{Rules: j.Suite.Rules})
	if err != nil {
		return nil, err
	}
	return result.Findings, nil
}

// lint reports whether the linter finds an error in a mutant, or cannot load it.
func (j *judge) lint(ctx context.Context, t *trial) (killed bool, err error) {
	findings, err := j.findings(ctx, t.copied)
	switch {
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case err != nil: // the chart cannot be loaded, for example
		t.verdict.Status, t.verdict.By, t.verdict.Words = Killed, "lint", j.local(err.Error(), t.copied)
		return true, nil
	}
	for _, f := range findings {
		words := j.local(fmt.Sprintf("%s: %s", f.Position, f.Message), t.copied)
		if f.Severity == rule.Error {
			t.verdict.Status, t.verdict.By, t.verdict.Words = Killed, "lint "+f.Rule, words
			return true, nil
		}
		if !j.isKnown(f) {
			t.verdict.Warnings = append(t.verdict.Warnings, words+" ["+f.Rule+"]")
		}
	}
	return false, nil
}

// isKnown reports whether the unchanged chart has a finding, too, maybe in another line.
func (j *judge) isKnown(f linter.Finding) bool {
	return slices.ContainsFunc(j.known, func(known linter.Finding) bool {
		return known.Rule == f.Rule && known.Object == f.Object && known.Message == f.Message
	})
}

// assign notes which scenarios render something otherwise, the most promising first.
func (j *judge) assign(t *trial, differences []helm.Difference) {
	t.differing = map[*scenario][]helm.Difference{}
	for _, d := range differences {
		s := j.scenarios[d.Recording]
		t.verdict.Scenarios = append(t.verdict.Scenarios, s.title)
		if j.Suite.Steps != nil || s.sees(d) {
			t.differing[s] = append(t.differing[s], d)
		}
	}
	slices.Sort(t.verdict.Scenarios)
	t.verdict.Scenarios = slices.Compact(t.verdict.Scenarios)
	t.left = j.index.rank(t.differing)
	t.verdict.Step = stepFor(differences)
}

// sees reports whether a scenario could notice a difference. Only steps about Helm's output see the notes. Objects of
// tests are seen by these, and used by `helm test`. That does not hold for steps of the suite's own.
func (s *scenario) sees(d helm.Difference) bool {
	switch {
	case d.Part == "notes":
		return s.readsOutput
	case strings.HasPrefix(d.Part, "hook ") && isTest(d.Old) && isTest(d.New):
		return s.commands["test"] || s.readsOutput
	}
	return true
}

// isTest reports whether all objects in a text are hooks of `helm test` only.
func isTest(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if o, ok := parseObject(line); ok && o.annotation("helm.sh/hook") != "test" || !ok && line != "" {
			return false
		}
	}
	return true
}

// signature returns a text that is the same for differences that are the same.
func signature(differences []helm.Difference) string {
	hash := sha256.New()
	for _, d := range differences {
		fmt.Fprintf(hash, "%d %d %s\x00%s\x00", d.Recording, d.Command, d.Part, d.New)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// lines returns the leaves that differ between two texts, each with - or +. A leaf of an object in JSON has its kind,
// name and path.
func lines(d helm.Difference) map[string]bool {
	before, after := leaves(d.Old), leaves(d.New)
	changed := map[string]bool{}
	for leaf := range before {
		if !after[leaf] {
			changed["-"+leaf] = true
		}
	}
	for leaf := range after {
		if !before[leaf] {
			changed["+"+leaf] = true
		}
	}
	return changed
}

// leaves returns the leaves of the objects in a text, one on each line, or its lines.
func leaves(text string) map[string]bool {
	all := map[string]bool{}
	for line := range strings.SplitSeq(text, "\n") {
		object, ok := parseObject(line)
		if !ok {
			all[line] = true
			continue
		}
		for _, leaf := range object.leaves() {
			for part := range strings.SplitSeq(leaf.value, `\n`) { // of a text with several lines
				all[object.kind+" "+object.name+" "+leaf.path+" = "+part] = true
			}
		}
	}
	return all
}
