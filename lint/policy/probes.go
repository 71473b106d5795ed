package policy

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Probes limits how often a chart is rendered with values that no values set has. The zero value is the default limit,
// which depends on the number of values sets.
type Probes int

// NoProbes means that there are no such renderings.
const NoProbes Probes = -1

// ParseProbes parses "off" or a number of renderings above 0.
func ParseProbes(text string) (Probes, error) {
	if text == Off.String() {
		return NoProbes, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no limit for probes: want off, or a number of renderings such as 20", text)
	}
	return Probes(n), nil
}

// UnmarshalYAML reads off, or a number of renderings.
func (p *Probes) UnmarshalYAML(node *yaml.Node) error {
	parsed, err := ParseProbes(node.Value)
	if err != nil {
		return mistakef(node, "%v", err)
	}
	*p = parsed
	return nil
}

func (Probes) jsonSchema() map[string]any {
	return map[string]any{"oneOf": []any{
		map[string]any{"const": Off.String()},
		map[string]any{"type": "integer", "minimum": 1},
	}}
}
