// Package kernel parses the Linux kernel's reports about a container: its user, its privileges and its limits. It
// reads files below /proc and /sys as they appear in the container. The stand-in reads its own files; the suite reads
// those of any container by exec.
package kernel

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Read returns the content of a file in the container.
type Read func(path string) ([]byte, error)

// User is the user and the privileges of the first process of a container.
type User struct {
	UID             int    `json:"uid"`
	GID             int    `json:"gid"`
	Groups          []int  `json:"groups"`       // ascending
	Capabilities    string `json:"capabilities"` // the effective set, a mask of 16 hexadecimal digits
	NoNewPrivileges bool   `json:"noNewPrivileges"`
	Seccomp         bool   `json:"seccomp"`      // whether a seccomp filter is active
	ReadOnlyRoot    bool   `json:"readOnlyRoot"` // whether the root filesystem is mounted read-only
}

// UserOf reads the user from /proc/1/status, and ReadOnlyRoot from the reader's own mountinfo: that of process 1 is
// only readable for processes that may trace it.
func UserOf(read Read) (User, error) {
	status, err := read("/proc/1/status")
	if err != nil {
		return User{}, err
	}
	u := User{Groups: []int{}}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if err := u.set(name, strings.Fields(value)); err != nil {
			return User{}, fmt.Errorf("/proc/1/status: %s: %w", name, err)
		}
	}
	if u.Capabilities == "" {
		return User{}, errors.New("/proc/1/status has no capabilities")
	}
	table, err := read("/proc/self/mountinfo")
	if err != nil {
		return User{}, err
	}
	u.ReadOnlyRoot = slices.ContainsFunc(Mounts(table), func(m Mount) bool { return m.Path == "/" && m.ReadOnly })
	return u, nil
}

// set sets the field for one line of a status file. The second of the four user and group IDs is the effective one. See
// proc_pid_status(5).
func (u *User) set(name string, values []string) (err error) {
	if len(values) == 0 {
		return nil
	}
	switch name {
	case "Uid":
		u.UID, err = strconv.Atoi(values[min(1, len(values)-1)])
	case "Gid":
		u.GID, err = strconv.Atoi(values[min(1, len(values)-1)])
	case "Groups":
		u.Groups, err = parseGroups(values)
	case "CapEff":
		u.Capabilities = values[0]
	case "NoNewPrivs":
		u.NoNewPrivileges = values[0] == "1"
	case "Seccomp":
		u.Seccomp = values[0] == "2" // SECCOMP_MODE_FILTER
	}
	return err
}

func parseGroups(values []string) ([]int, error) {
	groups := []int{}
	for _, value := range values {
		group, err := strconv.Atoi(value)
		if err != nil {
			return nil, err
		}
		groups = append(groups, group)
	}
	slices.Sort(groups)
	return groups, nil
}

// Limits are the limits that the kernel enforces on a container.
type Limits struct {
	Memory int64   `json:"memory"` // bytes; 0 is unlimited
	CPU    float64 `json:"cpu"`    // cores; 0 is unlimited
}

// LimitsOf reads the limits of the container's control group, of version 2 or else of version 1.
func LimitsOf(read Read) (Limits, error) {
	limits, err := limitsOfV2(read)
	if err == nil {
		return limits, nil
	}
	limits, errV1 := limitsOfV1(read)
	if errV1 != nil {
		return Limits{}, fmt.Errorf("neither version 2 of control groups (%w) nor version 1 (%w)", err, errV1)
	}
	return limits, nil
}

func limitsOfV2(read Read) (Limits, error) {
	memory, err := numbers(read, "/sys/fs/cgroup/memory.max")
	if err != nil {
		return Limits{}, err
	}
	cpu, err := numbers(read, "/sys/fs/cgroup/cpu.max") // quota and period
	if err != nil {
		return Limits{}, err
	}
	if len(cpu) != 2 {
		return Limits{}, fmt.Errorf("cpu.max has %d numbers, not 2", len(cpu))
	}
	return newLimits(memory[0], cpu[0], cpu[1]), nil
}

func limitsOfV1(read Read) (Limits, error) {
	memory, err := numbers(read, "/sys/fs/cgroup/memory/memory.limit_in_bytes")
	if err != nil {
		return Limits{}, err
	}
	quota, err := numbers(read, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
	if err != nil {
		return Limits{}, err
	}
	period, err := numbers(read, "/sys/fs/cgroup/cpu/cpu.cfs_period_us")
	if err != nil {
		return Limits{}, err
	}
	return newLimits(memory[0], quota[0], period[0]), nil
}

// newLimits returns limits from values of which negative ones mean unlimited, and so does a memory limit that exceeds
// any machine: version 1 uses the largest number of whole pages.
func newLimits(memory, quota, period int64) Limits {
	const unlimitedMemory = 1 << 60
	var limits Limits
	if memory > 0 && memory < unlimitedMemory {
		limits.Memory = memory
	}
	if quota > 0 && period > 0 {
		limits.CPU = float64(quota) / float64(period)
	}
	return limits
}

// numbers returns the numbers in a file, at least one. The word max is -1.
func numbers(read Read, file string) ([]int64, error) {
	text, err := read(file)
	if err != nil {
		return nil, err
	}
	var found []int64
	for _, word := range strings.Fields(string(text)) {
		if word == "max" {
			found = append(found, -1)
			continue
		}
		number, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		found = append(found, number)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s is empty", file)
	}
	return found, nil
}

// Mount is a mount: the folder Root of a filesystem is mounted at Path.
type Mount struct {
	Root, Path string
	ReadOnly   bool
}

// Mounts parses a mountinfo file. See proc_pid_mountinfo(5).
func Mounts(table []byte) []Mount {
	var mounts []Mount
	for line := range strings.Lines(string(table)) {
		if words := strings.Fields(line); len(words) > 5 {
			readOnly := slices.Contains(strings.Split(words[5], ","), "ro")
			mounts = append(mounts, Mount{Root: words[3], Path: unescape(words[4]), ReadOnly: readOnly})
		}
	}
	return mounts
}

// unescape replaces the escape sequences of a path, a backslash and three octal digits, by the characters.
func unescape(path string) string {
	var plain strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '\\' && i+3 < len(path) {
			if char, err := strconv.ParseUint(path[i+1:i+4], 8, 8); err == nil {
				plain.WriteByte(byte(char))
				i += 3
				continue
			}
		}
		plain.WriteByte(path[i])
	}
	return plain.String()
}
