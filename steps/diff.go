package steps

import "github.com/aymanbagabas/go-udiff"

// titled is a text and its name in a diff.
type titled struct{ title, text string }

// unified returns a unified diff of two texts, or "" if they are the same.
func unified(from, to titled) string { return udiff.Unified(from.title, to.title, from.text, to.text) }
