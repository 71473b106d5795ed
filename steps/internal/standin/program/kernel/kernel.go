// Package kernel reads what the kernel says of a container: as whom it runs, what it may do, and what it may take. It reads files of /proc and
// /sys as they are seen in the container, by whatever means; the stand-in reads its own, the suite those of any container.
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

// User is as whom the first process of a container runs, and what the kernel lets it do.
type User struct {
	UID             int    `json:"uid"`
	GID             int    `json:"gid"`
	Groups          []int  `json:"groups"`       // ascending
	Capabilities    string `json:"capabilities"` // the effective ones, a mask of 16 hexadecimal digits
	NoNewPrivileges bool   `json:"noNewPrivileges"`
	Seccomp         bool   `json:"seccomp"`      // whether a filter holds it
	ReadOnlyRoot    bool   `json:"readOnlyRoot"` // whether the root filesystem is read-only
}

// UserOf reads it from /proc/1/status and /proc/1/mountinfo, or, where the kernel keeps these from the reader, from those of the reader's own process.
func UserOf(read Read) (User, error) {
	status, err := read("/proc/1/status")
	if err != nil {
		return User{}, err
	}
	u := User{Groups: []int{}}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if err := u.note(name, strings.Fields(value)); err != nil {
			return User{}, fmt.Errorf("/proc/1/status: %s: %w", name, err)
		}
	}
	if u.Capabilities == "" {
		return User{}, errors.New("/proc/1/status says nothing of capabilities")
	}
	table, err := read("/proc/self/mountinfo") // that of process 1 is for whoever may trace it
	if err != nil {
		return User{}, err
	}
	u.ReadOnlyRoot = slices.ContainsFunc(Mounts(table), func(m Mount) bool { return m.Path == "/" && m.ReadOnly })
	return u, nil
}

// note takes one line of a status file. Of the four user and group IDs, the second is the effective one.
func (u *User) note(name string, values []string) (err error) {
	if len(values) == 0 {
		return nil
	}
	switch name {
	case "Uid":
		u.UID, err = strconv.Atoi(values[min(1, len(values)-1)])
	case "Gid":
		u.GID, err = strconv.Atoi(values[min(1, len(values)-1)])
	case "Groups":
		for _, value := range values {
			group, wrong := strconv.Atoi(value)
			u.Groups, err = append(u.Groups, group), errors.Join(err, wrong)
		}
		slices.Sort(u.Groups)
	case "CapEff":
		u.Capabilities = values[0]
	case "NoNewPrivs":
		u.NoNewPrivileges = values[0] == "1"
	case "Seccomp":
		u.Seccomp = values[0] == "2"
	}
	return err
}

// Limits are what the kernel lets a container take.
type Limits struct {
	Memory int64   `json:"memory"` // bytes; 0 is no limit
	CPU    float64 `json:"cpu"`    // cores; 0 is no limit
}

// unlimited is more than any machine has: version 1 says "no limit" by the largest number of whole pages.
const unlimited = 1 << 60

// LimitsOf reads them from the files of the container's control group, of version 2 or else of version 1.
func LimitsOf(read Read) (Limits, error) {
	var memory, quota, period int64
	found, err := numbers(read, "/sys/fs/cgroup/memory.max")
	if err == nil {
		memory = found[0]
		if found, err = numbers(read, "/sys/fs/cgroup/cpu.max"); err == nil && len(found) != 2 {
			err = fmt.Errorf("cpu.max has %d numbers, not 2", len(found))
		}
		if err != nil {
			return Limits{}, err
		}
		quota, period = found[0], found[1]
	} else {
		for file, value := range map[string]*int64{
			"memory/memory.limit_in_bytes": &memory, "cpu/cpu.cfs_quota_us": &quota, "cpu/cpu.cfs_period_us": &period,
		} {
			found, wrong := numbers(read, "/sys/fs/cgroup/"+file)
			if wrong != nil {
				return Limits{}, fmt.Errorf("neither version 2 of control groups (%w) nor version 1: %w", err, wrong)
			}
			*value = found[0]
		}
	}
	var l Limits
	if memory > 0 && memory < unlimited {
		l.Memory = memory
	}
	if quota > 0 && period > 0 {
		l.CPU = float64(quota) / float64(period)
	}
	return l, nil
}

// numbers are those in a file, at least one, with -1 for "max".
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

// Mount is something that is mounted: what is at Path is Root of its filesystem.
type Mount struct {
	Root, Path string
	ReadOnly   bool
}

// Mounts reads a mountinfo file.
func Mounts(table []byte) []Mount {
	var mounts []Mount
	for line := range strings.Lines(string(table)) {
		if words := strings.Fields(line); len(words) > 5 {
			mounts = append(mounts, Mount{words[3], unescape(words[4]), slices.Contains(strings.Split(words[5], ","), "ro")})
		}
	}
	return mounts
}

// unescape undoes what the kernel does to spaces and the like in a path: a backslash and three octal digits.
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
