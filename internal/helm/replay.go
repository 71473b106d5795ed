package helm

import (
	"bytes"
	"context"
	"encoding/json"
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

	ownchart "github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/schema"
)

// replayer renders recorded command lines again with another copy of the chart, without a cluster. It reads the files
// of the copy once. It is not safe for concurrent use.
type replayer struct {
	from, to string
	changed  changed
	charts   map[loadedChart]*chart.Chart // without dependencies, which Helm modifies when it renders
	values   map[string]any               // the defaults of the chart that was recorded
	rendered map[string]Rendered          // by the key of the command
	before   map[*Recorded]Rendered       // with the chart that was recorded; nil if that is being rendered
	schema   *schema.Schema               // of the values; nil if Helm has to validate them
}

// newReplayer returns a replayer that reads the folder to wherever the recorded commands read the folder from, the
// chart.
func newReplayer(from, to string, changed changed, before map[*Recorded]Rendered) (*replayer, error) {
	recorded, err := loader.Load(from)
	if err != nil {
		return nil, err
	}
	p := &replayer{
		from: from, to: to, changed: changed, values: recorded.Values, before: before,
		charts: map[loadedChart]*chart.Chart{}, rendered: map[string]Rendered{},
	}
	if len(recorded.Metadata.Dependencies) == 0 && len(recorded.Dependencies()) == 0 {
		p.schema = compileSchema(to)
	}
	return p, nil
}

// compileSchema returns the schema of the values of a chart, or nil if it has none that is valid, or if it has
// subcharts, whose schemas count, too. Helm would compile it anew for each command.
func compileSchema(folder string) *schema.Schema {
	if subcharts, _ := filepath.Glob(filepath.Join(folder, "charts", "*")); len(subcharts) > 0 {
		return nil
	}
	content, err := os.ReadFile(filepath.Join(folder, ownchart.SchemaJSON))
	if err != nil {
		return nil
	}
	compiled, err := schema.Compile(content)
	if err != nil {
		return nil
	}
	return compiled
}

// replayAll returns what each command of a recording renders, in their order, and nil for those that render nothing.
func (p *replayer) replayAll(ctx context.Context, recording *Recording) (all []Rendered, err error) {
	commands := recording.Commands()
	folder, remove, err := replayFolder(commands)
	if err != nil {
		return nil, err
	}
	defer remove()
	all = make([]Rendered, len(commands))
	for i, command := range commands {
		if !command.takesChart {
			continue
		}
		if all[i], err = p.replayOnce(ctx, command, folder); err != nil {
			return nil, err
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

// replay returns what a command renders. As far as possible it does so without Helm's validation of the values, which
// takes most of the time.
func (p *replayer) replay(ctx context.Context, r *Recorded, folder string) (Rendered, error) {
	before, known := p.before[r]
	switch {
	case !slices.Contains([]string{"install", "upgrade", "template"}, r.Args[0]):
	case known && p.changed.onlyTemplates && strings.Contains(before[partError], invalidValues):
		return before, nil // templates were not rendered
	case p.failed(r), folder != "" && !p.changed.onlyTemplates: // a chart in the folder may have another schema
	case known && p.changed.onlySchema:
		if p.accepts(before) {
			return before, nil
		}
	case p.changed.onlyTemplates || p.schema != nil:
		rendered, err := p.execute(ctx, r, folder, "--skip-schema-validation")
		if err != nil || p.changed.onlyTemplates || rendered[partError] == "" && p.accepts(rendered) {
			return rendered, err
		}
	}
	return p.execute(ctx, r, folder)
}

// failed reports whether a command failed before it sent anything to the cluster.
func (p *replayer) failed(r *Recorded) bool {
	if before, known := p.before[r]; known {
		return before[partError] != ""
	}
	return r.Failed
}

// invalidValues are the words of Helm for values that the schema refuses.
const invalidValues = "values don't meet the specifications of the schema"

// accepts reports whether the schema accepts the values of a rendering.
func (p *replayer) accepts(rendered Rendered) bool {
	var values any
	err := json.Unmarshal([]byte(rendered[partValues]), &values)
	return err == nil && p.schema != nil && len(p.schema.Validate(values)) == 0
}

// execute runs a command line with more words.
func (p *replayer) execute(ctx context.Context, r *Recorded, folder string, more ...string) (Rendered, error) {
	client := *r.client
	client.redirect = func(path string) string { return p.redirect(r.client.redirect(path)) }
	client.load = func(path string) (*chart.Chart, error) { return p.load(path, !p.failed(r)) }
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
	failed := e.execute(ctx, slices.Concat(r.Args, more))
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
	if p.changed.templates == nil {
		return
	}
	loaded.Templates = slices.DeleteFunc(slices.Clone(loaded.Templates), func(file *chart.File) bool {
		isShared := strings.HasPrefix(slashpath.Base(file.Name), "_") || bytes.Contains(file.Data, []byte("define "))
		return !isShared && !slices.Contains(p.changed.templates, file.Name)
	})
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
