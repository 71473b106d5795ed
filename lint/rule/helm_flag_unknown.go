package rule

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/traderadmin/charts/internal/chart"
)

func init() {
	register(&Rule{
		ID:    "helm-flag-unknown",
		Title: "The helm commands in notes and documents work",
		Why: "Users copy the commands of NOTES.txt and of the README. A flag that their Helm no longer has, such as " +
			"--recreate-pods in Helm 4, fails the command. The rule runs with --helm: it asks that binary for the flags in " +
			"NOTES.txt and in the Markdown files of the chart.",
		Bad:      "helm upgrade {{ .Release.Name }} example/shop --recreate-pods",
		Good:     "helm upgrade {{ .Release.Name }} example/shop",
		Severity: Warning,
		Check:    checkHelmFlagUnknown,
	})
}

// HelmFlag is a flag of a helm command that a document shows.
type HelmFlag struct {
	Position chart.Position
	Command  []string // the words after helm, up to two, such as upgrade
	Flag     string   // such as --recreate-pods
}

// UnknownFlag is a flag that a Helm, such as "Helm 4", does not know.
type UnknownFlag struct {
	HelmFlag
	Helm string
}

func checkHelmFlagUnknown(p *Pass) {
	for _, f := range p.UnknownFlags {
		command := "helm " + f.Command[0]
		p.Report(Finding{
			Position: f.Position,
			Message:  fmt.Sprintf("%s has no flag %s of `%s`", f.Helm, f.Flag, command),
			Fix:      fmt.Sprintf("Write a command that works with every Helm; `%s --help` lists its flags.", command),
		})
	}
}

// helmCommand matches a helm command in a line of text, with its first words and its flags. It ends where a shell
// command or inline code does.
var (
	helmCommand = regexp.MustCompile("(?:^|[\\s`$\"'(])helm ([a-z]+)( [a-z]+)?((?: [^`|;&#]*)?)")
	longFlag    = regexp.MustCompile(`\s(--[a-z][a-z0-9-]+)`)
)

// HelmFlags returns the long flags of the helm commands in the chart's NOTES.txt and Markdown files. A command may go
// on after a backslash at the end of a line.
func HelmFlags(c *chart.Chart) []HelmFlag {
	var flags []HelmFlag
	source := c.Source()
	for _, files := range [][]*chart.File{source.Templates, source.Files} {
		for _, f := range files {
			if path.Base(f.Name) == "NOTES.txt" && strings.HasPrefix(f.Name, "templates/") ||
				path.Ext(f.Name) == ".md" && path.Dir(f.Name) == "." {
				flags = append(flags, flagsIn(f)...)
			}
		}
	}
	return flags
}

func flagsIn(f *chart.File) []HelmFlag {
	var flags []HelmFlag
	var command []string // that goes on in the next line
	at := f.Position
	for line := range strings.Lines(string(f.Content)) {
		at.Line++
		line = strings.TrimRight(line, "\r\n ")
		add := func(text string) {
			for _, found := range longFlag.FindAllStringSubmatch(text, -1) {
				flags = append(flags, HelmFlag{Position: at, Command: command, Flag: found[1]})
			}
		}
		if command != nil {
			add(" " + line)
		}
		for _, found := range helmCommand.FindAllStringSubmatch(line, -1) {
			command = strings.Fields(found[1] + found[2])
			add(found[3])
		}
		if !strings.HasSuffix(line, `\`) {
			command = nil
		}
	}
	return flags
}
