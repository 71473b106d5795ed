package policy

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/suggest"
)

// Severity is the importance of a finding. The zero value is no severity.
type Severity int

// The severities, in ascending order. No finding has the severity Off: a rule that is off does not run.
const (
	Off Severity = iota - 1
	unset
	Info    // worth knowing
	Warning // probably a mistake
	Error   // a mistake
)

// Severities returns the severities of findings, the worst first.
func Severities() []Severity { return []Severity{Error, Warning, Info} }

// SeverityNames returns the names of [Severities].
func SeverityNames() []string {
	var names []string
	for _, s := range Severities() {
		names = append(names, s.String())
	}
	return names
}

// String returns the name of the severity, such as warning.
func (s Severity) String() string {
	return [...]string{"off", "", "info", "warning", "error"}[s-Off]
}

// MarshalText returns the name of the severity.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity returns the severity with a name, one of [SeverityNames].
func ParseSeverity(name string) (Severity, error) {
	names := SeverityNames()
	for _, s := range Severities() {
		if s.String() == name {
			return s, nil
		}
	}
	return unset, fmt.Errorf("unknown severity %q: want one of %s%s",
		name, strings.Join(names, ", "), suggest.For(name, names))
}

// UnmarshalYAML reads the name of a severity, or off.
func (s *Severity) UnmarshalYAML(node *yaml.Node) error {
	if node.Value == Off.String() {
		*s = Off
		return nil
	}
	parsed, err := ParseSeverity(node.Value)
	if err != nil {
		names := append(SeverityNames(), Off.String())
		return mistakef(node, "unknown severity %q: want one of %s", node.Value, strings.Join(names, ", "))
	}
	*s = parsed
	return nil
}

func (Severity) jsonSchema() map[string]any {
	return map[string]any{"enum": append(SeverityNames(), Off.String())}
}
