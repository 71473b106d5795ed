package steps

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/parser"

	"github.com/traderadmin/charts/internal/expression"
)

// self is the name of the object in an expression.
const self = "self"

// celEnv is the environment of expressions: CEL with the functions that Kubernetes adds for validation rules.
var celEnv = sync.OnceValues(func() (*cel.Env, error) { return expression.NewEnv(self) })

// rule is an expression that an object should satisfy.
type rule struct {
	text    string
	checked *cel.Ast
	program cel.Program
}

// parseRule compiles a CEL expression. Its error has the line and column of the mistake.
func parseRule(text string) (*rule, error) {
	env, err := celEnv()
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, fmt.Errorf("invalid CEL expression: %w", issues.Err())
	}
	if out := checked.OutputType(); !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("the CEL expression `%s` is of type %s; it must be a bool, as in self.spec.replicas >= 2",
			text, out)
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptTrackState))
	if err != nil {
		return nil, fmt.Errorf("the CEL expression `%s`: %w", text, err)
	}
	return &rule{text, checked, program}, nil
}

// check returns an error if the object does not satisfy the rule, with the values of the fields that the rule uses.
func (r *rule) check(object map[string]any) error {
	result, details, err := r.program.Eval(map[string]any{self: object})
	if err != nil {
		return fmt.Errorf("evaluate `%s`: %w", r.text, err)
	}
	switch satisfied, isBool := result.Value().(bool); {
	case !isBool:
		return fmt.Errorf("`%s` is %v; it must be true or false", r.text, result.Value())
	case satisfied:
		return nil
	}
	return fmt.Errorf("it does not satisfy `%s`: %s", r.text, strings.Join(r.seen(details), ", "))
}

// seen returns the fields that the rule used, with their values.
func (r *rule) seen(details *cel.EvalDetails) []string {
	var all []string
	native := r.checked.NativeRep()
	for _, field := range ast.MatchDescendants(ast.NavigateAST(native), isWholeField) {
		value, known := details.State().Value(field.ID())
		name, err := parser.Unparse(field, native.SourceInfo())
		if known && err == nil {
			all = append(all, fmt.Sprintf("%s is %s", name, asJSON(value.Value())))
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		return []string{"it uses no field of self"}
	}
	return slices.Compact(all)
}

// isWholeField matches self.a.b, but not the self.a in it.
func isWholeField(e ast.NavigableExpr) bool {
	if e.Kind() != ast.SelectKind || !ofSelf(e) {
		return false
	}
	parent, has := e.Parent()
	return !has || parent.Kind() != ast.SelectKind
}

func ofSelf(e ast.Expr) bool {
	for e.Kind() == ast.SelectKind {
		e = e.AsSelect().Operand()
	}
	return e.Kind() == ast.IdentKind && e.AsIdent() == self
}

// usesStatus reports whether the rule uses a field that controllers write, so that waiting may help.
func (r *rule) usesStatus() bool {
	status := ast.MatchDescendants(ast.NavigateAST(r.checked.NativeRep()), func(e ast.NavigableExpr) bool {
		return e.Kind() == ast.SelectKind && e.AsSelect().FieldName() == "status" &&
			e.AsSelect().Operand().Kind() == ast.IdentKind && ofSelf(e)
	})
	return len(status) > 0
}
