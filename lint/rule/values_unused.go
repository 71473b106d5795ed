package rule

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/valuesuse"
)

func init() {
	register(&Rule{
		ID:    "values-unused",
		Title: "Every key of values.yaml is read by a template",
		Why: "A key that no template reads has no effect. It is a leftover, or a template misspells it. Whoever sets it " +
			"believes that it works.",
		Bad: `# values.yaml
service:
  prot: 8080
# templates/service.yaml: port: {{ .Values.service.port }}`,
		Good: `# values.yaml
service:
  port: 8080
# templates/service.yaml: port: {{ .Values.service.port }}`,
		Severity: Warning,
		Check:    checkValuesUnused,
	})
}

func checkValuesUnused(p *Pass) {
	for _, u := range valuesuse.Unused(p.Chart) {
		f := Finding{
			Position: u.Position,
			Message:  fmt.Sprintf("no template reads %s", u.Key),
			Fix:      "Delete the key, or read it in a template.",
		}
		if ignored, reads := readByIgnored(p.Chart, u.Key); reads {
			f.Message = fmt.Sprintf("no template reads %s, because %s excludes %s from the chart with %q",
				u.Key, ignored.Line, ignored.Name, ignored.Pattern)
			f.Fix = "Remove that line from .helmignore, or delete both the key and the template."
		}
		if subchart := similarSubchart(p.Chart, u.Key); subchart != "" {
			f.Message = fmt.Sprintf("%s is no subchart, and no template reads it; did you mean the subchart %s?",
				u.Key, subchart)
			f.Fix = fmt.Sprintf("Rename the key to %s.", subchart)
		}
		p.Report(f)
	}
	for _, key := range sortedKeys(p.Rendered.Overrides()) {
		checkOverridden(p, key)
	}
}

// readByIgnored returns the template that reads a key of the values, and that .helmignore excludes from the chart.
func readByIgnored(c *chart.Chart, key string) (chart.IgnoredFile, bool) {
	reads := regexp.MustCompile(`\.Values\.` + regexp.QuoteMeta(key) + `\b`)
	for _, f := range c.IgnoredFiles() {
		if !strings.HasPrefix(f.Name, "templates/") {
			continue
		}
		content, err := chart.ReadFile(filepath.Join(c.Path(), filepath.FromSlash(f.Name)))
		if err == nil && reads.Match(content) {
			return f, true
		}
	}
	return chart.IgnoredFile{}, false
}

// checkOverridden reports a top-level key of the values set that is meant for a subchart. One that values.yaml has too
// is reported there.
func checkOverridden(p *Pass, key string) {
	subchart := similarSubchart(p.Chart, key)
	if subchart == "" || p.Chart.IsSharedKey(key) || valuesuse.IsRead(p.Chart, key) {
		return
	}
	if file := p.Chart.File(chart.ValuesYAML); file != nil {
		if own, _ := chart.Child(file.YAML(), key); own != nil {
			return
		}
	}
	p.Report(Finding{
		Position: p.Rendered.ValuePosition([]string{key}),
		Message:  fmt.Sprintf("%s is no subchart, and no template reads it; did you mean the subchart %s?", key, subchart),
		Fix:      fmt.Sprintf("Rename the key to %s.", subchart),
	})
}

// similarSubchart returns the key of the subchart whose spelling is most similar to a top-level key of the values; ""
// if none is similar.
func similarSubchart(c *chart.Chart, key string) string {
	const mistakes = 2 // two letters that are swapped are two
	least, similar := mistakes+1, ""
	for _, d := range c.Source().Dependencies {
		if distance := levenshtein.Distance(key, d.Key, nil); distance > 0 && distance < least && 2*mistakes < len(d.Key) {
			least, similar = distance, d.Key
		}
	}
	return similar
}
