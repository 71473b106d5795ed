package chart

import "text/template/parse"

// function is what a template function yields. One that is not listed reads all of its arguments, and yields something that is no
// longer one of the values.
func (f *frame) function(name string, n parse.Node, arguments []*datum) *datum {
	if known := functions[name]; known != nil && len(arguments) > 0 {
		return known(f, n, arguments)
	}
	f.readAll(arguments...)
	return nil
}

// functions are those of text/template, sprig and Helm that pass values on, or do not look at all that is in them. They are called
// with at least one argument.
var functions map[string]func(*frame, parse.Node, []*datum) *datum

func init() { // it refers to itself, through include
	functions = map[string]func(*frame, parse.Node, []*datum) *datum{
		"and": (*frame).callOneOf, "or": (*frame).callOneOf, "default": (*frame).callOneOf, "coalesce": (*frame).callOneOf,
		"not": (*frame).callAsk, "empty": (*frame).callAsk, "kindOf": (*frame).callAsk, "typeOf": (*frame).callAsk, "kindIs": (*frame).callAsk, "typeIs": (*frame).callAsk, "typeIsLike": (*frame).callAsk,
		"len": (*frame).callLength, "required": (*frame).callRequired, "ternary": (*frame).callTernary,

		"index": (*frame).callIndex, "get": (*frame).callIndex, "dig": (*frame).callDig, "hasKey": (*frame).callHasKey, "pluck": (*frame).callPluck, "keys": (*frame).callKeys, "values": (*frame).callItems,
		"dict": (*frame).callDict, "set": (*frame).callSet, "unset": (*frame).callUnset, "pick": (*frame).callPick, "omit": (*frame).callOmit,
		"merge": (*frame).callMerge, "mustMerge": (*frame).callMerge, "mergeOverwrite": (*frame).callMerge, "mustMergeOverwrite": (*frame).callMerge,
		"deepCopy": (*frame).callCopied, "mustDeepCopy": (*frame).callCopied,

		"list": (*frame).callList, "tuple": (*frame).callList, "first": (*frame).callFirst, "mustFirst": (*frame).callFirst, "last": (*frame).callFirst, "mustLast": (*frame).callFirst,
		"rest": (*frame).callSame, "mustRest": (*frame).callSame, "initial": (*frame).callSame, "mustInitial": (*frame).callSame, "slice": (*frame).callSame, "mustSlice": (*frame).callSame,
		"reverse": (*frame).callReversed, "mustReverse": (*frame).callReversed, "uniq": (*frame).callCompared, "mustUniq": (*frame).callCompared, "compact": (*frame).callCompared, "mustCompact": (*frame).callCompared,
		"without": (*frame).callCompared, "mustWithout": (*frame).callCompared,
		"concat": (*frame).callConcat, "append": (*frame).callAppended, "mustAppend": (*frame).callAppended, "push": (*frame).callAppended, "mustPush": (*frame).callAppended,
		"prepend": (*frame).callAppended, "mustPrepend": (*frame).callAppended,

		"include": (*frame).callInclude, "tpl": (*frame).callTpl,
	}
}

func (f *frame) callOneOf(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	return f.union(a...)
}

func (f *frame) callAsk(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	return nil
}

func (f *frame) callLength(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	f.readSelf(f.item(a[0]))
	return nil
}

func (f *frame) callRequired(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	return a[len(a)-1]
}

func (f *frame) callTernary(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	return f.union(a[:min(2, len(a))]...)
}

func (f *frame) callIndex(n parse.Node, a []*datum) *datum {
	d := a[0]
	for step, key := range a[1:] {
		d = f.at(f.spot(n, step), d, key)
	}
	return d
}

// dig "a" "b" DEFAULT MAP
func (f *frame) callDig(_ parse.Node, a []*datum) *datum {
	if len(a) < 3 {
		f.readAll(a...)
		return nil
	}
	d := a[len(a)-1]
	for _, key := range a[:len(a)-2] {
		d = f.at(nil, d, key)
		f.readSelf(d)
	}
	return f.union(d, a[len(a)-2])
}

func (f *frame) callHasKey(_ parse.Node, a []*datum) *datum {
	if len(a) > 1 {
		f.readSelf(f.at(nil, a[0], a[1]))
	}
	return nil
}

// pluck KEY MAP…
func (f *frame) callPluck(_ parse.Node, a []*datum) *datum {
	found := make([]*datum, 0, len(a))
	for _, d := range a[1:] {
		found = append(found, f.at(nil, d, a[0]))
	}
	return f.listOf(found...)
}

func (f *frame) callKeys(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	var all []*datum
	for _, d := range a {
		f.readSelf(f.item(d))
		all = append(all, f.itemKey(d))
	}
	return f.listOf(all...)
}

func (f *frame) callItems(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	return f.listOf(f.item(a[0]))
}

