package policy

import (
	"go.yaml.in/yaml/v3"
)

// PracticePrefix begins the IDs of the rules that kube-score checks; the check's own ID follows.
const PracticePrefix = "kube-score/"

// Practices say which checks of kube-score run: none, the usual ones, or those listed.
type Practices struct {
	// On says that some run.
	On bool
	// Rules are the rules that are listed, by ID; none are the usual ones.
	Rules []string
}

// UnmarshalYAML reads true, false, or a list of rules.
func (p *Practices) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		p.On = len(node.Content) > 0
		return node.Decode(&p.Rules)
	}
	if node.Decode(&p.On) != nil {
		return mistake(node, "want true, false, or a list of rules such as "+PracticePrefix+"pod-probes")
	}
	return nil
}

// JSONSchema describes practices to editors.
func (Practices) JSONSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "boolean"},
		map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
	}}
}
