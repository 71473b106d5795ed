// Package gherkin walks the parsed document of a feature file.
package gherkin

import (
	"iter"

	messages "github.com/cucumber/messages/go/v34"
)

// Node is a rule, a background or a scenario of a feature. A Scenario Outline is a scenario with examples.
type Node struct {
	// Rule is the rule that contains the background or scenario, or nil. If only Rule is set, the node is the rule itself.
	Rule       *messages.Rule
	Background *messages.Background
	Scenario   *messages.Scenario
}

// Nodes returns the nodes of a document in the order of the file. A rule comes before the nodes that it contains.
func Nodes(document *messages.GherkinDocument) iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if document.Feature == nil {
			return
		}
		for _, child := range document.Feature.Children {
			if child.Rule == nil {
				if !yield(Node{Background: child.Background, Scenario: child.Scenario}) {
					return
				}
				continue
			}
			if !yield(Node{Rule: child.Rule}) {
				return
			}
			for _, ruled := range child.Rule.Children {
				if !yield(Node{Rule: child.Rule, Background: ruled.Background, Scenario: ruled.Scenario}) {
					return
				}
			}
		}
	}
}

// Steps returns the steps of a background or scenario, and nil for a rule.
func (n Node) Steps() []*messages.Step {
	switch {
	case n.Background != nil:
		return n.Background.Steps
	case n.Scenario != nil:
		return n.Scenario.Steps
	}
	return nil
}

// FirstLine returns the line at which the node begins, counted from 1: that of its first tag, or of its keyword.
func (n Node) FirstLine() int64 {
	switch {
	case n.Background != nil:
		return n.Background.Location.Line
	case n.Scenario != nil:
		return firstLine(n.Scenario.Location, n.Scenario.Tags)
	}
	return firstLine(n.Rule.Location, n.Rule.Tags)
}

func firstLine(keyword *messages.Location, tags []*messages.Tag) int64 {
	first := keyword.Line
	for _, tag := range tags {
		first = min(first, tag.Location.Line)
	}
	return first
}

// StepLines returns the lines of all steps, counted from 1, by the IDs of their nodes, which the steps of a pickle
// name in AstNodeIds.
func StepLines(document *messages.GherkinDocument) map[string]int64 {
	lines := map[string]int64{}
	for node := range Nodes(document) {
		for _, step := range node.Steps() {
			lines[step.Id] = step.Location.Line
		}
	}
	return lines
}
