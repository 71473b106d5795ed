package policy

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/traderadmin/charts/internal/chart"
	"github.com/traderadmin/charts/internal/suggest"
)

// check finds the mistakes that the decoder accepts, and records the positions of the items.
func check(p *Policy, root *yaml.Node, rules []string) error {
	c := checker{policy: p, rules: rules}
	c.checkStructure(root)
	if len(c.mistakes) > 0 {
		return errors.Join(c.mistakes...) // the nodes do not correspond to what was decoded
	}
	c.checkCustomRules(root)
	c.checkRules(root)
	c.checkPractices(root)
	c.checkKubeVersions(root)
	c.checkValuesSets(root)
	c.checkSuppressions(root)
	return errors.Join(c.mistakes...)
}

type checker struct {
	policy   *Policy
	rules    []string // the IDs of all rules
	mistakes []error
}

func (c *checker) reject(node *yaml.Node, format string, args ...any) {
	c.mistakes = append(c.mistakes, mistakef(node, format, args...))
}

// checkStructure rejects merge keys, whose positions would be misleading, and empty items, which the decoder skips.
func (c *checker) checkStructure(node *yaml.Node) {
	if node.Tag == "!!merge" {
		c.reject(node, "merge keys (<<) are not supported: write the keys out")
	}
	for _, child := range node.Content {
		if node.Kind == yaml.SequenceNode && chart.Resolve(child).ShortTag() == "!!null" {
			c.reject(child, "the list has an empty item")
		}
		c.checkStructure(child)
	}
}

func (c *checker) checkRule(node *yaml.Node, id string) {
	if !slices.Contains(c.rules, id) {
		c.reject(node, "unknown rule %q%s", id, suggest.For(id, c.rules))
	}
}

func (c *checker) checkRules(root *yaml.Node) {
	_, severities := chart.Entry(root, "rules")
	for id := range chart.Pairs(severities) {
		c.checkRule(id, id.Value)
	}
}

func (c *checker) checkPractices(root *yaml.Node) {
	for i, node := range items(root, "practices") {
		if id := c.policy.Practices.Rules[i]; strings.HasPrefix(id, PracticePrefix) {
			c.checkRule(node, id)
		} else {
			c.reject(node, "%q is not a check of kube-score: want one such as %spod-probes", id, PracticePrefix)
		}
	}
}

func (c *checker) checkKubeVersions(root *yaml.Node) {
	for i, node := range items(root, "kubeVersions") {
		if _, err := chart.NewVariant(c.policy.KubeVersions[i]); err != nil {
			c.reject(node, "%v", err)
		}
	}
}

// checkValuesSets also resolves the paths of the files.
func (c *checker) checkValuesSets(root *yaml.Node) {
	taken := map[string]bool{}
	for i, node := range items(root, "valuesSets") {
		set := &c.policy.ValuesSets[i]
		set.Position = c.position(node)
		switch {
		case set.Name == "":
			c.reject(node, "the values set has no name")
		case taken[set.Name]:
			c.reject(node, "two values sets have the name %q", set.Name)
		}
		taken[set.Name] = true
		for j, file := range items(node, "files") {
			set.Files[j] = filepath.Join(filepath.Dir(c.policy.File), filepath.FromSlash(set.Files[j]))
			if _, err := os.Stat(set.Files[j]); err != nil {
				c.reject(file, "cannot read the values file: %v", err)
			}
		}
	}
}

func (c *checker) checkSuppressions(root *yaml.Node) {
	for i, node := range items(root, "suppressions") {
		s := &c.policy.Suppressions[i]
		s.Position = c.position(node)
		if s.Rule == "" {
			c.reject(node, "the suppression has no rule")
		} else {
			c.checkRule(node, s.Rule)
		}
		if strings.TrimSpace(s.Reason) == "" {
			c.reject(node, "the suppression has no reason")
		}
		for _, pattern := range []string{s.Object, s.Container, s.ValuesSet} {
			if _, err := path.Match(pattern, ""); err != nil {
				c.reject(node, "invalid pattern %q: %v", pattern, err)
			}
		}
	}
}

func (c *checker) position(node *yaml.Node) chart.Position {
	return chart.Position{File: c.policy.File, Line: node.Line, Column: node.Column}
}

// items returns the items of the list that is the value of a key of a map.
func items(mapping *yaml.Node, key string) []*yaml.Node {
	_, list := chart.Entry(mapping, key)
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	nodes := make([]*yaml.Node, len(list.Content))
	for i, node := range list.Content {
		nodes[i] = chart.Resolve(node)
	}
	return nodes
}
