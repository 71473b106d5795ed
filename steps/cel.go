package steps

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/ext"
	"github.com/google/cel-go/parser"
	"k8s.io/apiserver/pkg/cel/library"
)

// self is the object that an expression is about.
const self = "self"

// celEnv is what expressions are read in: CEL with what Kubernetes adds for validation rules, such as quantity().
var celEnv = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable(self, cel.DynType), cel.OptionalTypes(), cel.CrossTypeNumericComparisons(true),
		ext.Strings(), ext.Sets(),
		library.Quantity(), library.Lists(), library.Regex(), library.URLs(), library.IP(), library.CIDR(), library.SemverLib(),
	)
})

// rule is an expression that says of an object whether it is as it should be.
type rule struct {
	text    string
	checked *cel.Ast
	program cel.Program
}

// parseRule reads a CEL expression. Its error has the place of what is wrong.
func parseRule(text string) (*rule, error) {
	env, err := celEnv()
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, fmt.Errorf("the CEL expression cannot be read: %w", issues.Err())
	}
	if out := checked.OutputType(); !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("the CEL expression `%s` is of type %s; it must say yes or no, as in self.spec.replicas >= 2", text, out)
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptTrackState))
	if err != nil {
		return nil, fmt.Errorf("the CEL expression `%s`: %w", text, err)
	}
	return &rule{text, checked, program}, nil
}

// check says how the object does not satisfy the rule, with the values of the fields that it looked at.
func (r *rule) check(object map[string]any) error {
	result, details, err := r.program.Eval(map[string]any{self: object})
	if err != nil {
		return fmt.Errorf("`%s` cannot be answered: %w", r.text, err)
	}
	switch satisfied, isBool := result.Value().(bool); {
	case !isBool:
		return fmt.Errorf("`%s` is %v; it must be true or false", r.text, result.Value())
	case satisfied:
		return nil
	}
	return fmt.Errorf("it does not satisfy `%s`: %s", r.text, strings.Join(r.seen(details), ", "))
}

// seen are the fields that the rule looked at, with their values.
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
		return []string{"it looks at no field of self"}
	}
	return slices.Compact(all)
}

// isWholeField finds self.a.b, and not the self.a in it.
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

// settled says that no field which the rule looks at is written by a controller, so that waiting changes nothing.
func (r *rule) settled() bool {
	status := ast.MatchDescendants(ast.NavigateAST(r.checked.NativeRep()), func(e ast.NavigableExpr) bool {
		return e.Kind() == ast.SelectKind && e.AsSelect().FieldName() == "status" && e.AsSelect().Operand().Kind() == ast.IdentKind && ofSelf(e)
	})
	return len(status) == 0
}
