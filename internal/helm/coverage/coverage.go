// Package coverage finds out which parts of a chart's templates the Helm commands of a run executed, and which values
// they set.
//
// It renders what the commands rendered once more, with a probe at the beginning of each block of the templates. The
// probes print nothing, so the rendering is the same byte for byte, and so are the conditions that depend on it.
package coverage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/engine"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/traderadmin/charts/internal/helm"
)

// Coverage is what commands covered of a chart. It is not safe for concurrent use.
type Coverage struct {
	folder    string // of the chart
	chart     *chart.Chart
	templates map[string]instrumented // by their paths in the chart
	blocks    []*Block
	values    *values
	rendered  map[string][]*Block // the blocks that a rendering executed, by its key
}

// New returns the coverage of the chart in a folder, of which nothing is covered yet. It returns an error if the chart
// cannot be loaded.
func New(folder string) (*Coverage, error) {
	loaded, err := loader.Load(folder)
	if err != nil {
		return nil, fmt.Errorf("coverage: %w", err)
	}
	c := &Coverage{folder: folder, chart: loaded, templates: map[string]instrumented{}, rendered: map[string][]*Block{}}
	for _, t := range loaded.Templates {
		in := instrument(t.Name, string(t.Data), len(c.blocks))
		c.templates[t.Name] = in
		c.blocks = append(c.blocks, in.blocks...)
	}
	c.values, err = newValues(loaded)
	return c, err
}

// Add adds what the commands of a scenario cover. It returns an error if a rendering cannot be repeated.
func (c *Coverage) Add(ctx context.Context, scenario string, commands []*helm.Recorded) error {
	var failed []error
	for _, command := range commands {
		input, err := command.Input()
		if err != nil {
			failed = append(failed, fmt.Errorf("coverage of %q: %w", scenario, err))
		}
		if err != nil || input == nil || input.Chart.Name() != c.chart.Name() {
			continue
		}
		c.values.add(input.Given, input.Values)
		executed, known := c.rendered[input.Key]
		if !known {
			// A template that fails on purpose executes what is in front of that.
			if executed, err = c.render(input); err != nil && !command.Failed {
				failed = append(failed, fmt.Errorf("coverage of %q: %w", scenario, err))
				continue
			}
			c.rendered[input.Key] = executed
		}
		for _, block := range executed {
			if !slices.Contains(block.scenarios, scenario) {
				block.scenarios = append(block.scenarios, scenario)
			}
		}
	}
	return errors.Join(append(failed, context.Cause(ctx))...)
}

// render renders an input with probes, and returns the blocks that were executed, also if it fails.
func (c *Coverage) render(input *helm.Input) ([]*Block, error) {
	probes := &probes{lookups: input.Lookups, reached: map[int]int{}}
	_, err := engine.RenderWithClientProvider(c.withProbes(input.Chart), input.Values, probes)
	return c.executed(probes), err
}

// executed returns the blocks that were executed, by the probes that were reached.
func (c *Coverage) executed(p *probes) (executed []*Block) {
	for number, block := range c.blocks {
		times := p.reached[number]
		if block.next > 0 {
			times -= p.reached[block.next]
		}
		if times > 0 {
			executed = append(executed, block)
		}
	}
	return executed
}

// withProbes returns a copy of a chart in which the templates that the covered chart has, too, have probes.
func (c *Coverage) withProbes(rendered *chart.Chart) *chart.Chart {
	copied := *rendered
	copied.Templates = nil
	for _, t := range rendered.Templates {
		if own, known := c.templates[t.Name]; known && own.source == string(t.Data) {
			t = &chart.File{Name: t.Name, Data: own.text}
		}
		copied.Templates = append(copied.Templates, t)
	}
	copied.SetDependencies(rendered.Dependencies()...)
	return &copied
}

// probes answers lookups, those of probes and others.
type probes struct {
	lookups engine.ClientProvider
	reached map[int]int // how often, by their numbers
}

