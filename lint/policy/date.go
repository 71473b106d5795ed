package policy

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"
)

// Date is a day.
type Date struct{ time.Time }

func (d Date) String() string { return d.Format(time.DateOnly) }

// UnmarshalYAML reads a date such as 2027-01-31.
func (d *Date) UnmarshalYAML(node *yaml.Node) error {
	day, err := time.Parse(time.DateOnly, node.Value)
	if err != nil {
		return mistake(node, fmt.Sprintf("%q is no date: want one such as 2027-01-31", node.Value))
	}
	d.Time = day
	return nil
}

// JSONSchema describes a date to editors.
func (Date) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": `^\d{4}-\d{2}-\d{2}$`}
}
