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

	"github.com/traderadmin/charts/lint/linter"
)

var sarifLevels = map[linter.Severity]string{
	linter.Error: sarif.LevelError, linter.Warning: sarif.LevelWarning, linter.Info: sarif.LevelNote,
}

// writeSARIF writes SARIF 2.1.0 for code scanning. GitHub rejects a result without a location and a region that starts
// at line 0, so there are none. The paths of files are relative to the working directory, which is %SRCROOT%.
func writeSARIF(w io.Writer, result *linter.Result) error {
	driver := sarif.NewToolComponent().WithName("chartlint")
	index := map[string]int{}
	for i, id := range ruleIDs(result) {
		index[id] = i
		driver.AddRule(sarifRule(result, id))
	}
	run := sarif.NewRun().
		WithTool(sarif.NewTool().WithDriver(driver)).
		WithColumnKind("unicodeCodePoints")
	root, err := filepath.Abs(".")
	if err != nil {
		return fmt.Errorf("find the working directory: %w", err)
	}
	log := sarifLog{root: root, written: map[string]bool{}, fingerprints: map[string]int{}}
	for _, f := range result.Findings {
		if r := log.result(f); r != nil {
			run.AddResult(r.WithRuleIndex(index[f.Rule]))
		}
	}
	if err := sarif.NewReport().AddRun(run).PrettyWrite(w); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

// sarifRule returns the descriptor of the rule of an ID. It has the ID alone if the rule is unknown.
func sarifRule(result *linter.Result, id string) *sarif.ReportingDescriptor {
	descriptor := sarif.NewReportingDescriptor().WithID(id)
	r := result.Rule(id)
	if r == nil {
		return descriptor
	}
	return descriptor.
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(r.Title + ".")).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(r.Why)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(Explain(r)).WithMarkdown(ExplainMarkdown(r))).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevels[r.Severity]))
}

// sarifLog is the state of writing a log.
type sarifLog struct {
	root         string // the working directory
	written      map[string]bool
	fingerprints map[string]int // the number of results with each fingerprint so far
}

// result returns the SARIF result of a finding, or nil if the log has an equal result.
func (l *sarifLog) result(f linter.Finding) *sarif.Result {
	text := strings.Join(sentences(f), "\n")
	key := fmt.Sprint(f.Rule, "\x00", position(f), "\x00", text)
	if l.written[key] {
		return nil
	}
	l.written[key] = true

	location := l.location(position(f))
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
	if hasValue(f) {
		r.AddRelatedLocation(l.location(f.Value.Position).WithID(1).WithMessage(sarif.NewTextMessage(setBy(f.Value))))
	}
	return r
}

func (l *sarifLog) location(at linter.Position) *sarif.Location {
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

// artifact returns the location of a file: relative to the working directory, or a file URI if it is outside.
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

// fingerprint returns a hash that identifies a finding across runs. It does not depend on the line, so that a finding
// stays the same when lines above it change. Findings that differ only in their line are numbered.
func (l *sarifLog) fingerprint(f linter.Finding, at *sarif.Location) string {
	uri := *at.PhysicalLocation.ArtifactLocation.URI
	key := strings.Join([]string{f.Rule, uri, f.Object, f.Container, f.Message}, "\x00")
	l.fingerprints[key]++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, l.fingerprints[key]))
	return hex.EncodeToString(sum[:])
}