// GetClientFor implements engine.ClientProvider.
func (p *probes) GetClientFor(apiVersion, kind string) (dynamic.NamespaceableResourceInterface, bool, error) {
	group, _, _ := strings.Cut(apiVersion, "/")
	if number, err := strconv.Atoi(kind); group == probeGroup && err == nil {
		p.reached[number]++
		return probed{}, false, nil
	}
	if p.lookups == nil {
		return nothing{}, false, nil
	}
	return p.lookups.GetClientFor(apiVersion, kind)
}

// nothing is a resource without objects.
type nothing struct {
	dynamic.NamespaceableResourceInterface
}

func (nothing) Namespace(string) dynamic.ResourceInterface { return nothing{} }

func (nothing) Get(
	_ context.Context, name string, _ metav1.GetOptions, _ ...string,
) (*unstructured.Unstructured, error) {
	return nil, apierrors.NewNotFound(schema.GroupResource{Group: probeGroup}, name)
}

func (nothing) List(context.Context, metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	return nil, apierrors.NewNotFound(schema.GroupResource{Group: probeGroup}, "")
}

// probed is the resource that a probe looks up. One object is not found, which is empty for a template, but the list
// of all is not empty.
type probed struct{ nothing }

func (probed) List(context.Context, metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	return new(unstructured.UnstructuredList), nil
}

// Line is a line of a template that prints something or contains an action.
type Line struct {
	Number int
	// Scenarios are those that executed it.
	Scenarios []string
}

// Template is the coverage of a template.
type Template struct {
	// Path is that of the file, below the folder of the chart.
	Path   string
	Source []string
	Lines  []Line
}

// Templates returns the coverage of the lines of all templates, by their paths.
func (c *Coverage) Templates() []Template {
	var all []Template
	for _, t := range c.chart.Templates {
		lines := map[int]map[string]bool{}
		for _, block := range c.templates[t.Name].blocks {
			for _, line := range block.lines {
				if lines[line] == nil {
					lines[line] = map[string]bool{}
				}
				for _, scenario := range block.scenarios {
					lines[line][scenario] = true
				}
			}
		}
		template := Template{
			Path: filepath.ToSlash(filepath.Join(c.folder, t.Name)), Source: strings.Split(string(t.Data), "\n"),
		}
		for number, scenarios := range lines {
			line := Line{Number: number}
			for scenario := range scenarios {
				line.Scenarios = append(line.Scenarios, scenario)
			}
			slices.Sort(line.Scenarios)
			template.Lines = append(template.Lines, line)
		}
		slices.SortFunc(template.Lines, func(a, b Line) int { return cmp.Compare(a.Number, b.Number) })
		all = append(all, template)
	}
	slices.SortFunc(all, func(a, b Template) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// Missed returns what no command covered: the blocks of templates first, as PATH:LINE: WHAT, and then the values.
func (c *Coverage) Missed() []string {
	var missed []string
	for _, block := range c.blocks {
		// Nothing in a missed block can be covered.
		if len(block.scenarios) == 0 && (block.outer == nil || len(block.outer.scenarios) > 0) {
			path := filepath.ToSlash(filepath.Join(c.folder, block.File))
			missed = append(missed, fmt.Sprintf("%s:%d: %s", path, block.Line, block.What))
		}
	}
	return append(missed, c.values.missed(c.folder)...)
}

// Summary says how much is covered.
func (c *Coverage) Summary() string {
	set, all := c.values.count()
	return fmt.Sprintf("%d of %d branches of templates, %d of %d values", c.coveredBlocks(), len(c.blocks), set, all)
}

// Percent returns the part of the branches that is covered, in percent.
func (c *Coverage) Percent() float64 {
	if len(c.blocks) == 0 {
		return 100
	}
	return 100 * float64(c.coveredBlocks()) / float64(len(c.blocks))
}

func (c *Coverage) coveredBlocks() (n int) {
	for _, block := range c.blocks {
		n += min(1, len(block.scenarios))
	}
	return n
}
