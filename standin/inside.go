package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/traderadmin/charts/standin/contract"
)

// inside answers for the container: what was given to it, and what it can reach.
func inside() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /env", func(w http.ResponseWriter, _ *http.Request) { _ = tell(w, environment()) })
	routes.HandleFunc("GET /user", func(w http.ResponseWriter, _ *http.Request) { answer(w)(user()) })
	routes.HandleFunc("GET /limits", func(w http.ResponseWriter, _ *http.Request) { answer(w)(limits("/sys/fs/cgroup")) })
	routes.HandleFunc("GET /files", func(w http.ResponseWriter, _ *http.Request) { answer(w)(mounted()) })
	routes.HandleFunc("GET /files/{path...}", func(w http.ResponseWriter, r *http.Request) {
		content, err := os.ReadFile("/" + r.PathValue("path"))
		if err != nil {
			answer(w)(nil, err)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(content)
	})
	routes.HandleFunc("GET /reach", func(w http.ResponseWriter, r *http.Request) { _ = tell(w, reach(r.Context(), r.FormValue("url"))) })
	// For tests of what becomes of a request that is under way.
	routes.HandleFunc("GET /wait", func(w http.ResponseWriter, r *http.Request) {
		wait, err := time.ParseDuration(r.FormValue("for"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_ = http.NewResponseController(w).Flush() // its header, so that the client knows that it is under way
		time.Sleep(wait)
		fmt.Fprintln(w, "waited", wait)
	})
	return routes
}

// answer writes what was found out, or why it was not.
func answer(w http.ResponseWriter) func(found any, err error) {
	return func(found any, err error) {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		default:
			_ = tell(w, found)
		}
	}
}

// tell writes found as a line of JSON.
func tell(w io.Writer, found any) error { return json.NewEncoder(w).Encode(found) }

// show writes what GET of a path below contract.Prefix answers, without a port.
func show(path string, out io.Writer) (int, error) {
	request, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(contract.Prefix, "/")+path, http.NoBody)
	if err != nil {
		return 2, err
	}
	response := httptest.NewRecorder()
	handler(nil, io.Discard).ServeHTTP(response, request)
	if response.Code != http.StatusOK {
		return 1, errors.New(strings.TrimSpace(response.Body.String()))
	}
	_, err = response.Body.WriteTo(out)
	return 0, err
}

func environment() map[string]string {
	variables := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	return variables
}

// User is as whom the container runs, and what the kernel lets it do.
type User struct {
	UID             int    `json:"uid"`
	GID             int    `json:"gid"`
	Groups          []int  `json:"groups"`
	Capabilities    string `json:"capabilities"` // effective ones, a mask in hexadecimal digits
	NoNewPrivileges bool   `json:"noNewPrivileges"`
	Seccomp         bool   `json:"seccomp"`      // whether a filter holds it
	ReadOnlyRoot    bool   `json:"readOnlyRoot"` // whether the root filesystem is
}

func user() (User, error) {
	u := User{UID: os.Getuid(), GID: os.Getgid()}
	var err error
	if u.Groups, err = os.Getgroups(); err != nil {
		return u, err
	}
	slices.Sort(u.Groups)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch name {
		case "CapEff":
			u.Capabilities = value
		case "NoNewPrivs":
			u.NoNewPrivileges = value == "1"
		case "Seccomp":
			u.Seccomp = value == "2"
		}
	}
	mounts, err := mountPoints()
	if err != nil {
		return u, err
	}
	u.ReadOnlyRoot = slices.ContainsFunc(mounts, func(m mount) bool { return m.path == "/" && m.readOnly })
	return u, nil
}

// Limits are what the kernel lets the container take, as the files of its control group say.
type Limits struct {
	Memory int64   `json:"memory"` // bytes; 0 is no limit
	CPU    float64 `json:"cpu"`    // cores; 0 is no limit
}

