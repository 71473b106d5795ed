package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// catch is what found a fault: a rule of the linter, or a scenario.
type catch struct {
	by    string
	words string // that it said
}

func (c catch) says(words []string) bool {
	for _, w := range words {
		if !strings.Contains(c.words, w) {
			return false
		}
	}
	return true
}

// summary is the first line of what it said.
func (c catch) summary() string {
	line, _, _ := strings.Cut(strings.TrimSpace(c.words), "\n")
	return line
}

// verdict is what became of a fault.
type verdict struct {
	fault    fault
	catches  []catch
	warnings []string // of the linter: they end no run
}

func (v *verdict) add(c catch) { v.catches = append(v.catches, c) }

func (v verdict) caught() bool { return len(v.catches) > 0 }

// named is what caught the fault with words that name its cause.
func (v verdict) named() (catch, bool) {
	for _, c := range v.catches {
		if c.says(v.fault.Says) {
			return c, true
		}
	}
	return catch{}, false
}

// line is the verdict in a line.
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

// unfit says that the chart without a fault does not pass.
func (v verdict) unfit() error {
	var errs []error
	for _, c := range v.catches {
		errs = append(errs, fmt.Errorf("the chart as it is does not pass: %s: %s", c.by, c.words))
	}
	return errors.Join(errs...)
}

// conclude writes the verdicts as a table, and below it what is wrong with them. It returns the exit code.
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
		fmt.Fprintf(w, "\n%s: caught, but nothing says %q in one place:\n", v.fault.Name, v.fault.Says)
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
			fmt.Fprintf(w, "    the linter warns, which ends no run: %s\n", warning)
		}
	}
	fmt.Fprintf(w, "\n%d faults: %d caught, %d caught without the words, %d survived\n", len(verdicts), len(caught), len(unnamed), len(survivors))
	if len(unnamed) > 0 || len(survivors) > 0 && len(survivors)*tolerated >= len(verdicts) {
		return survived
	}
	return found
}
