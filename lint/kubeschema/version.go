package kubeschema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// minor is a minor version of Kubernetes, such as 1.37. The zero value is no version.
type minor struct{ major, minor int }

var minorVersion = regexp.MustCompile(`^v?(\d{1,4})\.(\d{1,4})(?:\D.*)?$`)

func parseMinor(version string) (minor, error) {
	parts := minorVersion.FindStringSubmatch(version)
	if parts == nil {
		return minor{}, fmt.Errorf("%q is not a Kubernetes version such as 1.37 or v1.37.2", version)
	}
	major, _ := strconv.Atoi(parts[1]) // at most 4 digits
	second, _ := strconv.Atoi(parts[2])
	return minor{major, second}, nil
}

func (m minor) String() string { return fmt.Sprintf("%d.%d", m.major, m.minor) }

func (m minor) before(other minor) bool {
	return m.major < other.major || m.major == other.major && m.minor < other.minor
}

// reached reports whether an event of minor m, if there is one, has happened in now.
func (m minor) reached(now minor) bool { return m != minor{} && !now.before(m) }

// Version is a Kubernetes version against which objects are checked.
type Version struct {
	minor minor
	known versionSet // the nearest version in the store
}

// ParseVersion parses a version such as 1.37 or v1.37.2. A minor version outside [Versions] is checked as the nearest
// of them.
func ParseVersion(version string) (Version, error) {
	m, err := parseMinor(version)
	if err != nil {
		return Version{}, err
	}
	minors := kubernetes().minors
	at, _ := slices.BinarySearchFunc(minors, m, func(have, want minor) int {
		if have == want {
			return 0
		}
		if have.before(want) {
			return -1
		}
		return 1
	})
	return Version{minor: m, known: 1 << min(at, len(minors)-1)}, nil
}

// Versions returns the Kubernetes versions whose API is known, oldest first: v1.34.4 and so on.
func Versions() []string { return slices.Clone(kubernetes().versions) }

// Modules returns the Go modules that the known API was generated from, as path@version.
func Modules() []string { return slices.Clone(kubernetes().modules) }

// first returns the oldest minor version in a set.
func (s *store) first(versions versionSet) minor {
	for i, m := range s.minors {
		if versions&(1<<i) != 0 {
			return m
		}
	}
	return minor{}
}

// last returns the newest minor version in a set.
func (s *store) last(versions versionSet) minor {
	for i, m := range slices.Backward(s.minors) {
		if versions&(1<<i) != 0 {
			return m
		}
	}
	return minor{}
}

// after returns the minor version in the store that follows m.
func (s *store) after(m minor) minor {
	if i := slices.Index(s.minors, m); i >= 0 && i+1 < len(s.minors) {
		return s.minors[i+1]
	}
	return minor{}
}
