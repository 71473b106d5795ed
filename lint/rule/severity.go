package rule

// Severity says how much a finding matters.
type Severity int

const (
	Info    Severity = iota // worth knowing
	Warning                 // likely a mistake
	Error                   // a mistake: the run fails
)

var severityNames = [...]string{Info: "info", Warning: "warning", Error: "error"}

func (s Severity) String() string { return severityNames[s] }

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
