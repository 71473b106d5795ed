package shard

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/cucumber/godog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var features = fstest.MapFS{
	"features/a.feature": {Data: []byte(`@all
Feature: A
  Background:
    Given x

  Scenario: one
    Then y

  @slow
  @other
  Scenario: two
    Then y

  # about three
  Scenario Outline: three
    Then <z>
    Examples:
      | z |
      | 1 |
      | 2 |

  Rule: r
    Background:
      Given x
    Scenario: four
      Then y
    @five
    Example: five
      Then y
`)},
	"features/b.feature": {Data: []byte("Feature: B\n  Scenario: six\n    Then y\n")},
	"features/c.feature": {Data: []byte("Feature: C\n  Scenario: seven\n    Then y")},
}

// kept returns the names and locations of the scenarios in a shard of features.
func kept(t *testing.T, shard Shard) []string {
	options := &godog.Options{FS: features, Paths: []string{"features"}}
	require.NoError(t, shard.Keep(options))
	found, err := godog.TestSuite{Options: options}.RetrieveFeatures()
	require.NoError(t, err)
	var names []string
	for _, feature := range found {
		for _, pickle := range feature.Pickles {
			at := feature.FindScenario(pickle.AstNodeIds[0]).Location.Line
			names = append(names, fmt.Sprintf("%s %s:%d", pickle.Name, pickle.Uri, at))
			for _, step := range pickle.Steps {
				assert.NotEmpty(t, step.Text)
			}
		}
	}
	return names
}

func TestEveryScenarioIsInOneShardAtItsOriginalLine(t *testing.T) {
	t.Parallel()
	all := kept(t, Shard{})
	require.Len(t, all, 8, "7 scenarios, one of them with 2 rows")

	for count := 1; count <= 9; count++ {
		var together []string
		for index := 1; index <= count; index++ {
			part := kept(t, Shard{index, count})
			assert.Equal(t, part, kept(t, Shard{index, count}), "division must be deterministic")
			together = append(together, part...)
		}
		assert.ElementsMatch(t, all, together, "%d shards", count)
	}
}

func TestTagsSelectBeforeSharding(t *testing.T) {
	t.Parallel()
	options := &godog.Options{FS: features, Paths: []string{"features"}, Tags: "@slow,@five"}
	require.NoError(t, Shard{1, 1}.Keep(options))
	found, err := godog.TestSuite{Options: options}.RetrieveFeatures()
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Len(t, found[0].Pickles, 2)
}

func TestSet(t *testing.T) {
	t.Parallel()
	var shard Shard
	require.NoError(t, shard.Set("2/5"))
	assert.Equal(t, Shard{Index: 2, Count: 5}, shard)
	assert.Equal(t, "2/5", shard.String())
	for _, wrong := range []string{"", "1", "0/2", "3/2", "a/2", "1/b", "-1/2", "1/2/3"} {
		assert.ErrorContains(t, shard.Set(wrong), "want i/n", wrong)
	}
}
