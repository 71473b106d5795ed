package policy

import (
	"time"

	"go.yaml.in/yaml/v3"
)

// Date is a day, such as 2027-01-31.
type Date struct{ time.Time }

// String returns the date in the form 2027-01-31.
func (d Date) String() string { return d.Format(time.DateOnly) }

// UnmarshalYAML reads a date such as 2027-01-31.
func (d *Date) UnmarshalYAML(node *yaml.Node) error {
	day, err := time.Parse(time.DateOnly, node.Value)
	if err != nil {
		return mistakef(node, "invalid date %q: want one such as 2027-01-31", node.Value)
	}
	d.Time = day
	return nil
}

func (Date) jsonSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": `^\d{4}-\d{2}-\d{2}$`}
}