func (f *frame) callDict(_ parse.Node, a []*datum) *datum {
	d := &datum{fields: map[string]*datum{}, made: true}
	for i := 0; i < len(a); i += 2 {
		var value *datum
		if i+1 < len(a) {
			value = a[i+1]
		}
		f.put(d, a[i], value)
	}
	return d
}

// put puts a value under a key into a map that a template made.
func (r *reader) put(d, key, value *datum) {
	r.readSelf(key)
	names, known := key.constants()
	if !known {
		if value != nil && d.rest != value && (d.rest == nil || !d.rest.within(value)) {
			d.rest = r.unionWith(d.rest, value)
			d.edits++
			r.changes++
		}
		return
	}
	for _, name := range names {
		if r.putField(d, name, value) {
			d.edits++
			r.changes++
		}
	}
}

// set changes a map in place, and yields it. What is put into the values themselves may be read from there by any template.
func (f *frame) callSet(_ parse.Node, a []*datum) *datum {
	if len(a) < 3 || a[0] == nil {
		f.readAll(a...)
		return nil
	}
	f.change(a[0], a[1], a[2])
	return a[0]
}

func (f *frame) change(d, key, value *datum) {
	if d == nil {
		f.readAll(value)
		return
	}
	if len(d.places) > 0 {
		f.readAll(value)
		f.opened(d, key)
	}
	if d.fields != nil || d.rest != nil || len(d.places) == 0 {
		f.put(d, key, value)
	}
	for _, part := range d.of {
		f.change(part, key, value)
	}
}

// opened notes that templates put something into the values.
func (f *frame) opened(d, key *datum) {
	names, known := key.constants()
	for _, p := range d.places {
		if !known {
			p.open = true
		}
		for _, name := range names {
			f.child(p, name).open = true
		}
	}
}

func (f *frame) callUnset(_ parse.Node, a []*datum) *datum {
	f.readSelf(a[1:]...)
	return a[0]
}

func (f *frame) callPick(_ parse.Node, a []*datum) *datum {
	d := &datum{fields: map[string]*datum{}, made: true}
	for _, key := range a[1:] {
		names, known := key.constants()
		if !known {
			return a[0].copied()
		}
		for _, name := range names {
			d.fields[name] = f.get(nil, a[0], name)
		}
	}
	return d
}

func (f *frame) callOmit(_ parse.Node, a []*datum) *datum {
	f.readSelf(a[1:]...)
	return a[0].copied()
}

// merge changes its first argument in place, and yields it.
func (f *frame) callMerge(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	into := a[0]
	if into == nil { // what is merged into it can be read from wherever it is
		f.readAll(a...)
		return f.union(a...)
	}
	for _, d := range a[1:] {
		if d == nil {
			into.other = true
			continue
		}
		if len(into.places) > 0 && !into.made || len(into.of) > 0 {
			f.readAll(d)
		}
		if into.root {
			into = into.copied() // the dot of all other templates too: what they may read of it, they read of the copy
			f.readContext(d)
		}
		if f.add(into, d) {
			into.edits++
			f.changes++
		}
	}
	for _, p := range into.places {
		p.open = p.open || !into.made && len(a) > 1
	}
	return into
}

func (*frame) callCopied(_ parse.Node, a []*datum) *datum { return a[0].copied() }

func (f *frame) callSame(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	return a[0]
}

func (*frame) callReversed(_ parse.Node, a []*datum) *datum { return a[0] }

// compared keeps some items of a list, which depends on all that is in them.
func (f *frame) callCompared(_ parse.Node, a []*datum) *datum {
	f.readAll(a...)
	return a[0]
}

func (f *frame) callList(_ parse.Node, a []*datum) *datum { return f.listOf(a...) }

func (f *frame) callFirst(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	return f.item(a[0])
}

func (f *frame) callConcat(_ parse.Node, a []*datum) *datum {
	f.readSelf(a...)
	all := make([]*datum, len(a))
	for i, d := range a {
		all[i] = f.item(d)
	}
	return f.listOf(all...)
}

// append LIST ITEM
func (f *frame) callAppended(_ parse.Node, a []*datum) *datum {
	f.readSelf(a[0])
	return f.listOf(append([]*datum{f.item(a[0])}, a[1:]...)...)
}

func (f *frame) callInclude(_ parse.Node, a []*datum) *datum {
	var argument *datum
	if len(a) > 1 {
		argument = a[1]
	}
	names, known := a[0].constants()
	f.readSelf(a[0])
	if !known {
		f.includeAny(argument)
		return nil
	}
	for _, name := range names {
		f.include(name, argument)
	}
	return nil
}

// tpl TEXT CONTEXT
func (f *frame) callTpl(_ parse.Node, a []*datum) *datum {
	f.readAll(a[0])
	f.readContext(a[1:]...)
	return nil
}
