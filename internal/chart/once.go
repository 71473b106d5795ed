package chart

import "sync"

// memo holds what other packages have computed about a chart or a rendering.
type memo struct{ results sync.Map }

func (m *memo) computed() *sync.Map { return &m.results }

// Memo is a [Chart] or a [Rendered].
type Memo interface{ computed() *sync.Map }

// Once returns the result of compute, which it calls only once for a chart or rendering and a key, so that callers that
// need the same result share the work. The type of the key must be the caller's own, and its value must hold all that
// compute depends on besides the chart or rendering.
func Once[K comparable, V any](of Memo, key K, compute func() V) V {
	result, known := of.computed().Load(key)
	if !known {
		result, _ = of.computed().LoadOrStore(key, sync.OnceValue(compute))
	}
	return result.(func() V)()
}
