// Package admission evaluates ValidatingAdmissionPolicies for rendered objects, without a cluster: their match
// constraints, match conditions, variables and validations. The request is the creation of the object.
//
// Parameters, the authorizer and selectors of namespaces need a cluster. A policy with parameters is not evaluated.
// Namespace selectors are ignored, as are the match resources of bindings.
package admission

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"go.yaml.in/yaml/v3"
	admissionregistration "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/expression"
)

// Policy is a ValidatingAdmissionPolicy.
type Policy struct {
	Name     string
	Position chart.Position
	// Denies says that a binding denies requests that violate the policy, or that the policy has no binding.
	Denies bool
	// Unsupported says why the policy cannot be evaluated; empty if it can.
	Unsupported string

	spec        admissionregistration.ValidatingAdmissionPolicySpec
	conditions  []*expression.Expression
	variables   []variable
	validations []validation
}

type variable struct {
	name  string
	value *expression.Expression
}

type validation struct {
	condition, message *expression.Expression
	text               string // the message without an expression
}

// environment has the variables of policies.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return expression.NewEnv("object", "oldObject", "request", "variables", "namespaceObject", "params", "authorizer")
})

// Load reads the policies in all YAML and JSON files below a folder. The error lists every mistake with its file and
// line. It ignores other objects.
func Load(folder string) ([]*Policy, error) {
	var policies []*Policy
	denying, bound := map[string]bool{}, map[string]bool{}
	var mistakes []error
	err := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return err
		}
		content, err := chart.ReadFile(file)
		if err != nil {
			return err
		}
		decoder := yaml.NewDecoder(strings.NewReader(string(content)))
		for {
			var document yaml.Node
			if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				mistakes = append(mistakes, fmt.Errorf("%s: %w", file, err))
				return nil
			}
			object := chart.Resolve(document.Content[0])
			switch _, kind := chart.Entry(object, "kind"); {
			case kind == nil:
			case kind.Value == "ValidatingAdmissionPolicy":
				p, err := read(file, object)
				policies, mistakes = append(policies, p), append(mistakes, err)
			case kind.Value == "ValidatingAdmissionPolicyBinding":
				var binding admissionregistration.ValidatingAdmissionPolicyBinding
				if err := decode(object, &binding); err != nil {
					mistakes = append(mistakes, fmt.Errorf("%s:%d: %w", file, object.Line, err))
				}
				bound[binding.Spec.PolicyName] = true
				if slices.Contains(binding.Spec.ValidationActions, admissionregistration.Deny) {
					denying[binding.Spec.PolicyName] = true
				}
			}
		}
	})
	if err := cmp.Or(err, errors.Join(mistakes...)); err != nil {
		return nil, fmt.Errorf("load the admission policies in %s: %w", folder, err)
	}
	if len(policies) == 0 {
		return nil, fmt.Errorf("the folder %s has no ValidatingAdmissionPolicy", folder)
	}
	for _, p := range policies {
		p.Denies = denying[p.Name] || !bound[p.Name]
	}
	return policies, nil
}

