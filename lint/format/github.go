package format

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/traderadmin/charts/internal/github"
	"github.com/traderadmin/charts/lint/linter"
)

var gitHubLevels = map[linter.Severity]string{
	linter.Error: github.Error, linter.Warning: github.Warning, linter.Info: github.Notice,
}

// writeGitHub writes an annotation for each finding to the log of a GitHub workflow, and then the counts.
func writeGitHub(w io.Writer, result *linter.Result) error {
	var out bytes.Buffer
	for _, f := range result.Findings {
		at := position(f)
		fmt.Fprintln(&out, github.Annotation{
			Level:   gitHubLevels[f.Severity],
			File:    filepath.ToSlash(at.File),
			Line:    int64(at.Line),
			Column:  int64(at.Column),
			Title:   f.Rule,
			Message: strings.Join(sentences(f), "\n"),
		})
	}
	fmt.Fprintln(&out, summary(result))
	_, err := w.Write(out.Bytes())
	return err
}
