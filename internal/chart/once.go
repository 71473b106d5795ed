package chart

import "sync"

// memo caches the results that other packages compute from a chart or a rendering.
type memo struct{ results sync.Map }

func (m *memo) computed() *sync.Map { return &m.results }

// Memo is a [Chart] or a [Rendered].
type Memo interface{ computed() *sync.Map }

// Once returns the result of compute, which is called only once for each chart or rendering and key, so that callers
// share the work. The type of the key must be private to the caller. Its value must identify everything that compute
// depends on besides the chart or rendering.
func Once[K comparable, V any](of Memo, key K, compute func() V) V {
	result, known := of.computed().Load(key)
	if !known {
		result, _ = of.computed().LoadOrStore(key, sync.OnceValue(compute))
	}
	return result.(func() V)()
}
