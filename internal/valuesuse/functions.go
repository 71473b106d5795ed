package valuesuse

import "text/template/parse"

// transfer is the transfer function of a template function: it records what a call reads and returns its value. It is
// called with at least one argument.
type transfer func(*frame, parse.Node, []*value) *value

// function calls a template function. A function without a transfer function reads all of its arguments, and returns
// none of the chart's values.
func (f *frame) function(name string, n parse.Node, arguments []*value) *value {
	if known := functions[name]; known != nil && len(arguments) > 0 {
		return known(f, n, arguments)
	}
	f.readDeep(arguments...)
	return nil
}

// functions are those of text/template, Sprig and Helm that return their arguments or parts of them, or do not read all
// parts of them.
var functions map[string]transfer

func init() { // the initialization would refer to itself, through include
	functions = map[string]transfer{}
	register := func(t transfer, names ...string) {
		for _, name := range names {
			functions[name] = t
		}
	}
	register((*frame).callOneOf, "and", "or", "coalesce")
	register((*frame).callDefault, "default")
	register((*frame).callTest, "not", "empty", "kindOf", "typeOf", "kindIs", "typeIs", "typeIsLike")
	register((*frame).callLen, "len")
	register((*frame).callRequired, "required")
	register((*frame).callTernary, "ternary")

	register((*frame).callIndex, "index", "get")
	register((*frame).callDig, "dig")
	register((*frame).callHasKey, "hasKey")
	register((*frame).callPluck, "pluck")
	register((*frame).callKeys, "keys")
	register((*frame).callValues, "values")
	register((*frame).callDict, "dict")
	register((*frame).callSet, "set")
	register((*frame).callUnset, "unset")
	register((*frame).callPick, "pick")
	register((*frame).callOmit, "omit")
	register((*frame).callMerge, "merge", "mustMerge", "mergeOverwrite", "mustMergeOverwrite")
	register((*frame).callDeepCopy, "deepCopy", "mustDeepCopy")

	register((*frame).callList, "list", "tuple")
	register((*frame).callItem, "first", "mustFirst", "last", "mustLast")
	register((*frame).callSlice, "rest", "mustRest", "initial", "mustInitial", "slice", "mustSlice")
	register((*frame).callReverse, "reverse", "mustReverse")
	register((*frame).callFilter, "uniq", "mustUniq", "compact", "mustCompact", "without", "mustWithout")
	register((*frame).callConcat, "concat")
	register((*frame).callAppend, "append", "mustAppend", "push", "mustPush", "prepend", "mustPrepend")

	register((*frame).callInclude, "include")
	register((*frame).callTpl, "tpl")
}

func (f *frame) callOneOf(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	return f.join(a...)
}

// callDefault is default FALLBACK VALUE.
func (f *frame) callDefault(n parse.Node, a []*value) *value {
	if len(a) > 1 && a[0] != nil && a[0].isLiteral {
		f.recordDefault(n, a[0].texts[0], a[1])
	}
	return f.callOneOf(n, a)
}

func (f *frame) callTest(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	return nil
}

func (f *frame) callLen(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	f.readShallow(f.item(a[0]))
	return nil
}

func (f *frame) callRequired(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	return a[len(a)-1]
}

func (f *frame) callTernary(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	return f.join(a[:min(2, len(a))]...)
}

func (f *frame) callIndex(n parse.Node, a []*value) *value {
	v := a[0]
	for step, key := range a[1:] {
		v = f.index(f.location(n, step), v, key)
	}
	return v
}

// callDig is dig KEY… DEFAULT MAP.
func (f *frame) callDig(_ parse.Node, a []*value) *value {
	if len(a) < 3 {
		f.readDeep(a...)
		return nil
	}
	keys, otherwise, v := a[:len(a)-2], a[len(a)-2], a[len(a)-1]
	for _, key := range keys {
		v = f.index(nil, v, key)
		f.readShallow(v)
	}
	return f.join(v, otherwise)
}

func (f *frame) callHasKey(_ parse.Node, a []*value) *value {
	if len(a) > 1 {
		f.readShallow(f.index(nil, a[0], a[1]))
	}
	return nil
}

// callPluck is pluck KEY MAP….
func (f *frame) callPluck(_ parse.Node, a []*value) *value {
	found := make([]*value, 0, len(a))
	for _, v := range a[1:] {
		found = append(found, f.index(nil, v, a[0]))
	}
	return f.listOf(found...)
}

func (f *frame) callKeys(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	var keys []*value
	for _, v := range a {
		f.readShallow(f.item(v))
		keys = append(keys, f.itemKey(v))
	}
	return f.listOf(keys...)
}

func (f *frame) callValues(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	return f.listOf(f.item(a[0]))
}

func (f *frame) callDict(_ parse.Node, a []*value) *value {
	dict := &value{fields: map[string]*value{}, isCopy: true}
	for i := 0; i < len(a); i += 2 {
		var v *value
		if i+1 < len(a) {
			v = a[i+1]
		}
		f.put(dict, a[i], v)
	}
	return dict
}

