package rule_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

// The fixtures of a rule are charts in testdata/ID/*.txtar. A line that ends in a comment
//
//	# want "regexp"        or        {{/* want "regexp" */}}
//
// expects one finding there, with a matching message. For files without comments and findings without a line, write
// above the files
//
//	want PLACE "regexp"
//
// where PLACE is file, file:line or file:line:column. An unexpected finding fails the test too. If only some variants
// have a finding, they are appended to its message in parentheses. The chart is linted with its .chartlint.yaml. A line
//
//	changed from VERSION
//
// above the files sets the version of the chart before it changed. A folder policies has the admission policies of the
// cluster. A line
//
//	helm 4
//
// compares the chart with what Helm 4 makes of it, and a line
//
//	api
//
// asks the API server's validation. A folder base has the files in which the chart that an upgrade starts from differs;
// an empty file is missing there. With -short these fixtures are skipped, because the first build of the programs that
// they need takes minutes.
var (
	wantOnLine = regexp.MustCompile(`(?:#|/\*) want (".*")`)
	wantAbove  = regexp.MustCompile(`^want (\S+) (".*")$`)
	changed    = regexp.MustCompile(`(?m)^changed from (\S+)$`)
	otherHelm  = regexp.MustCompile(`(?m)^helm (\S+)$`)
	asksAPI    = regexp.MustCompile(`(?m)^api$`)
	quoted     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
)

type want struct {
	place   string // relative to the chart
	message *regexp.Regexp
}

func TestRuleIsDocumented(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	for _, r := range rule.All() {
		t.Run(r.ID, func(t *testing.T) {
			assert.Regexp(t, id, r.ID)
			assert.NotEmpty(t, r.Title)
			assert.False(t, strings.HasSuffix(r.Title, "."), "the title %q must not end in a period", r.Title)
			assert.True(t, strings.HasSuffix(r.Why, "."), "the reason %q must end in a period", r.Why)
			assert.NotEmpty(t, r.Bad)
			assert.NotEmpty(t, r.Good)
			assert.NotEqual(t, r.Bad, r.Good)
			assert.NotNil(t, r.Check)
		})
	}
}

func TestFixtures(t *testing.T) {
	t.Parallel()
	for _, r := range rule.All() {
		if r.ID == rule.LimitExceeded || r.ID == rule.ChartUnloadable {
			continue // the tests of the command have such charts
		}
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			fixtures, err := filepath.Glob(filepath.Join("testdata", r.ID, "*.txtar"))
			require.NoError(t, err)
			fires, passes := 0, 0
			for _, fixture := range fixtures {
				wants := check(t, r, fixture)
				if wants > 0 {
					fires++
				} else {
					passes++
				}
			}
			assert.Positive(t, fires, "no fixture in testdata/%s violates the rule", r.ID)
			assert.Positive(t, passes, "no fixture in testdata/%s satisfies the rule", r.ID)
		})
	}
}

func TestFixturesHaveRules(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, f := range folders {
		assert.NotNil(t, rule.Find(f.Name()), "testdata/%s does not belong to a rule", f.Name())
	}
}

// check compares the findings of a rule with those that a fixture wants, and returns their number.
func check(t *testing.T, r *rule.Rule, fixture string) int {
	t.Helper()
	archive, err := txtar.ParseFile(fixture)
	require.NoError(t, err)
	folder := filepath.Join(t.TempDir(), "chart")
	require.NoError(t, txtar.Write(withoutBase(archive), folder))
	wants := readWants(t, archive)
	expected := len(wants)

	options := linter.Options{Separate: true}
	if base := baseOf(archive); base != nil {
		options.Bases = map[string]string{folder: filepath.Join(t.TempDir(), "base")}
		require.NoError(t, txtar.Write(base, options.Bases[folder]))
	}
	if m := changed.FindSubmatch(archive.Comment); m != nil {
		options.BaseVersions = map[string]string{folder: string(m[1])}
	}
	if policies := filepath.Join(folder, "policies"); dirExists(policies) {
		options.Policies = policies
	}
	options.API, options.Progress = asksAPI.Match(archive.Comment), os.Stderr
	if m := otherHelm.FindSubmatch(archive.Comment); m != nil {
		options.Helms = []string{string(m[1])}
	}
	if testing.Short() && (options.API || options.Helms != nil || options.Bases != nil) {
		t.Skip("-short skips what Helm 4 and the API server make of a chart")
	}
	result, err := linter.Run(context.Background(), []string{folder}, options)
	require.NoError(t, err, fixture)
	for _, f := range result.Findings {
		if f.Rule != r.ID {
			continue
		}
		relative := f.Position
		relative.File, err = filepath.Rel(folder, f.Position.File)
		require.NoError(t, err)
		assert.FileExists(t, f.Position.File, "the file of a finding must exist")
		message := f.Message
		if f.Variants != "" {
			message += " (" + f.Variants + ")"
		}
		assert.True(t, strings.HasSuffix(f.Fix, "."), "the fix %q must end in a period", f.Fix)
		if i := match(wants, relative, message); i >= 0 {
			wants = append(wants[:i], wants[i+1:]...)
		} else {
			t.Errorf("%s: unexpected finding at %s: %s", fixture, relative, message)
		}
	}
	for _, w := range wants {
		t.Errorf("%s: no finding at %s matches %q", fixture, w.place, w.message)
	}
	return expected
}

// baseOf returns the files of the chart that an upgrade starts from; nil if there is none.
func baseOf(archive *txtar.Archive) *txtar.Archive {
	changed := map[string][]byte{}
	for _, f := range archive.Files {
		if name, found := strings.CutPrefix(f.Name, "base/"); found {
			changed[name] = f.Data
		}
	}
	if len(changed) == 0 {
		return nil
	}
	base := &txtar.Archive{}
	for _, f := range withoutBase(archive).Files {
		if _, differs := changed[f.Name]; !differs {
			base.Files = append(base.Files, f)
		}
	}
	for name, content := range changed {
		if len(content) > 0 {
			base.Files = append(base.Files, txtar.File{Name: name, Data: content})
		}
	}
	return base
}

func withoutBase(archive *txtar.Archive) *txtar.Archive {
	return &txtar.Archive{Files: slices.DeleteFunc(slices.Clone(archive.Files), func(f txtar.File) bool {
		return strings.HasPrefix(f.Name, "base/")
	})}
}

func dirExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// match returns the index of the want that matches a finding, or -1. A want without a column matches any column.
func match(wants []want, at linter.Position, message string) int {
	line := at
	line.Column = 0
	for i, w := range wants {
		if (w.place == at.String() || w.place == line.String()) && w.message.MatchString(message) {
			return i
		}
	}
	return -1
}

func readWants(t *testing.T, archive *txtar.Archive) []want {
	t.Helper()
	var wants []want
	add := func(place, messages string) {
		for _, q := range quoted.FindAllString(messages, -1) {
			pattern, err := strconv.Unquote(q)
			require.NoError(t, err)
			wants = append(wants, want{place: filepath.FromSlash(place), message: regexp.MustCompile(pattern)})
		}
	}
	for line := range strings.Lines(string(archive.Comment)) {
		if m := wantAbove.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			add(m[1], m[2])
		}
	}
	for _, f := range archive.Files {
		for i, line := range strings.Split(string(f.Data), "\n") {
			if m := wantOnLine.FindStringSubmatch(line); m != nil {
				add(fmt.Sprintf("%s:%d", f.Name, i+1), m[1])
			}
		}
	}
	return wants
}
