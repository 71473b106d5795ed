package policy

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/suggest"
)

// Profile says how severe the rules are that demand a good practice, such as limits for all containers. It does not
// concern the rules that find faults. The zero value is no profile, which means [Recommended].
type Profile string

// The profiles.
const (
	Minimal     Profile = "minimal"     // practices are off
	Recommended Profile = "recommended" // practices are one severity lower than in Strict
	Strict      Profile = "strict"      // practices have the severity of their rule
)

// ProfileNames returns the names of the profiles.
func ProfileNames() []string {
	return []string{string(Minimal), string(Recommended), string(Strict)}
}

// ParseProfile returns the profile of a name, one of [ProfileNames].
func ParseProfile(name string) (Profile, error) {
	for _, known := range ProfileNames() {
		if name == known {
			return Profile(name), nil
		}
	}
	return "", fmt.Errorf("unknown profile %q: want one of %s%s",
		name, strings.Join(ProfileNames(), ", "), suggest.For(name, ProfileNames()))
}

// UnmarshalYAML reads the name of a profile.
func (p *Profile) UnmarshalYAML(node *yaml.Node) error {
	parsed, err := ParseProfile(node.Value)
	if err != nil {
		return mistakef(node, "%v", err)
	}
	*p = parsed
	return nil
}

func (Profile) jsonSchema() map[string]any { return map[string]any{"enum": ProfileNames()} }

// PracticeSeverity returns the severity of a rule that demands a good practice, given its severity in [Strict].
func (p Profile) PracticeSeverity(strict Severity) Severity {
	switch p {
	case Minimal:
		return Off
	case Strict:
		return strict
	}
	return max(strict-1, Info)
}
