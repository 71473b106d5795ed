package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/traderadmin/charts/mutants/internal/judge"
)

// report is the result of judging generated mutants.
type report struct {
	chart    string
	verdicts []judge.Verdict
	accepted []*accepted
	whole    bool // all mutants of the chart were judged
}

// reason returns why a survivor is accepted, or "".
func (r report) reason(v judge.Verdict) string {
	for _, a := range r.accepted {
		if v.Status == judge.Survived && a.accepts(v.Mutant) {
			return a.Reason
		}
	}
	return ""
}

// with returns the verdicts with a status. Accepted survivors are left out.
func (r report) with(status judge.Status) []judge.Verdict {
	return slices.DeleteFunc(slices.Clone(r.verdicts), func(v judge.Verdict) bool {
		return v.Status != status || r.reason(v) != ""
	})
}

// survivors returns the survivors that are not accepted. Those that more scenarios render come first: they are the more
// surprising.
func (r report) survivors() []judge.Verdict {
	survivors := r.with(judge.Survived)
	slices.SortStableFunc(survivors, func(a, b judge.Verdict) int {
		return cmp.Compare(len(b.Scenarios), len(a.Scenarios))
	})
	return survivors
}

// stale returns what is accepted though it does not survive. An entry whose mutants were not all judged is not stale.
func (r report) stale() []string {
	var stale []string
	for _, a := range r.accepted {
		found := map[judge.Status]int{}
		for _, v := range r.verdicts {
			if a.accepts(v.Mutant) {
				found[v.Status]++
			}
		}
		if all := a.ID != "" || r.whole; all && len(found) > 0 && found[judge.Survived] == 0 {
			stale = append(stale, fmt.Sprintf("%s: it is accepted, but no such mutant survives any more: delete the entry", a))
		}
	}
	return stale
}

// score returns the part of the mutants that render something that is caught, in percent.
func (r report) score() float64 {
	killed, survived := len(r.with(judge.Killed)), len(r.survivors())
	if killed+survived == 0 {
		return 100
	}
	return 100 * float64(killed) / float64(killed+survived)
}

func (r report) summary() string {
	survivors := len(r.survivors())
	killed, notRendered := len(r.with(judge.Killed)), len(r.with(judge.NotRendered))
	accepted := len(r.verdicts) - survivors - killed - notRendered
	return fmt.Sprintf("%d mutants: %d caught, %d survived, %d accepted, %d that nothing renders; score %.1f %%",
		len(r.verdicts), killed, survivors, accepted, notRendered, r.score())
}

// code returns the exit code.
func (r report) code() int {
	survivors := len(r.survivors())
	if survivors > 0 && survivors*tolerated >= survivors+len(r.with(judge.Killed)) || len(r.stale()) > 0 {
		return exitSurvived
	}
	return exitCaught
}

// write writes the survivors, and the mutants that nothing renders.
func (r report) write(w io.Writer) {
	for i, v := range r.survivors() {
		if i == 0 {
			fmt.Fprintln(w, "\nSurvivors:")
		}
		r.writeSurvivor(w, v)
	}
	if unseen := r.with(judge.NotRendered); len(unseen) > 0 {
		fmt.Fprintln(w, "\nNo scenario renders:")
		for _, v := range unseen {
			fmt.Fprintf(w, "  %s %s\n%s", r.place(v), v.ID, indent(v.Diff(), "    "))
		}
	}
	for _, line := range r.stale() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
}

// The numbers of scenarios and of warnings that are listed for a survivor.
const maxScenarios, maxWarnings = 3, 2

func (r report) writeSurvivor(w io.Writer, v judge.Verdict) {
	fmt.Fprintf(w, "\n  %s %s\n%s", r.place(v), v.ID, indent(v.Diff(), "    "))
	listed := v.Scenarios[:min(maxScenarios, len(v.Scenarios))]
	titles := strings.Join(listed, "; ")
	if len(listed) < len(v.Scenarios) {
		titles += "; …"
	}
	subject := "1 scenario renders it, and asserts"
	if n := len(v.Scenarios); n > 1 {
		subject = fmt.Sprintf("%d scenarios render it, and assert", n)
	}
	fmt.Fprintf(w, "    %s nothing of it: %s\n", subject, titles)
	if v.Step != "" {
		fmt.Fprintf(w, "    a step that would notice it:\n%s\n", indent(v.Step, "      "))
	}
	for _, warning := range v.Warnings[:min(maxWarnings, len(v.Warnings))] {
		fmt.Fprintf(w, "    the linter only warns: %s\n", warning)
	}
	if more := len(v.Warnings) - maxWarnings; more > 0 {
		fmt.Fprintf(w, "    %d more warnings\n", more)
	}
}

// place returns the place of a mutant.
func (r report) place(v judge.Verdict) string {
	return fmt.Sprintf("%s:%d", filepath.Join(r.chart, v.File), v.Line)
}

func indent(text, by string) string {
	var indented strings.Builder
	for line := range strings.Lines(text) {
		indented.WriteString(by + line)
	}
	return indented.String()
}

// jsonVerdict is a verdict in the JSON report.
type jsonVerdict struct {
	ID        string       `json:"id"`
	Operator  string       `json:"operator"`
	File      string       `json:"file"`
	Line      int          `json:"line"`
	Diff      string       `json:"diff"`
	Status    judge.Status `json:"status"`
	By        string       `json:"by,omitempty"`
	Words     string       `json:"words,omitempty"`
	Scenarios []string     `json:"scenarios,omitempty"`
	Step      string       `json:"step,omitempty"`
	Accepted  string       `json:"accepted,omitempty"`
}

func (r report) asJSON() ([]byte, error) {
	all := []jsonVerdict{}
	for _, v := range r.verdicts {
		all = append(all, jsonVerdict{
			ID: v.ID, Operator: v.Operator, File: v.File, Line: v.Line, Diff: v.Diff(), Status: v.Status, By: v.By,
			Words: v.Words, Scenarios: v.Scenarios, Step: v.Step, Accepted: r.reason(v),
		})
	}
	return json.MarshalIndent(map[string]any{"chart": r.chart, "score": r.score(), "mutants": all}, "", "  ")
}
