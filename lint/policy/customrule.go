package policy

import (
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/expression"
)

// CustomRule is a rule of one's own: an expression that every object of some kinds must satisfy.
type CustomRule struct {
	// ID is the ID of the rule, such as acme/image-registry: lower-case words with dashes, dots or slashes between them.
	ID string `yaml:"id" required:"true"`
	// Title says what is true of a chart that satisfies the rule.
	Title string `yaml:"title,omitempty"`
	// Why says in sentences what goes wrong otherwise.
	Why string `yaml:"why,omitempty"`
	// Severity is the severity of the findings. The default is error.
	Severity Severity `yaml:"severity,omitempty"`
	// Kinds are the kinds of the objects: KIND in any API group, or GROUP/KIND, such as apps/Deployment or core/Pod, in
	// which * matches any text. The default is every kind.
	Kinds []string `yaml:"kinds,omitempty"`
	// Expression is the CEL expression that is true of an object that satisfies the rule. It has the variables object,
	// release (with objects), chart (with name and version), valuesSet and kubeVersion, and the functions of Kubernetes.
	Expression string `yaml:"expression" required:"true"`
	// Message says what is wrong with an object that does not satisfy the rule.
	Message string `yaml:"message,omitempty"`
	// MessageExpression is a CEL expression for the message. It has the variables of the expression.
	MessageExpression string `yaml:"messageExpression,omitempty"`
	// Fix is a sentence that says how to solve it.
	Fix string `yaml:"fix,omitempty"`
	// At is the path of the field to report, such as spec.replicas. The default is the object.
	At string `yaml:"at,omitempty"`
	// Good are manifests, one or several documents each, that satisfy the rule. The flag --test-rules checks them.
	Good []string `yaml:"good,omitempty"`
	// Bad are manifests, one or several documents each, that do not satisfy the rule.
	Bad []string `yaml:"bad,omitempty"`

	// Position is the position of the rule in the configuration file.
	Position chart.Position `yaml:"-"`

	condition, message *expression.Expression
}

// environment has the variables of custom rules.
var environment = sync.OnceValues(func() (*cel.Env, error) {
	return expression.NewEnv("object", "release", "chart", "valuesSet", "kubeVersion")
})

// UsesKubeVersion reports whether the rule may depend on the Kubernetes version.
func (c *CustomRule) UsesKubeVersion() bool {
	return strings.Contains(c.Expression+c.MessageExpression, "kubeVersion")
}

// Matches reports whether the rule is for objects of an API group and a kind.
func (c *CustomRule) Matches(group, kind string) bool {
	if group == "" {
		group = "core"
	}
	return len(c.Kinds) == 0 || slices.ContainsFunc(c.Kinds, func(pattern string) bool {
		if !strings.Contains(pattern, "/") {
			pattern = "*/" + pattern
		}
		matched, _ := path.Match(pattern, group+"/"+kind) // Load rejects invalid patterns
		return matched
	})
}

// Check evaluates the rule for variables. It returns the problem of an object that does not satisfy the rule, and ""
// for one that does. It returns an error if the expression cannot be evaluated.
func (c *CustomRule) Check(variables map[string]any) (problem string, err error) {
	satisfied, err := expression.Eval[bool](c.condition, variables)
	if err != nil || satisfied {
		return "", err
	}
	if c.message == nil {
		return c.Message, nil
	}
	return expression.Eval[string](c.message, variables)
}

var validRuleID = regexp.MustCompile(`^[a-z0-9]+([-./][a-z0-9]+)*$`)

// checkCustomRules also compiles the expressions, and adds the IDs to the known ones.
func (c *checker) checkCustomRules(root *yaml.Node) {
	for i, node := range items(root, "customRules") {
		custom := &c.policy.CustomRules[i]
		custom.Position = c.position(node)
		switch {
		case !validRuleID.MatchString(custom.ID):
			c.reject(node, "invalid rule ID %q: want lower-case words joined by dashes, such as acme/image-registry", custom.ID)
		case slices.Contains(c.rules, custom.ID), strings.HasPrefix(custom.ID, PracticePrefix):
			c.reject(node, "the ID of rule %q is taken: choose another, such as acme/%[1]s", custom.ID)
		}
		c.rules = append(slices.Clip(c.rules), custom.ID)
		if custom.Severity == Off {
			c.reject(node, "the rule is off: remove it, or turn it off under rules")
		}
		for _, pattern := range custom.Kinds {
			if _, err := path.Match(pattern, ""); err != nil {
				c.reject(node, "invalid pattern %q: %v", pattern, err)
			}
		}
		if custom.Expression == "" {
			c.reject(node, "the rule %s has no expression", custom.ID)
		} else {
			custom.condition = c.compile(node, "expression", custom.Expression, cel.BoolType)
		}
		switch {
		case custom.MessageExpression != "":
			custom.message = c.compile(node, "messageExpression", custom.MessageExpression, cel.StringType)
		case custom.Message == "":
			c.reject(node, "the rule %s has no message", custom.ID)
		}
	}
}

// compile compiles the expression under a key of a rule.
func (c *checker) compile(rule *yaml.Node, key, text string, result *cel.Type) *expression.Expression {
	env, err := environment()
	if err != nil {
		c.reject(rule, "%v", err)
		return nil
	}
	compiled, err := expression.Compile(env, text, result)
	if mistake := (*expression.Error)(nil); errors.As(err, &mistake) {
		_, value := chart.Entry(rule, key)
		at := *value
		at.Line = expression.Line(&at, mistake)
		c.reject(&at, "%v", mistake)
	}
	return compiled
}
