package kubeschema

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// minor is a minor version of Kubernetes, such as 1.37; zero is none.
type minor struct{ major, minor int }

var minorVersion = regexp.MustCompile(`^v?(\d{1,4})\.(\d{1,4})(?:\D.*)?$`)

func parseMinor(version string) (minor, error) {
	parts := minorVersion.FindStringSubmatch(version)
	if parts == nil {
		return minor{}, fmt.Errorf("%q is no Kubernetes version: want one such as 1.37 or v1.37.2", version)
	}
	major, _ := strconv.Atoi(parts[1]) // digits, and few
	second, _ := strconv.Atoi(parts[2])
	return minor{major, second}, nil
}

func (m minor) String() string { return fmt.Sprintf("%d.%d", m.major, m.minor) }

func (m minor) before(other minor) bool {
	return m.major < other.major || m.major == other.major && m.minor < other.minor
}

// reached says whether something that happens in minor m, if ever, has happened in now.
func (m minor) reached(now minor) bool { return m != minor{} && !now.before(m) }

// Version is a Kubernetes version to judge objects by.
type Version struct {
	minor minor
	known mask // the one of the store's versions that stands for it
}

// ParseVersion reads a version such as 1.37 or v1.37.2. A minor that is not among [Versions] is judged by the nearest that is.
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

// Versions are the Kubernetes versions whose API is known, the oldest first: v1.34.4 and so on.
func Versions() []string { return slices.Clone(kubernetes().versions) }

// Modules are the Go modules, as path@version, that the known API was taken from.
func Modules() []string { return slices.Clone(kubernetes().modules) }

// first is the oldest of the known minors in a mask, last the newest.
func (s *store) first(versions mask) minor {
	for i, m := range s.minors {
		if versions&(1<<i) != 0 {
			return m
		}
	}
	return minor{}
}

func (s *store) last(versions mask) minor {
	for i, m := range slices.Backward(s.minors) {
		if versions&(1<<i) != 0 {
			return m
		}
	}
	return minor{}
}

// after is the known minor after m.
func (s *store) after(m minor) minor {
	if i := slices.Index(s.minors, m); i >= 0 && i+1 < len(s.minors) {
		return s.minors[i+1]
	}
	return minor{}
}
