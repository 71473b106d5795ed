package steps

import (
	"fmt"
	"io"
	"reflect"
	"strings"
)

// headlineError is an error that %+v prints without its details. Package godog prints the error of a failed step with
// %+v up to three times: below the step, in its summary, and in the log of go test. The details are printed by the
// report of the run, once.
type headlineError struct{ error }

func (h headlineError) Unwrap() error { return h.error }

// Format implements fmt.Formatter.
func (h headlineError) Format(f fmt.State, verb rune) {
	text := h.Error()
	if first, _, more := strings.Cut(text, "\n"); more && verb == 'v' && f.Flag('+') {
		text = first + " …"
	}
	_, _ = io.WriteString(f, text)
}

// withHeadlines returns the method of a step, whose last result is an error, so that it returns headlineErrors.
func withHeadlines(method any) any {
	called := reflect.ValueOf(method)
	return reflect.MakeFunc(called.Type(), func(arguments []reflect.Value) []reflect.Value {
		results := called.Call(arguments)
		if last := len(results) - 1; last >= 0 {
			if err, ok := results[last].Interface().(error); ok && err != nil {
				results[last] = reflect.ValueOf(headlineError{err})
			}
		}
		return results
	}).Interface()
}
