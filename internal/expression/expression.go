// Package expression compiles and evaluates CEL expressions about Kubernetes objects, with the functions that
// Kubernetes adds to CEL for its own validation rules.
package expression

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	"go.yaml.in/yaml/v3"
	"k8s.io/apiserver/pkg/cel/library"
)

// NewEnv returns an environment with variables of any type.
func NewEnv(variables ...string) (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.OptionalTypes(), cel.CrossTypeNumericComparisons(true),
		ext.Strings(), ext.Sets(),
		library.Quantity(), library.Lists(), library.Regex(), library.URLs(),
		library.IP(), library.CIDR(), library.SemverLib(), library.Format(),
	}
	for _, name := range variables {
		options = append(options, cel.Variable(name, cel.DynType))
	}
	return cel.NewEnv(options...)
}

// Expression is a compiled CEL expression.
type Expression struct {
	Text    string
	program cel.Program
}

// Error is a mistake in an expression.
type Error struct {
	Line    int // in the expression, from 1
	Problem string
}

func (e *Error) Error() string { return "invalid CEL expression: " + e.Problem }

// maxCost bounds the steps of an evaluation, which untrusted expressions could make very many.
const maxCost = 50_000_000

// Compile compiles an expression whose result has a type, of which DynType is any. The error is an [*Error].
func Compile(env *cel.Env, text string, result *cel.Type) (*Expression, error) {
	checked, issues := env.Compile(text)
	if err := issues.Err(); err != nil {
		first := issues.Errors()[0]
		return nil, &Error{Line: first.Location.Line(), Problem: first.Message}
	}
	out := checked.OutputType()
	if result != cel.DynType && !out.IsExactType(result) && !out.IsExactType(cel.DynType) {
		return nil, &Error{Line: 1, Problem: fmt.Sprintf("it is of type %s; want %s", out, result)}
	}
	program, err := env.Program(checked, cel.CostLimit(maxCost))
	if err != nil {
		return nil, &Error{Line: 1, Problem: err.Error()}
	}
	return &Expression{text, program}, nil
}

// Value evaluates the expression.
func (e *Expression) Value(variables map[string]any) (any, error) {
	result, _, err := e.program.Eval(variables)
	if err != nil {
		return nil, err
	}
	return result.Value(), nil
}

// Eval evaluates the expression to a value of type T.
func Eval[T any](e *Expression, variables map[string]any) (T, error) {
	var zero T
	value, err := e.Value(variables)
	if err != nil {
		return zero, err
	}
	typed, ok := value.(T)
	if !ok {
		return zero, fmt.Errorf("the result is %v, not a %T", value, zero)
	}
	return typed, nil
}

// Line returns the line in a YAML file of a mistake in the expression that a scalar holds.
func Line(scalar *yaml.Node, mistake *Error) int {
	if scalar.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return scalar.Line + mistake.Line // the text starts below the key
	}
	return scalar.Line + mistake.Line - 1
}
