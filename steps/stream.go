package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// stream is requests that a pod sends, one after the other, while the scenario goes on.
type stream struct {
	url    string
	in     *io.PipeWriter // the pod sends until it is closed
	first  chan struct{}  // closed when the first request was answered
	ended  chan struct{}  // closed when there will be no more
	cancel context.CancelFunc

	mu    sync.Mutex
	last  contract.StreamEvent
	lost  []contract.StreamEvent
	wrong error // that ended it early
}

const (
	// streamImage is that of the pod. No registry has it.
	streamImage = "traderadmin-charts/requests:1"
	// streamInterval is the least time between two requests. A moment in which nobody takes connections is longer.
	streamInterval = "20ms"
)

// streamPod keeps to the Pod Security Standard restricted, and asks for little.
const streamPod = `
apiVersion: v1
kind: Pod
metadata:
  name: %s
spec:
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 0
  securityContext:
    runAsNonRoot: true
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: requests
      image: %s
      resources:
        requests: {cpu: 10m, memory: 16Mi}
        limits: {cpu: 200m, memory: 64Mi}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
`

func (s *scenario) startStream(ctx context.Context, url, namespace string) error {
	if s.suite.images == nil {
		return errors.New("the nodes of this cluster can be given no images, and so not the one of the pod that sends the requests")
	}
	pod, err := s.startClient(ctx, namespace)
	if err != nil {
		return fmt.Errorf("start the pod that sends the requests: %w", err)
	}
	sending, cancel := context.WithCancel(s.suite.background.ctx) // longer than this step
	in, input := io.Pipe()
	out, output := io.Pipe()
	st := &stream{url: url, in: input, first: make(chan struct{}), ended: make(chan struct{}), cancel: cancel}
	s.streams = append(s.streams, st)
	s.suite.background.start(func(context.Context) {
		err := s.suite.exec(sending, pod, in, output, contract.Program, "stream", url, streamInterval)
		output.CloseWithError(errors.Join(err, io.EOF))
	})
	s.suite.background.start(func(context.Context) { st.follow(out) })
	select {
	case <-st.first:
		return nil
	case <-st.ended:
	case <-ctx.Done():
	case <-time.After(s.suite.options.Wait):
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return errors.Join(fmt.Errorf("no request to %s was answered: %s", url, st.last.Reason), st.wrong, ctx.Err())
}

// startClient returns a pod of the scenario's that can be told to ask for URLs.
func (s *scenario) startClient(ctx context.Context, namespace string) (*corev1.Pod, error) {
	pod := &unstructured.Unstructured{}
	name := "requests-" + shortID()
	if err := yaml.Unmarshal(fmt.Appendf(nil, streamPod, name, streamImage), &pod.Object); err != nil {
		return nil, err
	}
	if err := s.apply(ctx, s.named(namespace), pod); err != nil {
		return nil, err
	}
	subject, err := s.subject("pod", name, namespace)
	if err != nil {
		return nil, err
	}
	if err := s.awaitObject(ctx, subject.client, name, running); err != nil {
		return nil, about{"pod/" + name, err}
	}
	return s.suite.cluster.CoreV1().Pods(s.real(namespace)).Get(ctx, name, metav1.GetOptions{})
}

// running holds for a pod that is.
func running(pod *unstructured.Unstructured) (bool, error) {
	if pod == nil {
		return true, errors.New("it was deleted")
	}
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	if phase == string(corev1.PodRunning) {
		return true, nil
	}
	return phase == string(corev1.PodFailed), fmt.Errorf("its phase is %q", phase)
}

// follow notes what the pod tells.
func (st *stream) follow(out io.Reader) {
	defer close(st.ended)
	for lines := json.NewDecoder(out); ; {
		var line contract.StreamEvent
		err := lines.Decode(&line)
		st.mu.Lock()
		if err != nil {
			if st.last.Kind != contract.StreamEnd {
				st.wrong = fmt.Errorf("the requests ended early: %w", err)
			}
			st.mu.Unlock()
			return
		}
		st.last = line
		if line.Kind == contract.StreamLost {
			st.lost = append(st.lost, line)
		}
		st.mu.Unlock()
		if line.Kind == contract.StreamFirst {
			close(st.first)
		}
	}
}

// end stops the requests, and returns what became of them.
func (st *stream) end(ctx context.Context) error {
	defer st.cancel()
	_ = st.in.Close()
	select {
	case <-st.ended:
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(30 * time.Second):
		return fmt.Errorf("the requests to %s did not end", st.url)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.wrong != nil {
		return fmt.Errorf("requests to %s: %w", st.url, st.wrong)
	}
	if len(st.lost) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d requests to %s were lost in %.1f s:\n%s", len(st.lost), st.last.Sent, st.url, seconds(st.last.At), strings.Join(losses(st.lost), "\n"))
}

func seconds(milliseconds int64) float64 { return float64(milliseconds) / 1000 }

// losses are the lost requests in words, those that were lost one after the other for the same reason on one line.
func losses(lost []contract.StreamEvent) []string {
	const shown = 10
	var lines []string
	for i := 0; i < len(lost); {
		j := i + 1
		for j < len(lost) && lost[j].Reason == lost[i].Reason && lost[j].Sent == lost[j-1].Sent+1 {
			j++
		}
		lines = append(lines, fmt.Sprintf("  %d after %.1f to %.1f s: %s", j-i, seconds(lost[i].At), seconds(lost[j-1].At), lost[i].Reason))
		i = j
	}
	if more := len(lines) - shown; more > 0 {
		lines = append(lines[:shown], fmt.Sprintf("  and %d times more", more))
	}
	return lines
}

func (s *scenario) noneLost(ctx context.Context) error {
	if len(s.streams) == 0 {
		return errors.New("no requests are being sent: write `a stream of requests to \"…\"` above this step")
	}
	var failed []error
	for _, st := range s.streams {
		failed = append(failed, st.end(ctx))
	}
	s.streams = nil
	return errors.Join(failed...)
}

// uncheckedStreams is an error when no step said what should have become of requests.
func (s *scenario) uncheckedStreams() error {
	if len(s.streams) == 0 {
		return nil
	}
	return fmt.Errorf("requests to %s were sent, and no step says what should have become of them: write `no request was lost` after it", s.streams[0].url)
}

func (s *scenario) cancelStreams() {
	for _, st := range s.streams {
		st.cancel()
		_ = st.in.Close()
	}
}
