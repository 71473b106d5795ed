package contract

// Answer is the result of a request to a peer.
type Answer struct {
	URL string `json:"url"`
	// Status is the status of the HTTP response, or 0 if there is none.
	Status int `json:"status,omitempty"`
	// Body is the body of the HTTP response or the reply of Redis, at most 64 KiB.
	Body string `json:"body,omitempty"`
	// Failed says that the answer is an error: an HTTP status of 400 or more, or an error reply of Redis.
	Failed bool `json:"failed,omitempty"`
	// Error says why there is no answer. It is empty if there is one.
	Error string `json:"error,omitempty"`
}

// StreamEvent is an event of a stream of requests.
type StreamEvent struct {
	// Kind is one of the constants below.
	Kind string `json:"kind"`
	// At is when the request was sent, or the stream ended, in milliseconds after its start.
	At int64 `json:"at"`
	// Sent is the number of requests since the first one that was answered, and Lost how many of them were lost.
	Sent int `json:"sent"`
	Lost int `json:"lost"`
	// Reason says why the request was lost, or not answered yet.
	Reason string `json:"reason,omitempty"`
}

// Kinds of stream events.
const (
	StreamNone  = "none"  // no request has been answered yet; sent when the reason changes
	StreamFirst = "first" // the first request was answered
	StreamLost  = "lost"  // a later request was lost
	StreamEnd   = "end"   // the stream ended
)
