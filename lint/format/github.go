package format

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/traderadmin/charts/lint/linter"
	"github.com/traderadmin/charts/lint/rule"
)

// commands are the workflow commands that annotate; see
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
var commands = map[rule.Severity]string{rule.Error: "error", rule.Warning: "warning", rule.Info: "notice"}

// What a workflow command cannot hold as it is.
var (
	escapeData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub is for the log of a GitHub workflow, which makes annotations of it: a command a finding, then the counts.
func writeGitHub(w io.Writer, result *linter.Result) error {
	var out bytes.Buffer
	for _, f := range result.Findings {
		at := place(f)
		properties := []string{"file=" + escapeProperty.Replace(filepath.ToSlash(at.File))}
		if at.Line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", at.Line))
			if at.Column > 0 {
				properties = append(properties, fmt.Sprintf("col=%d", at.Column))
			}
		}
		properties = append(properties, "title="+escapeProperty.Replace(f.Rule))
		message := escapeData.Replace(strings.Join(sentences(f), "\n"))
		fmt.Fprintf(&out, "::%s %s::%s\n", commands[f.Severity], strings.Join(properties, ","), message)
	}
	out.WriteString(summary(result) + "\n")
	_, err := w.Write(out.Bytes())
	return err
}
