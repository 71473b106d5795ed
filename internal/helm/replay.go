package helm

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	slashpath "path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

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

// replayer renders recorded command lines again with another copy of the chart, without a cluster. It reads the files
// of the copy once. It is not safe for concurrent use.
type replayer struct {
	from, to string
	changed  string                       // the only file that differs, by its path in the chart; "" means any
	charts   map[loadedChart]*chart.Chart // without dependencies, which Helm modifies when it renders
	values   map[string]any               // the defaults of the chart that was recorded
	rendered map[string]Rendered          // by the key of the command
}

// newReplayer returns a replayer that reads the folder to wherever the recorded commands read the folder from, the
// chart.
func newReplayer(from, to, changed string) (*replayer, error) {
	recorded, err := loader.Load(from)
	if err != nil {
		return nil, err
	}
	return &replayer{
		from: from, to: to, changed: changed, values: recorded.Values,
		charts: map[loadedChart]*chart.Chart{}, rendered: map[string]Rendered{},
	}, nil
}

// replayAll returns what each command of a recording renders, in their order, and nil for those that render nothing.
func (p *replayer) replayAll(ctx context.Context, recording *Recording) (all []Rendered, err error) {
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
		rendered, err := p.replayOnce(ctx, command, folder)
		if err != nil {
			return nil, err
		}
		all[i] = maps.Clone(rendered)
		if !readsValues {
			delete(all[i], partValues)
		}
	}
	return all, nil
}

// replayOnce replays a command, unless one with the same input was replayed before.
func (p *replayer) replayOnce(ctx context.Context, r *Recorded, folder string) (Rendered, error) {
	key := ""
	if folder == "" {
		if r.once.Do(func() { r.input, r.inputError = r.key() }); r.inputError != nil {
			return nil, r.inputError
		}
		key = r.input
	}
	if known, ok := p.rendered[key]; ok && key != "" {
		return known, nil
	}
	rendered, err := p.replay(ctx, r, folder)
	if err == nil && key != "" {
		p.rendered[key] = rendered
	}
	return rendered, err
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

func (p *replayer) replay(ctx context.Context, r *Recorded, folder string) (Rendered, error) {
	client := *r.client
	client.redirect = func(path string) string { return p.redirect(r.client.redirect(path)) }
	_, printsAll := r.Rendered[partOutput]
	client.load = func(path string) (*chart.Chart, error) { return p.load(path, !r.Failed && !printsAll) }
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
	failed := e.execute(ctx, p.args(r))
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
func (p *replayer) redirect(path string) string {
	inChart, err := filepath.Rel(p.from, path)
	if err != nil || inChart == ".." || strings.HasPrefix(inChart, ".."+string(filepath.Separator)) {
		return path
	}
	return filepath.Join(p.to, inChart)
}

// load loads a chart. One without dependencies is loaded once, because Helm does not modify it.
//
// partly leaves out the templates that render the same as in the recorded chart.
func (p *replayer) load(path string, partly bool) (*chart.Chart, error) {
	key := loadedChart{path, partly}
	if loaded := p.charts[key]; loaded != nil {
		copied := *loaded
		return &copied, nil
	}
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	if path == p.to && len(loaded.Metadata.Dependencies) == 0 && len(loaded.Dependencies()) == 0 {
		if partly {
			p.leaveOut(loaded)
		}
		p.charts[key] = loaded
		copied := *loaded
		return &copied, nil
	}
	return loaded, nil
}

// loadedChart is a chart that was loaded, partly or not.
type loadedChart struct {
	path   string
	partly bool
}

// leaveOut removes the templates from a chart that render the same as in the recorded chart.
func (p *replayer) leaveOut(loaded *chart.Chart) {
	template := only(p.changed)
	if template == "" {
		return
	}
	loaded.Templates = slices.DeleteFunc(slices.Clone(loaded.Templates), func(file *chart.File) bool {
		isShared := strings.HasPrefix(slashpath.Base(file.Name), "_") || bytes.Contains(file.Data, []byte("define "))
		return file.Name != template && !isShared
	})
}

// args returns the words of a recorded command line. Values that the schema allowed are not validated again.
func (p *replayer) args(r *Recorded) []string {
	isTemplate := strings.HasPrefix(p.changed, "templates/")
	if !isTemplate || r.Failed || !slices.Contains([]string{"install", "upgrade", "template"}, r.Args[0]) {
		return r.Args
	}
	return append(slices.Clone(r.Args), "--skip-schema-validation")
}

// configure prepares the configuration of a command line for a cluster that is as it was recorded.
func (p *replayer) configure(e *execution, r *Recorded) error {
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
func (p *replayer) revision(recorded *release.Release, namespace string) *release.Release {
	revision, info := *recorded, *recorded.Info
	revision.Info, revision.Namespace = &info, namespace
	if recorded.Chart == nil || !reflect.DeepEqual(recorded.Chart.Values, p.values) {
		return &revision
	}
	if copied, err := p.load(p.to, true); err == nil {
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
