package contract

// Answer is what came of asking a peer.
type Answer struct {
	URL string `json:"url"`
	// Status is that of the HTTP response; 0 where there is none.
	Status int `json:"status,omitempty"`
	// Body is that of the HTTP response, or what Redis said, at most 64 KiB of it.
	Body string `json:"body,omitempty"`
	// Failed is set where the answer is an error: an HTTP status of 400 or more, an error of Redis.
	Failed bool `json:"failed,omitempty"`
	// Error says why there is no answer; "" where there is one, whatever it says.
	Error string `json:"error,omitempty"`
}

// Streamed is a line about a stream of requests.
type Streamed struct {
	// Event is one of the constants below.
	Event string `json:"event"`
	// At is when the request was sent, or the stream ended, in milliseconds since the stream began.
	At int64 `json:"at"`
	// Sent and Lost are how many requests there were from the first that was answered until now.
	Sent int `json:"sent"`
	Lost int `json:"lost"`
	// Why says how the request was lost, or why there was no answer yet.
	Why string `json:"why,omitempty"`
}

// What a line about a stream of requests is about.
const (
	StreamNone  = "none"  // no request was answered yet, for another reason than before
	StreamFirst = "first" // the first one was answered
	StreamLost  = "lost"  // one after that was not
	StreamEnd   = "end"   // there will be no more
)
