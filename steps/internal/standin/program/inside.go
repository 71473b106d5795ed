package main

import (
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
	"strings"
	"time"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
	"github.com/traderadmin/charts/steps/internal/standin/program/kernel"
)

// inside answers for the container: what was given to it, and what it can reach.
func inside() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /env", func(w http.ResponseWriter, _ *http.Request) { _ = tell(w, environment()) })
	routes.HandleFunc("GET /user", func(w http.ResponseWriter, _ *http.Request) { answer(w)(kernel.UserOf(os.ReadFile)) })
	routes.HandleFunc("GET /limits", func(w http.ResponseWriter, _ *http.Request) { answer(w)(kernel.LimitsOf(os.ReadFile)) })
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
		if everywhere.MatchString(m.Path) {
			continue
		}
		err := filepath.WalkDir(m.Path, func(path string, entry fs.DirEntry, err error) error {
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
			files = append(files, File{path, info.Size(), info.Mode().String(), m.ReadOnly})
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

// mountPoints are what this process sees mounted.
func mountPoints() ([]kernel.Mount, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	return kernel.Mounts(table), err
}

// logOf is where a kubelet keeps the termination log of a container, which is mounted in it: the one place that tells it its name.
var logOf = regexp.MustCompile(`/pods/[^/]+/containers/([^/]+)/[^/]+$`)

// containerName is what the pod calls this container; "" where nothing tells.
func containerName() string {
	mounts, err := mountPoints()
	if err != nil {
		return ""
	}
	for _, m := range mounts {
		if found := logOf.FindStringSubmatch(m.Root); found != nil {
			return found[1]
		}
	}
	return ""
}
