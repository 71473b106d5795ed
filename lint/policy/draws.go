package policy

import (
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Draws is the number of values that are drawn from the schemas of a chart. The zero value is the default, no values.
type Draws int

// NoDraws means that no values are drawn.
const NoDraws Draws = -1

// ParseDraws parses "off" or a number above 0.
func ParseDraws(text string) (Draws, error) {
	if text == Off.String() {
		return NoDraws, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no number of draws: want off, or a number such as 200", text)
	}
	return Draws(n), nil //nolint:gosec // it fits
}

// UnmarshalYAML reads off, or a number.
func (d *Draws) UnmarshalYAML(node *yaml.Node) error {
	parsed, err := ParseDraws(node.Value)
	if err != nil {
		return mistakef(node, "%v", err)
	}
	*d = parsed
	return nil
}

func (Draws) jsonSchema() map[string]any { return Probes(0).jsonSchema() }
