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

// introspect returns a handler that reports what the container was given, and sends requests to peers.
func introspect() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /env", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, environment(), nil)
	})
	routes.HandleFunc("GET /user", func(w http.ResponseWriter, _ *http.Request) {
		user, err := kernel.UserOf(os.ReadFile)
		respond(w, user, err)
	})
	routes.HandleFunc("GET /limits", func(w http.ResponseWriter, _ *http.Request) {
		limits, err := kernel.LimitsOf(os.ReadFile)
		respond(w, limits, err)
	})
	routes.HandleFunc("GET /files", func(w http.ResponseWriter, _ *http.Request) {
		files, err := volumeFiles()
		respond(w, files, err)
	})
	routes.HandleFunc("GET /files/{path...}", serveFile)
	routes.HandleFunc("GET /reach", func(w http.ResponseWriter, r *http.Request) {
		respond(w, ask(r.Context(), r.FormValue("url")), nil)
	})
	routes.HandleFunc("GET /wait", serveAfter)
	return routes
}

// respond writes a value as JSON, or an error.
func respond(w http.ResponseWriter, value any, err error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		_ = writeJSON(w, value)
	}
}

// writeJSON writes a value as one line of JSON.
func writeJSON(w io.Writer, value any) error { return json.NewEncoder(w).Encode(value) }

func serveFile(w http.ResponseWriter, r *http.Request) {
	content, err := os.ReadFile("/" + r.PathValue("path"))
	if err != nil {
		respond(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(content)
}

// serveAfter sends its header at once and its body after a duration, to test what happens to pending requests.
func serveAfter(w http.ResponseWriter, r *http.Request) {
	wait, err := time.ParseDuration(r.FormValue("for"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = http.NewResponseController(w).Flush()
	time.Sleep(wait)
	fmt.Fprintln(w, "waited", wait)
}

// show prints the answer to a GET request for a path below contract.Prefix, without a port.
func show(path string, out io.Writer) (int, error) {
	url := strings.TrimSuffix(contract.Prefix, "/") + path
	request, err := http.NewRequest(http.MethodGet, url, http.NoBody)
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
	Size     int64  `json:"size"` // bytes
	Mode     string `json:"mode"`
	ReadOnly bool   `json:"readOnly"` // whether the volume is mounted read-only
}

// volumeFiles returns the files on the container's volumes, by path, without mounts that every container has.
func volumeFiles() ([]File, error) {
	mounts, err := mountPoints()
	if err != nil {
		return nil, err
	}
	files := []File{}
	for _, m := range mounts {
		if standardMount.MatchString(m.Path) {
			continue
		}
		found, err := filesOf(m)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path }), nil
}

func filesOf(m kernel.Mount) ([]File, error) {
	var files []File
	err := filepath.WalkDir(m.Path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrPermission):
			return nil // the container cannot read it
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".."):
			return fs.SkipDir // the kubelet keeps the data of a ConfigMap there, and links to it
		case entry.IsDir():
			return nil
		}
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			return nil //nolint:nilerr // a dangling link, or a link to a folder
		}
		files = append(files, File{path, info.Size(), info.Mode().String(), m.ReadOnly})
		return nil
	})
	return files, err
}

// standardMount matches the mount points that every container has.
var standardMount = regexp.MustCompile(`^/$|^/(proc|sys|dev)(/|$)|^/etc/(hosts|hostname|resolv\.conf)$`)

// mountPoints returns the mount points of this process.
func mountPoints() ([]kernel.Mount, error) {
	table, err := os.ReadFile("/proc/self/mountinfo")
	return kernel.Mounts(table), err
}

// terminationLog matches the path on the node of a container's termination log. It is mounted into the container, and
// is the only thing there that contains the container's name.
var terminationLog = regexp.MustCompile(`/pods/[^/]+/containers/([^/]+)/[^/]+$`)

// containerName returns the name of this container in its pod, or "" if it is unknown.
func containerName() string {
	mounts, err := mountPoints()
	if err != nil {
		return ""
	}
	for _, m := range mounts {
		if match := terminationLog.FindStringSubmatch(m.Root); match != nil {
			return match[1]
		}
	}
	return ""
}
