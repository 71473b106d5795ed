package linter

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/lint/policy"
	"github.com/traderadmin/charts/lint/rule"
)

// LimitError says that linting a chart exceeds a limit.
type LimitError struct {
	Message string // what the limit is, and what was being done
	Fix     string // a sentence
}

func (e *LimitError) Error() string { return e.Message }

// part is the result of linting one chart in a process of its own.
type part struct {
	Chart    Chart
	Findings []Finding
	Used     []bool
}

// WritePart lints one chart and writes the result in the form that [Options.Isolate] returns.
func WritePart(ctx context.Context, w io.Writer, path string, options Options) error {
	r, err := newRun(options)
	if err != nil {
		return err
	}
	if err := r.startPrograms(ctx, []string{path}); err != nil {
		return err
	}
	return r.eachChart([]string{path}, func(_ int, path string) error {
		l, err := r.lint(ctx, path)
		if err = errors.Join(err, r.stopPrograms()); err != nil {
			return err
		}
		return gob.NewEncoder(w).Encode(part{Chart: l.chart, Findings: l.findings, Used: l.used})
	})
}

// isolated lints a chart in a process of its own. Exceeding a limit is a finding.
func (r *run) isolated(ctx context.Context, path string) (*linted, error) {
	content, err := r.options.Isolate(ctx, path)
	var exceeded *LimitError
	if err != nil && !errors.As(err, &exceeded) {
		return nil, err
	}
	p, err := r.policies.load(r.options.Config, path)
	if err != nil {
		return nil, err
	}
	if exceeded != nil {
		return givenUp(path, p, rule.Find(rule.LimitExceeded), Finding{
			Position: Position{File: path}, Message: exceeded.Message, Fix: exceeded.Fix,
		}), nil
	}
	var result part
	if err := gob.NewDecoder(bytes.NewReader(content)).Decode(&result); err != nil {
		return nil, fmt.Errorf("lint %s: read the result of its process: %w", path, err)
	}
	return &linted{chart: result.Chart, policy: p, findings: result.Findings, used: result.Used}, nil
}

// givenUp is the result for a chart of which only one thing is known, the violation of a rule.
func givenUp(path string, p *policy.Policy, violated *rule.Rule, f Finding) *linted {
	l := &linted{
		chart:  Chart{Path: path, ValuesSets: []string{}, KubeVersions: []string{}},
		policy: p,
		used:   make([]bool, len(p.Suppressions)),
	}
	f.Chart, f.Rule = path, violated.ID
	f.Severity = p.Severity(violated.ID, violated.Severity, false)
	if f.Severity != policy.Off && !l.suppresses(f, "") {
		l.findings = []Finding{f}
	}
	return l
}

// unloadable is the result for a chart that Helm cannot load.
func (r *run) unloadable(path string, refused *chart.LoadError) (*linted, error) {
	p, err := r.policies.load(r.options.Config, path)
	if err != nil {
		return nil, err
	}
	return givenUp(path, p, rule.Find(rule.ChartUnloadable), Finding{
		Position: Position(refused.Position),
		Message:  "Helm cannot load the chart: " + refused.Message,
		Fix:      "Correct this first: nothing else in the chart is checked.",
	}), nil
}
