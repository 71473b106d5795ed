package gherkin_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/internal/gherkin"
)

const feature = `Feature: f
  Background:
    Given a
  @tag
  Scenario: one
    Given b
  @ruled
  Rule: r
    Background:
      Given c
    Scenario Outline: two
      Given <d>
      Examples:
        | d |
        | 1 |
  Rule: empty
`

func parse(t *testing.T, content string) (*messages.GherkinDocument, []*messages.Pickle) {
	path := filepath.Join(t.TempDir(), "f.feature")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	features, err := godog.TestSuite{Options: &godog.Options{Paths: []string{path}}}.RetrieveFeatures()
	require.NoError(t, err)
	require.Len(t, features, 1)
	return features[0].GherkinDocument, features[0].Pickles
}

func TestNodes(t *testing.T) {
	t.Parallel()
	document, _ := parse(t, feature)
	var found []string
	for node := range gherkin.Nodes(document) {
		kind := "rule"
		switch {
		case node.Background != nil:
			kind = "background"
		case node.Scenario != nil:
			kind = node.Scenario.Name
		}
		if node.Rule != nil {
			kind += " of " + node.Rule.Name
		}
		found = append(found, fmt.Sprintf("%d %s, %d steps", node.FirstLine(), kind, len(node.Steps())))
	}
	assert.Equal(t, []string{
		"2 background, 1 steps", "4 one, 1 steps",
		"7 rule of r, 0 steps", "9 background of r, 1 steps", "11 two of r, 1 steps",
		"16 rule of empty, 0 steps",
	}, found)
}

func TestStepLines(t *testing.T) {
	t.Parallel()
	document, pickles := parse(t, feature)
	lines := gherkin.StepLines(document)
	assert.Len(t, lines, 4)
	for _, pickle := range pickles {
		for _, step := range pickle.Steps {
			assert.Contains(t, []int64{3, 6, 10, 12}, lines[step.AstNodeIds[0]], step.Text)
		}
	}
}

func TestNodesOfAnEmptyDocument(t *testing.T) {
	t.Parallel()
	for node := range gherkin.Nodes(&messages.GherkinDocument{}) {
		t.Errorf("unexpected node %v", node)
	}
}
