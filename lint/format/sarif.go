package format

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

var sarifLevels = map[rule.Severity]string{
	rule.Error: sarif.LevelError, rule.Warning: sarif.LevelWarning, rule.Info: sarif.LevelNote,
}

// writeSARIF is for code scanning: SARIF 2.1.0, with what it takes for GitHub to accept it, which refuses a result without a
// place and a region that starts at line 0. Files are named relative to the current folder, as %SRCROOT%.
func writeSARIF(w io.Writer, result *linter.Result) error {
	driver := sarif.NewToolComponent().WithName("chartlint")
	index := map[string]int{}
	for i, id := range ruleIDs(result) {
		index[id] = i
		driver.AddRule(sarifRule(id))
	}
	run := sarif.NewRun().
		WithTool(sarif.NewTool().WithDriver(driver)).
		WithColumnKind("unicodeCodePoints")
	root, err := filepath.Abs(".")
	if err != nil {
		return fmt.Errorf("find the current folder: %w", err)
	}
	log := sarifLog{root: root, written: map[string]bool{}, fingerprints: map[string]int{}}
	for _, f := range result.Findings {
		if r := log.result(f); r != nil {
			run.AddResult(r.WithRuleIndex(index[f.Rule]))
		}
	}
	report := sarif.NewReport().AddRun(run)
	if err := report.PrettyWrite(w); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

// sarifRule is a rule's record; no more than the ID where the rule is another tool's.
func sarifRule(id string) *sarif.ReportingDescriptor {
	descriptor := sarif.NewReportingDescriptor().WithID(id)
	r := rule.Find(id)
	if r == nil {
		return descriptor
	}
	return descriptor.
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(r.Title + ".")).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(r.Why)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(Explain(r)).WithMarkdown(ExplainMarkdown(r))).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevels[r.Severity]))
}

type sarifLog struct {
	root         string // the current folder
	written      map[string]bool
	fingerprints map[string]int // how many results have each so far
}

// result is a finding as SARIF has it; nil if the log has the very same result.
func (l *sarifLog) result(f rule.Finding) *sarif.Result {
	text := strings.Join(sentences(f), "\n")
	same := fmt.Sprint(f.Rule, "\x00", place(f), "\x00", text)
	if l.written[same] {
		return nil
	}
	l.written[same] = true

	location := l.location(place(f))
	if f.Object != "" {
		name := f.Object
		if f.Container != "" {
			name += "/" + f.Container
		}
		location.AddLogicalLocation(sarif.NewLogicalLocation().WithFullyQualifiedName(name))
	}
	r := sarif.NewRuleResult(f.Rule).
		WithLevel(sarifLevels[f.Severity]).
		WithMessage(sarif.NewTextMessage(text)).
		WithPartialFingerprints(map[string]string{"chartlint/v1": l.fingerprint(f, location)}).
		AddLocation(location)
	if f.Value != nil {
		r.AddRelatedLocation(l.location(f.Value.Position).WithID(1).WithMessage(sarif.NewTextMessage(setBy(f.Value))))
	}
	return r
}

func (l *sarifLog) location(at chart.Position) *sarif.Location {
	physical := sarif.NewPhysicalLocation().WithArtifactLocation(l.artifact(at.File))
	if at.Line > 0 {
		region := sarif.NewRegion().WithStartLine(at.Line)
		if at.Column > 0 {
			region.WithStartColumn(at.Column)
		}
		physical.WithRegion(region)
	}
	return sarif.NewLocationWithPhysicalLocation(physical)
}

// artifact is a file: relative to the current folder, or as a file URI if it is outside.
func (l *sarifLog) artifact(file string) *sarif.ArtifactLocation {
	absolute := file
	if !filepath.IsAbs(file) {
		absolute = filepath.Join(l.root, file)
	}
	relative, err := filepath.Rel(l.root, absolute)
	if err != nil || !filepath.IsLocal(relative) {
		outside := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(absolute), "/")}
		return sarif.NewSimpleArtifactLocation(outside.String())
	}
	inside := url.URL{Path: filepath.ToSlash(relative)}
	return sarif.NewSimpleArtifactLocation(inside.String()).WithURIBaseID("%SRCROOT%")
}

// fingerprint tells a finding from all others, and is the same wherever in the file it stands: edits above do not make it new.
func (l *sarifLog) fingerprint(f rule.Finding, at *sarif.Location) string {
	uri := *at.PhysicalLocation.ArtifactLocation.URI
	same := strings.Join([]string{f.Rule, uri, f.Object, f.Container, f.Message}, "\x00")
	l.fingerprints[same]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", same, l.fingerprints[same]))
	return hex.EncodeToString(sum[:])
}
