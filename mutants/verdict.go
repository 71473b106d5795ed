package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// catch is a rule of the linter or a scenario that noticed a fault.
type catch struct {
	by    string
	words string // of the finding, or of the failed step
}

// says reports whether the words of the catch contain all of the given ones.
func (c catch) says(words []string) bool {
	for _, w := range words {
		if !strings.Contains(c.words, w) {
			return false
		}
	}
	return true
}

// summary returns the first line of the words.
func (c catch) summary() string {
	line, _, _ := strings.Cut(strings.TrimSpace(c.words), "\n")
	return line
}

// verdict is the result of a trial.
type verdict struct {
	fault    fault
	catches  []catch
	warnings []string // findings of the linter that do not stop a run
}

func (v *verdict) add(c catch) { v.catches = append(v.catches, c) }

func (v verdict) caught() bool { return len(v.catches) > 0 }

// named returns the first catch that has all words of the fault.
func (v verdict) named() (catch, bool) {
	for _, c := range v.catches {
		if c.says(v.fault.Says) {
			return c, true
		}
	}
	return catch{}, false
}

// line returns the verdict as one line.
func (v verdict) line() string {
	c, ok := v.named()
	switch {
	case ok:
		return fmt.Sprintf("%s: %s", v.fault.Name, c.by)
	case v.caught():
		return fmt.Sprintf("%s: CAUGHT WITHOUT SAYING %q: %s", v.fault.Name, v.fault.Says, v.catches[0].by)
	}
	return fmt.Sprintf("%s: SURVIVED", v.fault.Name)
}

// unfit returns an error for each catch. It is for the unchanged chart, which must have none.
func (v verdict) unfit() error {
	var errs []error
	for _, c := range v.catches {
		errs = append(errs, fmt.Errorf("the unchanged chart does not pass: %s: %s", c.by, c.words))
	}
	return errors.Join(errs...)
}

// conclude prints the verdicts as a table, then the faults that survived or were caught without their words. It
// returns the exit code.
func conclude(w io.Writer, verdicts []verdict) int {
	var caught, survivors, unnamed []verdict
	for _, v := range verdicts {
		_, ok := v.named()
		switch {
		case ok:
			caught = append(caught, v)
		case v.caught():
			unnamed = append(unnamed, v)
		default:
			survivors = append(survivors, v)
		}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nFAULT\tCAUGHT BY\tWORDS")
	for _, v := range caught {
		c, _ := v.named()
		fmt.Fprintf(table, "%s\t%s\t%s\n", v.fault.Name, c.by, c.summary())
	}
	_ = table.Flush()
	for _, v := range unnamed {
		fmt.Fprintf(w, "\n%s: caught, but no finding or failure has the words %q:\n", v.fault.Name, v.fault.Says)
		for _, c := range v.catches {
			fmt.Fprintf(w, "  %s: %s\n", c.by, c.words)
		}
	}
	if len(survivors) > 0 {
		fmt.Fprintln(w, "\nSurvivors:")
	}
	for _, v := range survivors {
		fmt.Fprintf(w, "  %s (%s)\n", v.fault.Name, v.fault.File)
		for _, warning := range v.warnings {
			fmt.Fprintf(w, "    the linter only warns: %s\n", warning)
		}
	}
	fmt.Fprintf(w, "\n%d faults: %d caught, %d caught without the words, %d survived\n",
		len(verdicts), len(caught), len(unnamed), len(survivors))
	if len(unnamed) > 0 || len(survivors) > 0 && len(survivors)*tolerated >= len(verdicts) {
		return exitSurvived
	}
	return exitCaught
}
