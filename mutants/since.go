package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/traderadmin/charts/mutants/internal/generate"
)

// lineRange is lines of a file, counted from 1.
type lineRange struct{ first, last int }

// changes are the changed lines of a chart, by file.
type changes map[string][]lineRange

// hunk matches the lines of a hunk in the new file.
var hunk = regexp.MustCompile(`^@@ -\S+ \+(\d+)(?:,(\d+))? @@`)

// changedLines returns the lines of the chart in a folder that differ from a git revision.
func changedLines(ctx context.Context, folder, revision string) (changes, error) {
	command := exec.CommandContext(ctx, "git", "diff", "--unified=0", "--no-color", "--no-ext-diff", "--relative",
		revision, "--", ".")
	command.Dir = folder
	output, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("-since %s: git says: %s", revision, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return nil, fmt.Errorf("-since %s: %w", revision, err)
	}
	changed, file := changes{}, ""
	for line := range strings.Lines(string(output)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "+++ b/"); ok {
			file = name
		}
		if found := hunk.FindStringSubmatch(line); found != nil {
			first, _ := strconv.Atoi(found[1])
			count := 1
			if found[2] != "" {
				count, _ = strconv.Atoi(found[2])
			}
			changed[file] = append(changed[file], lineRange{first, first + max(0, count-1)})
		}
	}
	return changed, nil
}

// has reports whether a mutant replaces a changed line.
func (c changes) has(m generate.Mutant) bool {
	for _, r := range c[m.File] {
		if m.Line <= r.last && r.first <= m.EndLine {
			return true
		}
	}
	return false
}
