// Package cause finds the cause in the words of a failed Helm command.
//
// Helm puts what it was doing in front of the cause, and the API server puts the whole value behind the field that it
// refuses: a Job with a changed pod template fails with more than 2,000 characters, in which "field is immutable" comes
// last. The words are read as text, because they are the same for Helm's SDK and for any helm binary.
package cause

import (
	"fmt"
	"regexp"
	"strings"
)

// wrappers are what Helm puts in front of a cause, and what says nothing about it.
var wrappers = regexp.MustCompile(`^(?:Error: |INSTALLATION FAILED: |UPGRADE FAILED: |ROLLBACK FAILED: |` +
	`release \S+ failed(?:, and has been (?:uninstalled|rolled back) due to \S+ being set)?: |` +
	`unable to build kubernetes objects? (?:from|for) (?:[a-z]+ )*(?:manifest|hook \S+): |` +
	`Unable to continue with (?:install|update): |failed to create resource: |failed to replace object: |` +
	`cannot patch "[^"]*" with kind \S+: |error validating "[^"]*": error validating data: |` +
	`server-side apply failed for object \S+ \S+, Kind=\S+: |\d+ errors? occurred:\s+\* )`)

// hook is what Helm puts in front of the failure of a hook. It says what failed.
var hook = regexp.MustCompile(`^(?:failed (?:pre|post)-install|(?:pre|post)-\w+ hooks failed|` +
	`warning: Hook \S+ \S+ failed): `)

// Find returns the cause in the words of a failed Helm command. Its first line names the object, the field and the
// reason, as far as they are given. It returns words unchanged if there is nothing to leave out.
func Find(words string) string {
	words = strings.TrimSpace(words)
	if stage := hook.FindString(words); stage != "" {
		return stage + Find(words[len(stage):])
	}
	if wrapper := wrappers.FindString(words); wrapper != "" {
		return Find(words[len(wrapper):])
	}
	for _, explain := range []func(string) string{invalid, refused, unknownKind, schema, template} {
		if found := explain(words); found != "" {
			return found
		}
	}
	return words
}

// Wrapped reports whether Find leaves out more than the words that name the Helm command.
func Wrapped(words, found string) bool {
	_, rest, _ := strings.Cut(words, " FAILED: ")
	return strings.TrimSpace(words) != found && strings.TrimSpace(rest) != found
}

var (
	invalidObject = regexp.MustCompile(`(?s)^([A-Z]\w*)\S* "([^"]*)" is invalid: (.*)$`)
	fieldError    = regexp.MustCompile(`(<nil>|[a-zA-Z]\w*(?:\.[\w-]+|\[[^\]]*\])*): ` +
		`(Invalid value|Required value|Forbidden|Unsupported value|Duplicate value|Not found|Too long|Too many|` +
		`Internal error)(?:: )?`)
	nextObject = regexp.MustCompile(` && cannot patch "[^"]*" with kind `)
)

// invalid explains objects with invalid fields.
func invalid(words string) string {
	parts := nextObject.Split(words, -1)
	found := invalidObject.FindStringSubmatch(parts[0])
	if found == nil {
		return ""
	}
	reasons := fieldErrors(found[3])
	if len(reasons) == 0 {
		return ""
	}
	const shown = 3
	more := ""
	if n := len(reasons) - shown; n > 0 {
		reasons, more = reasons[:shown], fmt.Sprintf("; and %d more", n)
	}
	if n := len(parts) - 1; n > 0 {
		more += fmt.Sprintf("; and %d more objects", n)
	}
	return fmt.Sprintf("%s %q: %s%s", found[1], found[2], strings.Join(reasons, "; "), more)
}

// fieldErrors returns one reason for each field that the API server refuses, without repetitions. The values between
// the fields are skipped, so that no text in them is taken for a field.
func fieldErrors(text string) []string {
	var reasons []string
	known := map[string]bool{}
	for {
		at := fieldError.FindStringSubmatchIndex(text)
		if at == nil {
			return reasons
		}
		field, problem := text[at[2]:at[3]], text[at[4]:at[5]]
		text = text[at[1]:]
		value := ""
		if problem != "Forbidden" && problem != "Required value" {
			value = leadingValue(text)
			text = strings.TrimPrefix(text[len(value):], ": ")
		}
		end := len(text)
		if next := fieldError.FindStringIndex(text); next != nil {
			end = next[0]
		}
		message := strings.Trim(text[:end], ", []\n")
		if reason := fieldReason(field, problem, value, message); !known[reason] {
			known[reason] = true
			reasons = append(reasons, reason)
		}
		text = text[end:]
	}
}

