package policy

import "go.yaml.in/yaml/v3"

// PracticePrefix is the prefix of the IDs of rules that are checks of kube-score. The ID of the check follows.
const PracticePrefix = "kube-score/"

// Practices select the checks of kube-score that run.
type Practices struct {
	// On means that checks run.
	On bool
	// Rules are the IDs of the checks, such as kube-score/pod-probes. If there are none, the usual checks run.
	Rules []string
}

// UnmarshalYAML reads true, false or a list of IDs.
func (p *Practices) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.SequenceNode {
		p.On = len(node.Content) > 0
		return node.Decode(&p.Rules)
	}
	if node.Decode(&p.On) != nil {
		return mistakef(node, "want true, false, or a list of rules such as %spod-probes", PracticePrefix)
	}
	return nil
}

func (Practices) jsonSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"type": "boolean"},
		map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
	}}
}
