package kernel

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// files are the files of a container, by path.
type files map[string]string

func (f files) read(path string) ([]byte, error) {
	content, ok := f[path]
	if !ok {
		return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
	}
	return []byte(content), nil
}

func TestUserOf(t *testing.T) {
	t.Parallel()
	restricted := files{
		"/proc/1/status": "Name:\tstandin\nUid:\t1\t10001\t10001\t10001\n" +
			"Gid:\t1\t10002\t10002\t10002\nGroups:\t10003 10002 \n" +
			"NoNewPrivs:\t1\nCapEff:\t0000000000000000\nSeccomp:\t2\n",
		"/proc/self/mountinfo": "1 2 0:1 / / ro,relatime - overlay overlay rw\n2 1 0:1 / /tmp rw - tmpfs tmpfs rw\n",
	}
	u, err := UserOf(restricted.read)
	require.NoError(t, err)
	assert.Equal(t, User{
		UID: 10001, GID: 10002, Groups: []int{10002, 10003}, Capabilities: "0000000000000000",
		NoNewPrivileges: true, Seccomp: true, ReadOnlyRoot: true,
	}, u)

	root := files{
		"/proc/1/status": "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\n" +
			"NoNewPrivs:\t0\nCapEff:\t00000000a80425fb\nSeccomp:\t0\n",
		"/proc/self/mountinfo": "1 2 0:1 / / rw,relatime - overlay overlay rw\n2 1 0:1 / /run ro - tmpfs tmpfs rw\n",
	}
	u, err = UserOf(root.read)
	require.NoError(t, err)
	assert.Equal(t, User{Groups: []int{}, Capabilities: "00000000a80425fb"}, u)

	for words, f := range map[string]files{
		"open /proc/1/status":                               {},
		"/proc/1/status has no capabilities":                {"/proc/1/status": "Name: x"},
		`/proc/1/status: Uid: strconv.Atoi: parsing "x"`:    {"/proc/1/status": "Uid: x"},
		"open /proc/self/mountinfo: file does not exist":    {"/proc/1/status": "CapEff: 0"},
		`/proc/1/status: Groups: strconv.Atoi: parsing "y"`: {"/proc/1/status": "Groups: 1 y"},
	} {
		_, err := UserOf(f.read)
		assert.ErrorContains(t, err, words)
	}
}

func TestLimitsOf(t *testing.T) {
	t.Parallel()
	const root = "/sys/fs/cgroup/"
	v2 := func(memory, cpu string) files { return files{root + "memory.max": memory, root + "cpu.max": cpu} }
	for name, c := range map[string]struct {
		files files
		want  Limits
	}{
		"version 2":                {v2("536870912\n", "50000 100000\n"), Limits{512 << 20, 0.5}},
		"version 2 without limits": {v2("max\n", "max 100000\n"), Limits{}},
		"version 1": {files{
			root + "memory/memory.limit_in_bytes": "536870912\n",
			root + "cpu/cpu.cfs_quota_us":         "50000\n",
			root + "cpu/cpu.cfs_period_us":        "100000\n",
		}, Limits{512 << 20, 0.5}},
		"version 1 without limits": {files{
			root + "memory/memory.limit_in_bytes": "9223372036854771712\n",
			root + "cpu/cpu.cfs_quota_us":         "-1\n",
			root + "cpu/cpu.cfs_period_us":        "100000\n",
		}, Limits{}},
	} {
		found, err := LimitsOf(c.files.read)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, found, name)
	}
	for words, f := range map[string]files{
		"open /sys/fs/cgroup/memory.max: file does not exist":                   {},
		"open /sys/fs/cgroup/memory/memory.limit_in_bytes: file does not exist": {},
		"cpu.max has 1 numbers, not 2":                                          v2("1", "1"),
		"cpu.max is empty":                                                      v2("1", ""),
		"cpu.max: strconv.ParseInt":                                             v2("1", "much"),
	} {
		_, err := LimitsOf(f.read)
		assert.ErrorContains(t, err, words)
	}
}

func TestMounts(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []Mount{
		{Root: "/", Path: "/with space and \\", ReadOnly: true},
		{Root: "/pods/4c3f/x", Path: `/odd\9`},
	}, Mounts([]byte("1 2 0:1 / /with\\040space\\040and\\040\\134 ro,relatime - ext4 /dev/sda rw\n"+
		"short\n"+
		"3 2 0:1 /pods/4c3f/x /odd\\9 rw - ext4 /dev/sda rw\n")))
}
