package coverage

import (
	"fmt"
	"strings"
	"text/template/parse"
)

// The functions and, or, default, ternary and coalesce return one of their operands. Each operand is a block. It is
// executed if it is the result. Its probe says that no operand considered before it is the result. The probe of the
// first one says that the call ended. An operand is therefore the result as often as its probe was reached, less the
// times when that of the next one was.

// passing returns an expression that reaches a probe. Its value is not empty.
func passing(number int) string {
	return fmt.Sprintf(`(lookup "%s/v1" "%d" "" "")`, probeGroup, number)
}

// stopping returns an expression that reaches a probe. Its value is empty.
func stopping(number int) string {
	return fmt.Sprintf(`(lookup "%s/v1" "%d" "" "block")`, probeGroup, number)
}

// operands makes blocks of the operands in a pipeline, and puts probes in it.
func (in *instrumenter) operands(outer *Block, pipe *parse.PipeNode) {
	if pipe == nil {
		return
	}
	known := len(in.blocks)
	text := in.pipeline(outer, pipe)
	if len(in.blocks) == known {
		return
	}
	raw := &parse.IdentifierNode{NodeType: parse.NodeIdentifier, Ident: text}
	pipe.Cmds = []*parse.CommandNode{{NodeType: parse.NodeCommand, Args: []parse.Node{raw}}}
}

// pipeline prints the commands of a pipeline with probes.
func (in *instrumenter) pipeline(outer *Block, pipe *parse.PipeNode) string {
	printed := ""
	for _, command := range pipe.Cmds {
		printed = in.command(outer, command, printed)
	}
	return printed
}

// command prints a command with the pipeline before it, which may be empty.
func (in *instrumenter) command(outer *Block, command *parse.CommandNode, before string) string {
	var arguments []string
	for _, argument := range command.Args {
		arguments = append(arguments, in.argument(outer, argument))
	}
	c := call{instrumenter: in, outer: outer, node: command, operands: arguments[1:], before: before}
	printer := c.printer()
	if printer == nil {
		return c.piped(strings.Join(arguments, " "))
	}
	printed, first := printer()
	return fmt.Sprintf("index (list (%s) %s) 0", printed, passing(first)) // the first element, when it was computed
}

// argument prints an argument of a command.
func (in *instrumenter) argument(outer *Block, node parse.Node) string {
	switch node := node.(type) {
	case *parse.PipeNode:
		return "(" + in.pipeline(outer, node) + ")"
	case *parse.ChainNode:
		return in.argument(outer, node.Node) + "." + strings.Join(node.Field, ".")
	}
	return node.String()
}

// call is a call of a function, which returns an operand or something else.
type call struct {
	*instrumenter

	outer    *Block
	node     *parse.CommandNode
	operands []string // printed with probes
	before   string   // the pipeline whose value is the last operand, printed with probes; "" if there is none
}

// printer returns a function that prints the call, and returns the number of the first operand; nil if the result is
// not one of several operands.
func (c call) printer() func() (printed string, first int) {
	switch name, count := c.node.Args[0].String(), c.last()+1; {
	case (name == "and" || name == "or") && count > 1:
		return c.logic
	case name == "coalesce" && count > 1:
		return c.coalesce
	case name == "default" && count == 2:
		return c.fallback
	case name == "ternary" && count == 3:
		return c.ternary
	}
	return nil
}

// last returns the index of the last operand.
func (c call) last() int {
	if c.before != "" {
		return len(c.operands)
	}
	return len(c.operands) - 1
}

func (c call) piped(command string) string {
	if c.before == "" {
		return command
	}
	return c.before + " | " + command
}

// considered makes blocks of operands, in the order in which they are considered, and returns their numbers.
func (c call) considered(indices ...int) []int {
	var numbers []int
	for i, index := range indices {
		what := "the piped value"
		if index+1 < len(c.node.Args) {
			what = c.node.Args[index+1].String()
		}
		block := &Block{
			File: c.file, Line: c.line(c.node.Pos), What: what + " as the result of " + c.node.String(), outer: c.outer,
		}
		number := c.first + len(c.blocks)
		if i+1 < len(indices) {
			block.next = number + 1
		}
		numbers = append(numbers, number)
		c.blocks = append(c.blocks, block)
	}
	return numbers
}

func (c call) inOrder() []int {
	var indices []int
	for i := range c.last() + 1 {
		indices = append(indices, i)
	}
	return c.considered(indices...)
}

// logic prints and, or.
func (c call) logic() (printed string, first int) {
	numbers, name := c.inOrder(), c.node.Args[0].String()
	for i, next := range numbers[1:] {
		if name == "and" {
			c.operands[i] = fmt.Sprintf("(and %s %s)", c.operands[i], passing(next))
		} else {
			c.operands[i] = fmt.Sprintf("(or %s %s)", c.operands[i], stopping(next))
		}
	}
	return c.piped(name + " " + strings.Join(c.operands, " ")), numbers[0]
}

// coalesce prints coalesce. It evaluates all operands, so those before an operand are nested.
func (c call) coalesce() (printed string, first int) {
	numbers, nested := c.inOrder(), ""
	for i, next := range numbers[1:] {
		operand := c.operands[i]
		if nested != "" {
			operand = fmt.Sprintf("(coalesce %s %s)", nested, operand)
		}
		nested = fmt.Sprintf("(or %s %s)", operand, stopping(next))
	}
	rest := append([]string{"coalesce", nested}, c.operands[c.last():]...)
	if c.before != "" {
		rest = rest[:2]
	}
	return c.piped(strings.Join(rest, " ")), numbers[0]
}

// fallback prints default, which returns its first operand if the second one is empty.
func (c call) fallback() (printed string, first int) {
	numbers := c.considered(1, 0)
	if c.before != "" {
		return fmt.Sprintf("or (%s) %s | default %s", c.before, stopping(numbers[1]), c.operands[0]), numbers[0]
	}
	return fmt.Sprintf("default %s (or %s %s)", c.operands[0], c.operands[1], stopping(numbers[1])), numbers[0]
}

// ternary prints ternary, which returns its first operand if the third one is true. That one stays a boolean.
func (c call) ternary() (printed string, first int) {
	numbers := c.considered(1, 0)
	isTrue := fmt.Sprintf("(not %s)", stopping(numbers[1]))
	if c.before != "" {
		return fmt.Sprintf("and (%s) %s | ternary %s", c.before, isTrue, strings.Join(c.operands, " ")), numbers[0]
	}
	return fmt.Sprintf("ternary %s %s (and %s %s)", c.operands[0], c.operands[1], c.operands[2], isTrue), numbers[0]
}