// limits reads them from the control group mounted at root, of version 2 or 1.
func limits(root string) (Limits, error) {
	if _, err := os.Stat(filepath.Join(root, "memory.max")); err == nil {
		memory, err := numbers(filepath.Join(root, "memory.max"))
		if err != nil {
			return Limits{}, err
		}
		cpu, err := numbers(filepath.Join(root, "cpu.max"))
		if err != nil || len(cpu) != 2 {
			return Limits{}, errors.Join(err, fmt.Errorf("cpu.max has %d numbers", len(cpu)))
		}
		return limited(memory[0], cpu[0], cpu[1]), nil
	}
	var found [3]int64
	for i, file := range []string{"memory/memory.limit_in_bytes", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"} {
		values, err := numbers(filepath.Join(root, file))
		if err != nil {
			return Limits{}, err
		}
		found[i] = values[0]
	}
	return limited(found[0], found[1], found[2]), nil
}

// unlimited is more than any machine has: version 1 says "no limit" by the largest number of whole pages.
const unlimited = 1 << 60

func limited(memory, quota, period int64) Limits {
	var l Limits
	if memory > 0 && memory < unlimited {
		l.Memory = memory
	}
	if quota > 0 && period > 0 {
		l.CPU = float64(quota) / float64(period)
	}
	return l
}

// numbers are those in a file, with -1 for "max".
func numbers(file string) ([]int64, error) {
	text, err := os.ReadFile(file)
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

// File is a file on a volume.
type File struct {
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	Mode     string `json:"mode"`
	ReadOnly bool   `json:"readOnly"` // whether its volume is
}

// mounted are the files on the volumes of the container, by path. What every container gets is left out.
func mounted() ([]File, error) {
	mounts, err := mountPoints()
	if err != nil {
		return nil, err
	}
	files := []File{}
	for _, m := range mounts {
		if everywhere.MatchString(m.path) {
			continue
		}
		err := filepath.WalkDir(m.path, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrPermission):
				return nil // of another user: nothing that this container has
			case err != nil:
				return err
			case entry.IsDir() && strings.HasPrefix(entry.Name(), ".."):
				return fs.SkipDir // where the kubelet keeps what the links of a ConfigMap point to
			case entry.IsDir():
				return nil
			}
			info, err := os.Stat(path)
			if err != nil || info.IsDir() {
				return nil //nolint:nilerr // a link to nowhere, or to a folder
			}
			files = append(files, File{path, info.Size(), info.Mode().String(), m.readOnly})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path }), nil
}

// everywhere is mounted in every container.
var everywhere = regexp.MustCompile(`^/$|^/(proc|sys|dev)(/|$)|^/etc/(hosts|hostname|resolv\.conf)$`)

// mount is one line of /proc/self/mountinfo: what is at path is root of its filesystem.
type mount struct {
	root, path string
	readOnly   bool
}

func mountPoints() ([]mount, error) {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var mounts []mount
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) > 5 {
			mounts = append(mounts, mount{words[3], unescape(words[4]), slices.Contains(strings.Split(words[5], ","), "ro")})
		}
	}
	return mounts, lines.Err()
}

// unescape undoes what the kernel does to spaces and the like: a backslash and three octal digits.
func unescape(path string) string {
	return escaped.ReplaceAllStringFunc(path, func(code string) string {
		char, _ := strconv.ParseUint(code[1:], 8, 8)
		return string([]byte{byte(char)})
	})
}

var (
	escaped = regexp.MustCompile(`\\[0-7]{3}`)
	// logOf is where a kubelet keeps the termination log of a container, which is mounted in it: the one place that tells it its name.
	logOf = regexp.MustCompile(`/pods/[^/]+/containers/([^/]+)/[^/]+$`)
)

// containerName is what the pod calls this container; "" where nothing tells.
func containerName() string {
	mounts, err := mountPoints()
	if err != nil {
		return ""
	}
	for _, m := range mounts {
		if found := logOf.FindStringSubmatch(m.root); found != nil {
			return found[1]
		}
	}
	return ""
}
