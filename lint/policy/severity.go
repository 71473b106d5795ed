package policy

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/suggest"
)

// Severity says how much a finding matters. The zero value is none: that of the rule holds.
type Severity int

// The severities, the least first. Off is for a rule that is not to run; no finding has it.
const (
	Off     Severity = iota - 1
	unset            // the zero value
	Info             // worth knowing
	Warning          // likely a mistake
	Error            // a mistake
)

// Severities are those that a finding can have, the worst first.
func Severities() []Severity { return []Severity{Error, Warning, Info} }

// SeverityNames are the names of [Severities].
func SeverityNames() []string {
	var names []string
	for _, s := range Severities() {
		names = append(names, s.String())
	}
	return names
}

func (s Severity) String() string {
	return [...]string{"off", "", "info", "warning", "error"}[s-Off]
}

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity reads the name of one of [Severities].
func ParseSeverity(name string) (Severity, error) {
	for _, s := range Severities() {
		if s.String() == name {
			return s, nil
		}
	}
	return unset, fmt.Errorf("%q is no severity: want one of %s%s", name, strings.Join(SeverityNames(), ", "), suggest.For(name, SeverityNames()))
}

// UnmarshalYAML reads a severity's name, or off.
func (s *Severity) UnmarshalYAML(node *yaml.Node) error {
	if node.Value == Off.String() {
		*s = Off
		return nil
	}
	parsed, err := ParseSeverity(node.Value)
	if err != nil {
		return mistake(node, fmt.Sprintf("%q is no severity: want one of %s, off", node.Value, strings.Join(SeverityNames(), ", ")))
	}
	*s = parsed
	return nil
}

// JSONSchema describes a severity to editors.
func (Severity) JSONSchema() map[string]any {
	return map[string]any{"enum": append(SeverityNames(), Off.String())}
}
