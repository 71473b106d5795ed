// Package shard divides the scenarios of a suite among several runs, such as the jobs of a CI matrix or the pods of an
// Indexed Job.
//
// Scenarios are assigned round-robin in the order of their files and lines: with three shards, the first shard runs
// scenarios 1, 4, 7 and so on. All runs of the same features divide them in the same way, independent of the random
// order, and shards differ by at most one scenario. All rows of a Scenario Outline are in the same shard.
package shard

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"github.com/cucumber/godog"

	"github.com/traderadmin/charts/internal/gherkin"
)

// Shard is one of Count parts of a suite. The zero value is the whole suite. A Shard is a flag.Value: "2/5" is the
// second of five shards.
type Shard struct {
	Index int // 1 to Count
	Count int
}

// String returns the shard in the syntax of Set, or "" for the whole suite.
func (s Shard) String() string {
	if s.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Set parses "i/n", with 1 ≤ i ≤ n.
func (s *Shard) Set(text string) error {
	index, count, _ := strings.Cut(text, "/")
	i, badIndex := strconv.Atoi(index)
	n, badCount := strconv.Atoi(count)
	if badIndex != nil || badCount != nil || i < 1 || i > n {
		return fmt.Errorf("%q is not a shard: want i/n, such as 1/3 for the first of three", text)
	}
	*s = Shard{Index: i, Count: n}
	return nil
}

// Keep replaces the features of options by copies that contain only the scenarios of the shard. The lines of other
// scenarios are blank, so that line numbers do not change. Keep reads the features, and returns an error if one is
// invalid.
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
	assigned := 0
	for _, feature := range features {
		lines := bytes.SplitAfter(feature.Content, []byte("\n"))
		selected := map[string]bool{} // IDs of the scenarios that match the tags in options
		for _, pickle := range feature.Pickles {
			selected[pickle.AstNodeIds[0]] = true
		}
		nodes := slices.Collect(gherkin.Nodes(feature.GherkinDocument))
		for i, node := range nodes {
			if node.Scenario == nil || !selected[node.Scenario.Id] {
				continue
			}
			if assigned%s.Count != s.Index-1 {
				end := len(lines) + 1
				if i+1 < len(nodes) {
					end = int(nodes[i+1].FirstLine())
				}
				blank(lines, int(node.FirstLine()), end)
			}
			assigned++
		}
		kept[feature.Uri] = &fstest.MapFile{Data: bytes.Join(lines, nil), Mode: 0o444}
		paths = append(paths, feature.Uri)
	}
	options.FS, options.Paths = fs.FS(kept), paths
	return nil
}

// blank empties the lines from first up to, but not including, end. Lines are counted from 1.
func blank(lines [][]byte, first, end int) {
	for i := first - 1; i < end-1; i++ {
		lines[i] = []byte("\n")
	}
}
