package helm

import (
	"context"
	"encoding/json"
	"fmt"
	slashpath "path"
	"slices"
	"strings"
	"time"
)

// Baseline is what recorded commands render with the chart that was recorded. It is safe for concurrent use.
type Baseline struct {
	chart      string
	recordings []*Recording
	rendered   [][]Rendered // by recording and command, with masks
	masks      [][]masks
}

// NewBaseline renders the commands of recordings twice. Lines that differ, because templates draw values at random or
// read the clock, are not compared later. chart is the absolute path of the chart that was recorded.
func NewBaseline(ctx context.Context, chart string, recordings []*Recording) (*Baseline, error) {
	b := &Baseline{chart: chart, recordings: recordings}
	start := time.Now()
	again, err := b.renderAll(ctx)
	if err != nil {
		return nil, err
	}
	time.Sleep(time.Second - time.Since(start)) // templates see the clock in seconds, or more precisely
	if b.rendered, err = b.renderAll(ctx); err != nil {
		return nil, err
	}
	for i, commands := range b.rendered {
		var all []masks
		for j, rendered := range commands {
			all = append(all, rendered.masks(again[i][j]))
			commands[j] = all[j].apply(rendered)
		}
		b.masks = append(b.masks, all)
	}
	return b, nil
}

func (b *Baseline) renderAll(ctx context.Context) ([][]Rendered, error) {
	replayer, err := newReplayer(b.chart, b.chart, "")
	if err != nil {
		return nil, err
	}
	var all [][]Rendered
	for _, recording := range b.recordings {
		rendered, err := replayer.replayAll(ctx, recording)
		if err != nil {
			return nil, err
		}
		all = append(all, rendered)
	}
	return all, nil
}

// Difference is a part of what a command renders that another copy of the chart renders otherwise.
type Difference struct {
	// Recording and Command are the indices of the recording and of its command.
	Recording, Command int
	// Part names the part, such as "manifest templates/redis.yaml".
	Part string
	// Old and New are its texts. Objects are in JSON, one on each line. A part may be missing.
	Old, New string
}

// Compare returns what the recorded commands render otherwise with a copy of the chart in another folder, an absolute
// path. changed is the only file that differs, by its slash-separated path in the chart; "" means any.
func (b *Baseline) Compare(ctx context.Context, copied, changed string) ([]Difference, error) {
	replayer, err := newReplayer(b.chart, copied, changed)
	if err != nil {
		return nil, err
	}
	var all []Difference
	for i, recording := range b.recordings {
		rendered, err := replayer.replayAll(ctx, recording)
		if err != nil {
			return nil, err
		}
		for j, parts := range rendered {
			before, after := b.rendered[i][j], b.masks[i][j].apply(parts)
			for _, part := range replayer.relevant(before).differing(replayer.relevant(after)) {
				all = append(all, Difference{i, j, part, canonical(part, before[part]), canonical(part, after[part])})
			}
		}
	}
	return all, nil
}

// Unlike returns what the commands rendered otherwise when they were recorded. There should be nothing, except warnings
// of the API server.
func (b *Baseline) Unlike() []Difference {
	var all []Difference
	for i, recording := range b.recordings {
		for j, command := range recording.Commands() {
			replayed := b.rendered[i][j]
			if replayed == nil || command.Failed && replayed[partError] == "" {
				continue // the cluster refused it
			}
			recorded := b.masks[i][j].apply(command.Rendered)
			for _, part := range recorded.differing(replayed) {
				if part != partValues && part != partWarnings {
					all = append(all, Difference{i, j, part, recorded[part], replayed[part]})
				}
			}
		}
	}
	return all
}

// only returns the template that is rendered by itself if it is the only file that differs, or "".
func only(changed string) string {
	base := slashpath.Base(changed)
	if !strings.HasPrefix(changed, "templates/") || strings.HasPrefix(base, "_") || base == "NOTES.txt" {
		return ""
	}
	return changed
}

// relevant returns the parts that the changed file may change.
func (p *replayer) relevant(r Rendered) Rendered {
	template := only(p.changed)
	if template == "" {
		return r
	}
	relevant := Rendered{}
	for _, name := range []string{partError, partOutput, partManifest + template, partHook + template} {
		if text, ok := r[name]; ok {
			relevant[name] = text
		}
	}
	return relevant
}

// key returns the same text for commands that depend on the same input, or "" if they depend on files.
func (r *Recorded) key() (string, error) {
	if len(r.files) > 0 || r.Args[0] == "package" {
		return "", nil
	}
	var history []string
	for _, revision := range r.history {
		values, err := json.Marshal([]any{revision.Config, revision.Chart.Values})
		if err != nil {
			return "", err
		}
		history = append(history, fmt.Sprint(revision.Version, revision.Info.Status, string(values)))
	}
	var answered []string
	for path, answer := range r.answers.replace(r.real, r.called).byPath {
		answered = append(answered, fmt.Sprint(path, answer.status, string(answer.body)))
	}
	slices.Sort(answered)
	capabilities := ""
	if r.capabilities != nil {
		capabilities = fmt.Sprint(r.capabilities.KubeVersion, r.capabilities.APIVersions)
	}
	return fmt.Sprintf("%q %q %q %q %q", r.Args, r.called, history, answered, capabilities), nil
}
