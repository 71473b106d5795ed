package helm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	slashpath "path"
	"slices"
	"strings"
	"time"

	"github.com/traderadmin/charts/internal/chart"
)

// Baseline is what recorded commands render with the chart that was recorded. It is safe for concurrent use.
type Baseline struct {
	chart      string
	recordings []*Recording
	rendered   [][]Rendered // by recording and command, with masks
	masks      [][]masks
	plain      map[*Recorded]Rendered // without masks
}

// NewBaseline renders the commands of recordings twice. Lines that differ, because templates draw values at random or
// read the clock, are not compared later. folder is the absolute path of the chart that was recorded.
func NewBaseline(ctx context.Context, folder string, recordings []*Recording) (*Baseline, error) {
	b := &Baseline{chart: folder, recordings: recordings, plain: map[*Recorded]Rendered{}}
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
			b.plain[recordings[i].commands[j]] = rendered
			all = append(all, rendered.masks(again[i][j]))
			commands[j] = all[j].apply(rendered)
		}
		b.masks = append(b.masks, all)
	}
	return b, nil
}

func (b *Baseline) renderAll(ctx context.Context) ([][]Rendered, error) {
	replayer, err := newReplayer(b.chart, b.chart, changed{}, nil)
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
// path. files are those that differ, by their slash-separated paths in the chart; none means any.
func (b *Baseline) Compare(ctx context.Context, copied string, files ...string) ([]Difference, error) {
	replayer, err := newReplayer(b.chart, copied, newChanged(files), b.plain)
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
				if part == partValues && !recording.readsValues() {
					continue
				}
				all = append(all, Difference{i, j, part, canonical(part, before[part]), canonical(part, after[part])})
			}
		}
	}
	return all, nil
}

// Fingerprint returns a text that is the same for recordings whose commands render the same.
func (b *Baseline) Fingerprint(recording int) string {
	sum := sha256.New()
	for i, rendered := range b.rendered[recording] {
		fmt.Fprintf(sum, "%q\n", b.recordings[recording].commands[i].Args)
		for _, part := range slices.Sorted(maps.Keys(rendered)) {
			if part != partValues {
				fmt.Fprintf(sum, "%s\n%s\n", part, rendered[part])
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
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

// readsValues reports whether a command of the recording asks for the values of a release.
func (r *Recording) readsValues() bool {
	return slices.ContainsFunc(r.Commands(), func(r *Recorded) bool { return r.Args[0] == "get" })
}

// changed says which files of a copy of a chart differ.
type changed struct {
	// templates are the templates that differ, if no other file does, and if no other template includes them.
	templates []string
	// onlyTemplates and onlySchema say that no file but templates, or the schema of the values, differs.
	onlyTemplates, onlySchema bool
}

func newChanged(files []string) changed {
	all := func(test func(string) bool) bool {
		return len(files) > 0 && !slices.ContainsFunc(files, func(file string) bool { return !test(file) })
	}
	c := changed{
		onlyTemplates: all(isTemplate),
		onlySchema:    all(func(file string) bool { return file == chart.SchemaJSON }),
	}
	if all(isOwnTemplate) {
		c.templates = files
	}
	return c
}

func isTemplate(file string) bool { return strings.HasPrefix(file, "templates/") }

// isOwnTemplate reports whether a file is a template whose output is a manifest.
func isOwnTemplate(file string) bool {
	base := slashpath.Base(file)
	return isTemplate(file) && !strings.HasPrefix(base, "_") && base != "NOTES.txt"
}

// relevant returns the parts that the changed files may change.
func (p *replayer) relevant(r Rendered) Rendered {
	if p.changed.templates == nil {
		return r
	}
	names := []string{partError, partOutput}
	for _, template := range p.changed.templates {
		names = append(names, partManifest+template, partHook+template)
	}
	relevant := Rendered{}
	for _, name := range names {
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
