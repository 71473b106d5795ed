package rule

// LimitExceeded is the ID of the rule for charts whose linting was given up.
const LimitExceeded = "limit-exceeded"

func init() {
	register(&Rule{
		ID:    LimitExceeded,
		Title: "The chart can be linted within the limits on time and memory",
		Why: "Templates are programs. One that loops, or that calls itself without end, makes Helm use all memory or " +
			"never end. The other charts are linted all the same.",
		Bad:      `{{ range until 1000000000 }}{{ end }}`,
		Good:     `{{ range until 10 }}{{ end }}`,
		Severity: Error,
		Check:    func(*Pass) {}, // a chart is given up from outside
	})
}
