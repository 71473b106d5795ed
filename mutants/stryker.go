package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/traderadmin/charts/mutants/internal/judge"
)

// The types of the mutation testing report schema, version 2:
// https://github.com/stryker-mutator/mutation-testing-elements/tree/master/packages/report-schema
type (
	strykerReport struct {
		SchemaVersion string                 `json:"schemaVersion"`
		Thresholds    strykerThresholds      `json:"thresholds"`
		Files         map[string]strykerFile `json:"files"`
	}
	strykerThresholds struct {
		High int `json:"high"`
		Low  int `json:"low"`
	}
	strykerFile struct {
		Language string          `json:"language"`
		Source   string          `json:"source"`
		Mutants  []strykerMutant `json:"mutants"`
	}
	strykerMutant struct {
		ID           string          `json:"id"`
		MutatorName  string          `json:"mutatorName"`
		Replacement  string          `json:"replacement"`
		Location     strykerLocation `json:"location"`
		Status       string          `json:"status"`
		StatusReason string          `json:"statusReason,omitempty"`
	}
	strykerLocation struct {
		Start strykerPosition `json:"start"`
		End   strykerPosition `json:"end"`
	}
	strykerPosition struct {
		Line   int `json:"line"`
		Column int `json:"column"`
	}
)

// strykerStatus returns the status of a mutant in the schema's words.
func (r report) strykerStatus(v judge.Verdict) (status, reason string) {
	if reason := r.reason(v); reason != "" {
		return "Ignored", reason
	}
	switch v.Status {
	case judge.Killed:
		return "Killed", v.By + ": " + v.Words
	case judge.Survived:
		return "Survived", "rendered by " + strings.Join(v.Scenarios, "; ")
	}
	return "NoCoverage", "no scenario renders it"
}

func (r report) asStryker() ([]byte, error) {
	files := map[string]strykerFile{}
	for _, v := range r.verdicts {
		name := filepath.ToSlash(filepath.Join(r.chart, v.File))
		file, known := files[name]
		if !known {
			content, err := os.ReadFile(name)
			if err != nil && !os.IsNotExist(err) {
				return nil, err
			}
			file = strykerFile{Language: "yaml", Source: string(content)}
		}
		status, reason := r.strykerStatus(v)
		last := v.Old[strings.LastIndexByte(v.Old, '\n')+1:]
		file.Mutants = append(file.Mutants, strykerMutant{
			ID: v.ID, MutatorName: v.Operator, Replacement: v.New, Status: status, StatusReason: reason,
			Location: strykerLocation{
				Start: strykerPosition{v.Line, 1}, End: strykerPosition{v.EndLine, len([]rune(last)) + 1},
			},
		})
		files[name] = file
	}
	return json.MarshalIndent(strykerReport{
		SchemaVersion: "2", Thresholds: strykerThresholds{High: 95, Low: 80}, Files: files,
	}, "", "  ")
}
