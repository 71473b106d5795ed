// Package valuesuse finds which values the templates of a chart read, and where, by abstract interpretation.
//
// # Idea
//
// Rendering shows what a chart does with one set of values. Three questions are about all of them: which keys of
// values.yaml does no template read ([Unused]), which keys do templates read that nothing declares ([Undeclared]), and
// which key decides a value in a rendered object ([Origin])? To answer them, the package executes the parse trees of
// all templates once, on abstract values instead of concrete ones, and records which of the chart's values reach an
// operation that depends on them: output, a condition, a comparison, a function.
//
// # Abstract values
//
// An access path (type path) names a location in the values of the root chart by its keys, such as image.tag. A key
// that is computed, or the item of a range, is the summary key anyKey, which stands for all keys of its map or list.
// Paths form a tree, and each path carries the facts of the analysis: a read is shallow if it depends on whether the
// value is set and on a scalar's value, and deep if it depends on all parts of the value.
//
// An abstract value (type value) is the set of values that an expression may have. It is a product of sets: access
// paths into the chart's values, constant strings, the fields of a dict by constant key, one value for all unknown keys
// or all items of a list, and a bit for values that hold nothing of the chart's values (foreign). The order is
// inclusion in each component; the join is the union of each. nil is the foreign value alone.
//
// Dicts are mutable, so abstract values have identity: a write to a dict joins the new field into it (a weak update),
// and a write to a join reaches its operands too.
//
// # Transfer functions
//
// A field access extends every path of its operand by the key, and selects the field of every dict. Each template
// function that returns its arguments, or looks at a part of them only, has a transfer function (type transfer). All
// other functions read their arguments deeply and return a foreign value. Output reads deeply; if, with and range read
// shallowly.
//
// Control flow is executed as a join: both branches of if and with are executed one after the other in the same
// environment, and an assignment to a variable joins the new value with the old one. A call of a named template by
// include or template executes it with its argument (context sensitive). Its result is text, and thus foreign. A name
// that is not known calls every named template. Templates that nothing calls are executed with the dot of their chart.
//
// # Termination
//
//   - Loops: the body of a range is executed for the join of all items, and once more if the first time wrote to a
//     variable or a dict.
//   - Calls: a call is memoized by template and argument. The memo is stored before the body is executed, so that
//     recursion with an equal argument ends there. Recursion with a growing argument ends after a fixed depth. There
//     the argument is read deeply, except for what it has under the key Values: see readContext.
//   - Paths: a path of maxDepth keys is its own child, and is read deeply (widening).
//   - Everything else: after maxSteps steps the analysis gives up and is incomplete.
//
// # Guarantees
//
// [Unused] needs an over-approximation of the reads: whatever is not followed counts as reading all that it might read.
// Within the limits below, no template reads a key that is reported as unused. [Undeclared] needs the opposite: it
// reports only field accesses with a literal key, on an operand that has exactly one path, in a template that is
// certain to be executed with it; calls by unknown or ambiguous names do not count (interpreter.uncertain). [Origin]
// needs the exact reads of one action, and compares them with what was rendered before it answers.
//
// If a template does not parse, or the analysis gives up, it is incomplete, and [Unused] and [Undeclared] report
// nothing.
//
// # Limits
//
//   - Two iterations of a range are no fixpoint: a value that passes through three variables, one in each iteration, is
//     lost. A read of such a value can be missed.
//   - A text passed to tpl is not executed. Every string in templates, and every file of the chart that is not a
//     template, is searched for {{ … .Values.a.b … }} instead, as if it were passed to tpl.
//   - break and continue are ignored, and conditions are not evaluated: a read in a branch that is never taken counts.
//   - lookup and .Files return foreign values.
package valuesuse