// put joins a value into what a dict has under a key.
func (in *interpreter) put(dict, key, v *value) {
	in.readShallow(key)
	names, known := key.constants()
	if !known {
		if v != nil && dict.rest != v && (dict.rest == nil || !dict.rest.includes(v)) {
			dict.rest = in.joinSet(dict.rest, v)
			dict.writes++
			in.writes++
		}
		return
	}
	for _, name := range names {
		if in.joinField(dict, name, v) {
			dict.writes++
			in.writes++
		}
	}
}

// callSet is set MAP KEY VALUE. It writes to the map, and returns it.
func (f *frame) callSet(_ parse.Node, a []*value) *value {
	if len(a) < 3 || a[0] == nil {
		f.readDeep(a...)
		return nil
	}
	f.write(a[0], a[1], a[2])
	return a[0]
}

// write sets a key of all maps that v may be. Any template may read what is written to the chart's values.
func (f *frame) write(v, key, written *value) {
	if v == nil {
		f.readDeep(written)
		return
	}
	if len(v.paths) > 0 {
		f.readDeep(written)
		f.markAssigned(v, key)
	}
	if v.fields != nil || v.rest != nil || len(v.paths) == 0 {
		f.put(v, key, written)
	}
	for _, operand := range v.operands {
		f.write(operand, key, written)
	}
}

// markAssigned records that templates write to a key of the chart's values.
func (f *frame) markAssigned(v, key *value) {
	names, known := key.constants()
	for _, p := range v.paths {
		if !known {
			p.assigned = true
		}
		for _, name := range names {
			f.child(p, name).assigned = true
		}
	}
}

func (f *frame) callUnset(_ parse.Node, a []*value) *value {
	f.readShallow(a[1:]...)
	return a[0]
}

func (f *frame) callPick(_ parse.Node, a []*value) *value {
	picked := &value{fields: map[string]*value{}, isCopy: true}
	for _, key := range a[1:] {
		names, known := key.constants()
		if !known {
			return a[0].clone()
		}
		for _, name := range names {
			picked.fields[name] = f.get(nil, a[0], name)
		}
	}
	return picked
}

func (f *frame) callOmit(_ parse.Node, a []*value) *value {
	f.readShallow(a[1:]...)
	return a[0].clone()
}

// callMerge is merge MAP MAP…. It writes to the first map, and returns it.
func (f *frame) callMerge(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	into := a[0]
	if into == nil {
		f.readDeep(a...) // the map is not followed, and may be read anywhere
		return f.join(a...)
	}
	for _, v := range a[1:] {
		if v == nil {
			into.foreign = true
			continue
		}
		if len(into.paths) > 0 && !into.isCopy || len(into.operands) > 0 {
			f.readDeep(v)
		}
		if into.isContext {
			into = into.clone() // all other templates get the original; what they may read of it counts as read
			f.readContext(v)
		}
		if f.joinInto(into, v) {
			into.writes++
			f.writes++
		}
	}
	for _, p := range into.paths {
		p.assigned = p.assigned || !into.isCopy && len(a) > 1
	}
	return into
}

func (*frame) callDeepCopy(_ parse.Node, a []*value) *value { return a[0].clone() }

func (f *frame) callSlice(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	return a[0]
}

func (*frame) callReverse(_ parse.Node, a []*value) *value { return a[0] }

// callFilter returns some items of a list. Which ones depends on all parts of the items.
func (f *frame) callFilter(_ parse.Node, a []*value) *value {
	f.readDeep(a...)
	return a[0]
}

func (f *frame) callList(_ parse.Node, a []*value) *value { return f.listOf(a...) }

func (f *frame) callItem(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	return f.item(a[0])
}

func (f *frame) callConcat(_ parse.Node, a []*value) *value {
	f.readShallow(a...)
	items := make([]*value, len(a))
	for i, v := range a {
		items[i] = f.item(v)
	}
	return f.listOf(items...)
}

// callAppend is append LIST ITEM.
func (f *frame) callAppend(_ parse.Node, a []*value) *value {
	f.readShallow(a[0])
	return f.listOf(append([]*value{f.item(a[0])}, a[1:]...)...)
}

// callInclude is include NAME DOT.
func (f *frame) callInclude(_ parse.Node, a []*value) *value {
	var argument *value
	if len(a) > 1 {
		argument = a[1]
	}
	names, known := a[0].constants()
	f.readShallow(a[0])
	if !known {
		f.includeAny(argument)
		return nil
	}
	for _, name := range names {
		f.include(name, argument)
	}
	return nil
}

// callTpl is tpl TEXT DOT.
func (f *frame) callTpl(_ parse.Node, a []*value) *value {
	f.readDeep(a[0])
	f.readContext(a[1:]...)
	return nil
}
