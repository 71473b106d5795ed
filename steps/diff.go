package steps

import "github.com/pmezard/go-difflib/difflib"

// titled is a text and what a difference calls it.
type titled struct{ title, text string }

// unified is how two texts differ, as a unified diff; "" where they do not.
func unified(from, to titled) string {
	diff, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: difflib.SplitLines(from.text), FromFile: from.title,
		B: difflib.SplitLines(to.text), ToFile: to.title,
		Context: 3,
	})
	if err != nil {
		return err.Error()
	}
	return diff
}
