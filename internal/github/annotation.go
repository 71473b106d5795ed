// Package github writes the workflow commands of GitHub Actions; see
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands.
package github

import (
	"fmt"
	"strings"
)

// The levels of an [Annotation].
const (
	Error   = "error"
	Warning = "warning"
	Notice  = "notice"
)

// Annotation is a message about a line of a file. GitHub shows it in the summary of a run and in the diff of a pull
// request.
type Annotation struct {
	Level   string // Error, Warning or Notice
	File    string // relative to the root of the repository, with slashes
	Line    int64  // from 1; 0 if unknown
	Column  int64  // from 1; 0 if unknown
	Title   string
	Message string
}

// String returns the workflow command that makes the annotation, without a line break. Print it to the standard output
// of a job's step, on a line of its own.
func (a Annotation) String() string {
	properties := []string{"file=" + escapeProperty.Replace(a.File)}
	if a.Line > 0 {
		properties = append(properties, fmt.Sprintf("line=%d", a.Line))
	}
	if a.Line > 0 && a.Column > 0 {
		properties = append(properties, fmt.Sprintf("col=%d", a.Column))
	}
	properties = append(properties, "title="+escapeProperty.Replace(a.Title))
	return fmt.Sprintf("::%s %s::%s", a.Level, strings.Join(properties, ","), escapeMessage.Replace(a.Message))
}

// The escapes of https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts.
var (
	escapeMessage  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	escapeProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