// fieldReason returns the reason why a field is refused, in one phrase.
func fieldReason(field, problem, value, message string) string {
	if len(value) > 60 {
		value = ""
	}
	value = strings.TrimSuffix(" "+value, " ")
	switch {
	case strings.HasSuffix(message, "field is immutable"):
		return field + " is immutable"
	case problem == "Required value" && message == "":
		return field + " is required"
	case problem == "Required value":
		return field + " is required: " + message
	case problem == "Duplicate value":
		return field + value + " is a duplicate"
	case problem == "Unsupported value":
		return field + value + " is not supported: " + message
	case message == "":
		return fmt.Sprintf("%s%s: %s", field, value, strings.ToLower(problem))
	}
	return field + value + ": " + message
}

var (
	refusal = regexp.MustCompile(`(?s)^([a-z]\w*)\S* "([^"]*)" is forbidden: ` +
		`ValidatingAdmissionPolicy '([^']*)'(?: with binding '[^']*')? denied request: (.*)$`)
	webhook = regexp.MustCompile(`(?s)^admission webhook "([^"]*)" denied the request: (.*)$`)
)

// refused explains objects that an admission policy or a webhook refuses.
func refused(words string) string {
	if found := refusal.FindStringSubmatch(words); found != nil {
		return fmt.Sprintf("ValidatingAdmissionPolicy %q refuses %s %q: %s",
			found[3], strings.TrimSuffix(found[1], "s"), found[2], found[4])
	}
	if found := webhook.FindStringSubmatch(words); found != nil {
		return fmt.Sprintf("admission webhook %q refuses: %s", found[1], found[2])
	}
	return ""
}

var noKind = regexp.MustCompile(`^\[?resource mapping not found for name: "([^"]*)" namespace: "[^"]*" from "[^"]*": ` +
	`no matches for kind "([^"]*)" in version "([^"]*)"`)

// unknownKind explains kinds that the cluster does not serve.
func unknownKind(words string) string {
	found := noKind.FindStringSubmatch(words)
	if found == nil {
		return ""
	}
	return fmt.Sprintf("%s %q: the cluster has no kind %s in %s; install its CRD first", found[2], found[1], found[2],
		found[3])
}

var schemaErrors = regexp.MustCompile(`(?s)^values don't meet the specifications of the schema\(s\) in the following ` +
	`chart\(s\):\n(\S+):\n(.*)$`)

// schema explains values that the schema of a chart does not allow.
func schema(words string) string {
	found := schemaErrors.FindStringSubmatch(words)
	if found == nil {
		return ""
	}
	var reasons []string
	for line := range strings.Lines(found[2]) {
		if reason, ok := strings.CutPrefix(strings.TrimSpace(line), "- "); ok {
			reasons = append(reasons, reason)
		}
	}
	if len(reasons) == 0 {
		return ""
	}
	return fmt.Sprintf("the schema of chart %s does not allow the values: %s", found[1], strings.Join(reasons, "; "))
}

var (
	demanded = regexp.MustCompile(`(?s)execution error at \(([^)]+)\): (.*)$`)
	executed = regexp.MustCompile(`(?s)template: (\S+:\d+(?::\d+)?): executing "[^"]*" at (<.*?>): (.*)$`)
)

// template explains templates that cannot be rendered, by the innermost one that failed.
func template(words string) string {
	if found := demanded.FindStringSubmatch(words); found != nil {
		return found[1] + ": " + found[2]
	}
	innermost := ""
	for rest := words; ; {
		found := executed.FindStringSubmatch(rest)
		if found == nil {
			return innermost
		}
		innermost = fmt.Sprintf("%s: %s: %s", found[1], found[2], found[3])
		rest = found[3]
	}
}