// decode decodes a YAML object into a type of the Kubernetes API.
func decode(object *yaml.Node, into any) error {
	var fields any
	if err := object.Decode(&fields); err != nil {
		return err
	}
	values, ok := chart.ToJSON(fields).(map[string]any)
	if !ok {
		return errors.New("the object is not a map")
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(values, into)
}

// read reads a policy and compiles its expressions.
func read(file string, object *yaml.Node) (*Policy, error) {
	var decoded admissionregistration.ValidatingAdmissionPolicy
	p := &Policy{Position: chart.Position{File: file, Line: object.Line}}
	if err := decode(object, &decoded); err != nil {
		return p, fmt.Errorf("%s:%d: %w", file, object.Line, err)
	}
	p.Name, p.spec = decoded.Name, decoded.Spec
	if p.spec.ParamKind != nil {
		p.Unsupported = "it has parameters"
		return p, nil
	}
	env, err := environment()
	if err != nil {
		return p, err
	}
	var mistakes []error
	compile := func(text string, result *cel.Type, path ...string) *expression.Expression {
		compiled, err := expression.Compile(env, text, result)
		if mistake := (*expression.Error)(nil); errors.As(err, &mistake) {
			line := expression.Line(nodeAt(object, append([]string{"spec"}, path...)), mistake)
			mistakes = append(mistakes, fmt.Errorf("%s:%d: %w", file, line, err))
		}
		return compiled
	}
	for i, c := range p.spec.MatchConditions {
		at := fmt.Sprint(i)
		p.conditions = append(p.conditions, compile(c.Expression, cel.BoolType, "matchConditions", at, "expression"))
	}
	for i, v := range p.spec.Variables {
		value := compile(v.Expression, cel.DynType, "variables", fmt.Sprint(i), "expression")
		p.variables = append(p.variables, variable{v.Name, value})
	}
	for i, v := range p.spec.Validations {
		at := fmt.Sprint(i)
		checked := validation{
			condition: compile(v.Expression, cel.BoolType, "validations", at, "expression"),
			text:      cmp.Or(v.Message, "failed expression: "+strings.TrimSpace(v.Expression)),
		}
		if v.MessageExpression != "" {
			checked.message = compile(v.MessageExpression, cel.StringType, "validations", at, "messageExpression")
		}
		p.validations = append(p.validations, checked)
	}
	return p, errors.Join(mistakes...)
}

// nodeAt returns the node at a path of keys and indices, or the closest parent.
func nodeAt(n *yaml.Node, path []string) *yaml.Node {
	for _, step := range path {
		_, below := chart.Child(n, step)
		if below == nil {
			break
		}
		n = below
	}
	return n
}

// Object is an object that a policy may be for.
type Object struct {
	APIVersion, Kind, Name, Namespace string
	Fields                            map[string]any
}

// Violations returns the messages of the validations that an object violates. An expression that cannot be evaluated is
// a violation, unless the policy ignores failures.
func (p *Policy) Violations(o Object) []string {
	if p.Unsupported != "" || !p.matches(o) {
		return nil
	}
	variables := map[string]any{}
	bindings := map[string]any{
		"object": o.Fields, "oldObject": nil, "params": nil, "variables": variables,
		"namespaceObject": map[string]any{"metadata": map[string]any{"name": o.Namespace, "labels": map[string]any{}}},
		"request": map[string]any{
			"operation": "CREATE", "name": o.Name, "namespace": o.Namespace, "dryRun": false, "userInfo": map[string]any{},
		},
	}
	failure := func(err error) []string {
		if p.spec.FailurePolicy != nil && *p.spec.FailurePolicy == admissionregistration.Ignore {
			return nil
		}
		return []string{fmt.Sprintf("the policy cannot be evaluated: %v", err)}
	}
	for _, v := range p.variables {
		// A variable whose value cannot be evaluated matters only if an expression uses it, which then fails itself.
		if value, err := v.value.Value(bindings); err == nil {
			variables[v.name] = value
		}
	}
	for _, condition := range p.conditions {
		if matched, err := expression.Eval[bool](condition, bindings); err != nil {
			return failure(err)
		} else if !matched {
			return nil
		}
	}
	var found []string
	for _, v := range p.validations {
		satisfied, err := expression.Eval[bool](v.condition, bindings)
		switch {
		case err != nil:
			found = append(found, failure(err)...)
		case !satisfied:
			found = append(found, v.explain(bindings))
		}
	}
	return found
}

func (v validation) explain(bindings map[string]any) string {
	if v.message != nil {
		if message, err := expression.Eval[string](v.message, bindings); err == nil && strings.TrimSpace(message) != "" {
			return strings.TrimSpace(message)
		}
	}
	return v.text
}

// matches reports whether the match constraints of the policy select the creation of an object.
func (p *Policy) matches(o Object) bool {
	constraints := p.spec.MatchConstraints
	if constraints == nil {
		return false
	}
	if selector, err := metav1.LabelSelectorAsSelector(constraints.ObjectSelector); err != nil ||
		constraints.ObjectSelector != nil && !selector.Matches(labelsOf(o)) {
		return false
	}
	selects := func(r admissionregistration.NamedRuleWithOperations) bool { return selects(r, o) }
	return slices.ContainsFunc(constraints.ResourceRules, selects) &&
		!slices.ContainsFunc(constraints.ExcludeResourceRules, selects)
}

func selects(r admissionregistration.NamedRuleWithOperations, o Object) bool {
	group, err := schema.ParseGroupVersion(o.APIVersion)
	if err != nil {
		return false
	}
	// The resources of built-in kinds, and of most others, follow this rule.
	resource, _ := meta.UnsafeGuessKindToResource(group.WithKind(o.Kind))
	created := slices.Contains(r.Operations, admissionregistration.Create) ||
		slices.Contains(r.Operations, admissionregistration.OperationAll)
	return created && has(r.APIGroups, group.Group) && has(r.APIVersions, group.Version) &&
		(has(r.Resources, resource.Resource) || slices.Contains(r.Resources, "*/*")) &&
		(len(r.ResourceNames) == 0 || slices.Contains(r.ResourceNames, o.Name))
}

func has(list []string, item string) bool {
	return slices.Contains(list, item) || slices.Contains(list, "*")
}

func labelsOf(o Object) labels.Set {
	set := labels.Set{}
	metadata, _ := o.Fields["metadata"].(map[string]any)
	own, _ := metadata["labels"].(map[string]any)
	for key, value := range own {
		set[key] = fmt.Sprint(value)
	}
	return set
}
