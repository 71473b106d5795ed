package helm

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/client-go/rest"

	"github.com/spf13/cobra"
)

// Recording is the command lines of one caller, such as a scenario, with everything except the chart that their output
// depends on: the words, the files of the caller, the earlier revisions of the release, the capabilities of the
// cluster, and what the template function `lookup` found. Replay renders them again, without a cluster, with another
// copy of the chart. A Recording is safe for concurrent use.
type Recording struct {
	mu       sync.Mutex
	step     string
	commands []*Recorded
	files    map[string][]byte // of the caller's folder, after the last command
}

// Recorded is one command line of a Recording.
type Recorded struct {
	// Step is the step of the caller that ran it.
	Step string
	// Args are its words without the leading "helm".
	Args []string
	// Rendered is what it rendered.
	Rendered Rendered
	// Failed reports whether it failed, on the cluster or before.
	Failed bool

	client       *Client
	takesChart   bool
	called, real string   // its namespace, as the command line calls it, and in the cluster
	files        []change // to the caller's folder since the previous command
	history      []*release.Release
	capabilities *chartutil.Capabilities // nil if the command asked for none
	answers      *answers
	release      *release.Release // that it rendered; nil if it rendered none

	once       sync.Once
	input      string // see key
	inputError error
}

// change is a file that the caller wrote.
type change struct {
	path    string // in the caller's folder
	content []byte
	copied  bool // it equals the file at the same path in the folder of the Helm, of which it is a copy
}

// Begin names the step that runs the following commands.
func (r *Recording) Begin(step string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step = step
}

// Commands returns the command lines in their order, including those that render nothing.
func (r *Recording) Commands() []*Recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.commands)
}

// record adds a command line that is about to run to the recording of its scope.
func (e *execution) record(command *cobra.Command, args []string, called string) error {
	recording := e.scope.Recording
	if recording == nil {
		return nil
	}
	recording.mu.Lock()
	defer recording.mu.Unlock()
	r := &Recorded{
		Step: recording.step, Args: e.args, client: e.client, takesChart: takesChart(command),
		called: called, real: e.namespace, answers: newAnswers(),
	}
	e.recorded = r
	recording.commands = append(recording.commands, r)
	if !r.takesChart {
		return nil
	}
	files, err := readFiles(e.scope.Folder)
	if err != nil {
		return err
	}
	r.files, recording.files = recording.changes(e.client, files), files
	if name := releaseOf(command, args); name != "" {
		r.history, err = e.config.Releases.History(name)
		if err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
			return err
		}
	}
	if e.config.RESTClientGetter != nil {
		e.config.RESTClientGetter = recordingGetter{e.config.RESTClientGetter, r.answers}
	}
	return nil
}

// finishRecord adds the outcome of a command line to its recording.
func (e *execution) finishRecord(failed error) error {
	r := e.recorded
	if r == nil || !r.takesChart {
		return nil
	}
	recording := e.scope.Recording
	recording.mu.Lock()
	defer recording.mu.Unlock()
	r.capabilities = e.config.Capabilities
	r.Failed = failed != nil
	if n := len(e.releases); n > 0 && e.releases[n-1].Chart != nil {
		r.release = e.releases[n-1]
	}
	r.Rendered = e.rendered(failed).replace(r.real, r.called)
	files, err := readFiles(e.scope.Folder)
	if err != nil {
		return err
	}
	before := recording.files
	recording.files = files
	return r.Rendered.addPackages(before, files)
}

// takesChart reports whether a chart is an argument of a command.
func takesChart(command *cobra.Command) bool {
	return slices.Contains([]string{oneChart, manyCharts, releaseAndChart}, command.Annotations[takes])
}

// releaseOf returns the release whose revisions a command reads before it renders a chart, or "".
func releaseOf(command *cobra.Command, args []string) string {
	if command.Name() == "template" || command.Annotations[takes] != releaseAndChart || len(args) < 2 {
		return ""
	}
	return args[0]
}

// changes returns what the caller changed in its folder since the last command.
func (r *Recording) changes(client *Client, files map[string][]byte) []change {
	var all []change
	for path, content := range files {
		if before, known := r.files[path]; known && bytes.Equal(before, content) {
			continue
		}
		original, err := os.ReadFile(client.redirect(filepath.Join(client.dir, path)))
		all = append(all, change{path, content, err == nil && bytes.Equal(original, content)})
	}
	return all
}

// readFiles returns the files of a folder by their paths in it, and none for "".
func readFiles(folder string) (map[string][]byte, error) {
	files := map[string][]byte{}
	if folder == "" {
		return files, nil
	}
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files[path], err = os.ReadFile(filepath.Join(folder, path))
		return err
	})
	return files, err
}

// answers are the responses of the API server to the requests of `lookup`, by path.
type answers struct {
	mu     sync.Mutex
	byPath map[string]answer
}

type answer struct {
	status int
	body   []byte
}

func newAnswers() *answers { return &answers{byPath: map[string]answer{}} }

// recordingGetter is the cluster as Helm's renderer sees it. It keeps the answers to its requests.
type recordingGetter struct {
	action.RESTClientGetter
	answers *answers
}

// ToRESTConfig returns the configuration for the requests of `lookup`.
func (g recordingGetter) ToRESTConfig() (*rest.Config, error) {
	config, err := g.RESTClientGetter.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &recordingTransport{next, g.answers} })
	return config, nil
}

type recordingTransport struct {
	http.RoundTripper
	answers *answers
}

func (t *recordingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	t.answers.mu.Lock()
	defer t.answers.mu.Unlock()
	t.answers.byPath[request.URL.Path] = answer{response.StatusCode, body}
	return response, nil
}

// replace returns the answers with another name of the namespace.
func (a *answers) replace(from, to string) *answers {
	a.mu.Lock()
	defer a.mu.Unlock()
	replaced := newAnswers()
	for path, answer := range a.byPath {
		answer.body = bytes.ReplaceAll(answer.body, []byte(from), []byte(to))
		replaced.byPath[strings.ReplaceAll(path, from, to)] = answer
	}
	return replaced
}

// RoundTrip answers a request as it was recorded, and any other one with "not found".
func (a *answers) RoundTrip(request *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, known := a.byPath[request.URL.Path]
	if !known {
		found = answer{http.StatusNotFound, []byte(
			`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404}`)}
	}
	return &http.Response{
		StatusCode: found.status, Header: http.Header{"Content-Type": {"application/json"}}, Request: request,
		Body: io.NopCloser(bytes.NewReader(found.body)), ContentLength: int64(len(found.body)), ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}
