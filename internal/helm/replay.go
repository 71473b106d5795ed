package helm

import (
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	kubefake "helm.sh/helm/v3/pkg/kube/fake"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"
	"helm.sh/helm/v3/pkg/storage/driver"
	"k8s.io/client-go/rest"
)

// Replayer renders recorded command lines again with another copy of the chart, without a cluster. It is safe for
// concurrent use. It reads the files of the copy once.
type Replayer struct {
	from, to string
	mu       sync.Mutex
	charts   map[string]*chart.Chart // without dependencies, which Helm modifies when it renders
	values   map[string]any          // the defaults of the chart that was recorded
}

// NewReplayer returns a Replayer that reads the folder to wherever the recorded commands read the folder from, the
// chart. Both are absolute paths.
func NewReplayer(from, to string) (*Replayer, error) {
	recorded, err := loader.Load(from)
	if err != nil {
		return nil, err
	}
	return &Replayer{from: from, to: to, charts: map[string]*chart.Chart{}, values: recorded.Values}, nil
}

// Replay returns what each command of a recording renders, in their order, and nil for those that render nothing.
func (p *Replayer) Replay(ctx context.Context, recording *Recording) (all []Rendered, err error) {
	commands := recording.Commands()
	folder, remove, err := replayFolder(commands)
	if err != nil {
		return nil, err
	}
	defer remove()
	readsValues := slices.ContainsFunc(commands, func(r *Recorded) bool { return r.Args[0] == "get" })
	all = make([]Rendered, len(commands))
	for i, command := range commands {
		if !command.takesChart {
			continue
		}
		if all[i], err = p.replay(ctx, command, folder); err != nil {
			return nil, err
		}
		if !readsValues {
			delete(all[i], partValues)
		}
	}
	return all, nil
}

// replayFolder creates the folder of a caller, unless its commands need none.
func replayFolder(commands []*Recorded) (folder string, remove func(), err error) {
	needed := slices.ContainsFunc(commands, func(r *Recorded) bool { return len(r.files) > 0 || r.Args[0] == "package" })
	if !needed {
		return "", func() {}, nil
	}
	folder, err = os.MkdirTemp("", "replay-")
	return folder, func() { _ = os.RemoveAll(folder) }, err
}

func (p *Replayer) replay(ctx context.Context, r *Recorded, folder string) (Rendered, error) {
	client := *r.client
	client.redirect = func(path string) string { return p.redirect(r.client.redirect(path)) }
	client.load = p.load
	client.configure = func(_ context.Context, e *execution) error { return p.configure(e, r) }
	for _, file := range r.files {
		if err := file.write(folder, &client); err != nil {
			return nil, err
		}
	}
	before, err := readFiles(folder)
	if err != nil {
		return nil, err
	}
	e := newExecution(&client, Scope{Folder: folder})
	failed := e.execute(ctx, r.Args)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	rendered := e.rendered(failed).replace(p.to, p.from)
	after, err := readFiles(folder)
	if err != nil {
		return nil, err
	}
	return rendered, rendered.addPackages(before, after)
}

// write writes the file into the folder of the caller. A copy of a file that no longer exists is left out.
func (c change) write(folder string, client *Client) error {
	content := c.content
	if c.copied {
		var err error
		if content, err = os.ReadFile(client.redirect(filepath.Join(client.dir, c.path))); os.IsNotExist(err) {
			return nil
		} else if err != nil {
			return err
		}
	}
	path := filepath.Join(folder, c.path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// redirect returns the path in the copy for a path in the recorded chart.
func (p *Replayer) redirect(path string) string {
	inChart, err := filepath.Rel(p.from, path)
	if err != nil || inChart == ".." || strings.HasPrefix(inChart, ".."+string(filepath.Separator)) {
		return path
	}
	return filepath.Join(p.to, inChart)
}

// load loads a chart. One without dependencies is loaded once, because Helm does not modify it.
func (p *Replayer) load(path string) (*chart.Chart, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if loaded := p.charts[path]; loaded != nil {
		copied := *loaded
		return &copied, nil
	}
	loaded, err := loader.Load(path)
	fixed := path == p.to || path == p.from
	if err == nil && fixed && len(loaded.Metadata.Dependencies) == 0 && len(loaded.Dependencies()) == 0 {
		p.charts[path] = loaded
		copied := *loaded
		return &copied, nil
	}
	return loaded, err
}

// configure prepares the configuration of a command line for a cluster that is as it was recorded.
func (p *Replayer) configure(e *execution, r *Recorded) error {
	store := driver.NewMemory()
	store.SetNamespace(r.called)
	e.config.Releases = storage.Init(store)
	for _, revision := range r.history {
		if err := e.config.Releases.Create(p.revision(revision, r.called)); err != nil {
			return err
		}
	}
	e.config.KubeClient = &kubefake.PrintingKubeClient{Out: io.Discard, LogOutput: io.Discard}
	e.config.Capabilities = r.capabilities
	if r.capabilities == nil {
		e.config.Capabilities = chartutil.DefaultCapabilities.Copy()
	}
	e.config.RESTClientGetter = replayedGetter{transport: r.answers.replace(r.real, r.called)}
	e.config.Log = e.logf
	e.config.SetHookOutputFunc(e.hookOutput)
	return nil
}

// revision returns an earlier revision of a release as it would be with the copy of the chart. Helm reads only the
// defaults of its values.
func (p *Replayer) revision(recorded *release.Release, namespace string) *release.Release {
	revision, info := *recorded, *recorded.Info
	revision.Info, revision.Namespace = &info, namespace
	if recorded.Chart == nil || !reflect.DeepEqual(recorded.Chart.Values, p.values) {
		return &revision
	}
	if copied, err := p.load(p.to); err == nil {
		before := *recorded.Chart
		before.Values = maps.Clone(copied.Values)
		revision.Chart = &before
	}
	return &revision
}

// replayedGetter is a cluster that answers the requests of `lookup` as it was recorded.
type replayedGetter struct {
	action.RESTClientGetter
	transport http.RoundTripper
}

// ToRESTConfig returns the configuration for the requests of `lookup`.
func (g replayedGetter) ToRESTConfig() (*rest.Config, error) {
	return &rest.Config{Host: "http://recorded", Transport: g.transport}, nil
}
