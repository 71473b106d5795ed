package chart

import "sync"

// Once is what make makes of a rendering, made when it is first asked for: rules that look at the same thing share the work. Keys are
// of a type of the caller's own, and hold all that make depends on besides the rendering.
func Once[K comparable, V any](r *Rendered, key K, make func() V) V {
	made, known := r.made.Load(key)
	if !known {
		made, _ = r.made.LoadOrStore(key, sync.OnceValue(make))
	}
	return made.(func() V)()
}
