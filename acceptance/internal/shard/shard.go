// Package shard divides the scenarios of a suite among several runs, such as the jobs of a CI matrix or the pods of an Indexed Job.
//
// The scenarios, in the order of their files and lines, are dealt out like cards: run 1 of 3 gets the first, the fourth, and so
// on. Every run of the same features makes the same division, whatever its random order is; the parts differ by one scenario at most. A
// Scenario Outline is dealt as one.
package shard

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
)

// Shard is one part of several. The zero value is the whole. It is a flag.Value: "2/5" is the second of five.
type Shard struct {
	Index int // from 1
	Count int
}

// String is the shard as Set reads it; "" for the whole.
func (s Shard) String() string {
	if s.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Set reads "i/n", with 1 ≤ i ≤ n.
func (s *Shard) Set(text string) error {
	index, count, _ := strings.Cut(text, "/")
	i, badIndex := strconv.Atoi(index)
	n, badCount := strconv.Atoi(count)
	if badIndex != nil || badCount != nil || i < 1 || i > n {
		return fmt.Errorf("%q is no shard: want i/n, such as 1/3 for the first of three", text)
	}
	*s = Shard{Index: i, Count: n}
	return nil
}

// Keep leaves in options only the scenarios of the shard. Lines keep their numbers: those of other shards' scenarios are blank.
// It reads the features, and returns the error of one that cannot be read.
func (s Shard) Keep(options *godog.Options) error {
	if s.Count == 0 {
		return nil
	}
	features, err := godog.TestSuite{Options: options}.RetrieveFeatures()
	if err != nil {
		return err
	}
	kept := fstest.MapFS{}
	var paths []string
	dealt := 0
	for _, feature := range features {
		lines := bytes.SplitAfter(feature.Content, []byte("\n"))
		selected := map[string]bool{} // by the tags in options
		for _, pickle := range feature.Pickles {
			selected[pickle.AstNodeIds[0]] = true
		}
		for _, scenario := range scenarios(feature.GherkinDocument, len(lines)) {
			if !selected[scenario.id] {
				continue
			}
			if dealt%s.Count != s.Index-1 {
				scenario.blank(lines)
			}
			dealt++
		}
		kept[feature.Uri] = &fstest.MapFile{Data: bytes.Join(lines, nil), Mode: 0o444}
		paths = append(paths, feature.Uri)
	}
	options.FS, options.Paths = fs.FS(kept), paths
	return nil
}

// span is where a scenario stands in its file: lines from first to before end, from 1.
type span struct {
	id         string
	first, end int
}

func (s span) blank(lines [][]byte) {
	for i := s.first - 1; i < s.end-1; i++ {
		lines[i] = []byte("\n")
	}
}

// scenarios are the places of a document's scenarios, in its rules too, with their tags.
func scenarios(document *messages.GherkinDocument, lines int) []span {
	var starts []start
	for _, child := range document.Feature.Children {
		switch {
		case child.Background != nil:
			starts = append(starts, start{line: line(child.Background.Location)})
		case child.Scenario != nil:
			starts = append(starts, scenarioStart(child.Scenario))
		case child.Rule != nil:
			starts = append(starts, start{line: firstLine(child.Rule.Location, child.Rule.Tags)})
			for _, ruled := range child.Rule.Children {
				if ruled.Background != nil {
					starts = append(starts, start{line: line(ruled.Background.Location)})
				} else {
					starts = append(starts, scenarioStart(ruled.Scenario))
				}
			}
		}
	}
	var spans []span
	for i, s := range starts {
		end := lines + 1
		if i+1 < len(starts) {
			end = starts[i+1].line
		}
		if s.scenario != "" {
			spans = append(spans, span{s.scenario, s.line, end})
		}
	}
	return spans
}

// start is the first line of something that ends what stands before it.
type start struct {
	line     int
	scenario string // its ID, where it is one
}

func scenarioStart(s *messages.Scenario) start {
	return start{line: firstLine(s.Location, s.Tags), scenario: s.Id}
}

func firstLine(at *messages.Location, tags []*messages.Tag) int {
	first := line(at)
	for _, tag := range tags {
		first = min(first, line(tag.Location))
	}
	return first
}

func line(at *messages.Location) int { return int(at.Line) }
