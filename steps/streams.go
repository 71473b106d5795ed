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

// streamSteps are the steps about requests that are sent while later steps run.
type streamSteps struct{ *streams }

func (s streamSteps) rows() []Step {
	return []Step{
		{
			Phrase: `a stream of requests to "URL"[ in namespace "NAMESPACE"]`, Method: s.start, Effects: NeedsContainers,
			Does: "Starts a pod that requests a URL again and again, each time on a new connection, and waits for the first " +
				"answer. The pod meets the Pod Security Standard `restricted`.",
			Example: `
When I run helm install shop ./shop
Given a stream of requests to "http://shop:80/"
Then no request was lost`,
		},
		{
			Phrase: `no request was lost`, Method: s.noneLost, Effects: NeedsContainers,
			Does: "Ends the streams of requests of the scenario, and checks that every request since the first answer was " +
				"answered with 200.",
			Example: `
When I run helm install shop ./shop
Given a stream of requests to "http://shop:80/"
Then no request was lost`,
		},
	}
}

// streams are the streams of requests of a scenario. A step must check their outcome.
type streams struct {
	*view
	sender     *sender
	containers *containers
	running    []*stream
}

// stream is the requests that a pod sends, one after another.
type stream struct {
	url    string
	in     *io.PipeWriter // the pod sends requests until it is closed
	first  chan struct{}  // closed after the first answer
	ended  chan struct{}  // closed after the last report
	cancel context.CancelFunc

	mu     sync.Mutex
	last   contract.StreamEvent
	lost   []contract.StreamEvent
	broken error // the error that ended the stream early
}

const (
	// clientImage is the image of pods that send requests. No registry has it, so that the nodes get a stand-in.
	clientImage = "traderadmin-charts/requests:1"
	// streamInterval is the shortest time between two requests. An interruption of a Service takes longer.
	streamInterval = "20ms"
	// streamEnd bounds the time that a stream may take to end.
	streamEnd = 30 * time.Second
)

// clientPod is a pod that sends requests. It meets the Pod Security Standard restricted, and requests few resources.
const clientPod = `
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

// start starts a stream and waits for its first answer.
func (s *streams) start(ctx context.Context, url, namespace string) error {
	if s.containers.images == nil {
		return errors.New("the nodes of this cluster cannot be given the image of the pod that sends the requests")
	}
	pod, err := s.sender.startClient(ctx, namespace)
	if err != nil {
		return fmt.Errorf("start the pod that sends the requests: %w", err)
	}
	sending, cancel := context.WithCancel(s.background.ctx) // it outlives this step
	in, input := io.Pipe()
	out, output := io.Pipe()
	st := &stream{url: url, in: input, first: make(chan struct{}), ended: make(chan struct{}), cancel: cancel}
	s.running = append(s.running, st)
	s.background.start(func(context.Context) {
		err := s.containers.exec(sending, pod, in, output, contract.Program, "stream", url, streamInterval)
		output.CloseWithError(errors.Join(err, io.EOF))
	})
	s.background.start(func(context.Context) { st.read(out) })
	select {
	case <-st.first:
		return nil
	case <-st.ended:
	case <-ctx.Done():
	case <-time.After(s.limit):
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return errors.Join(fmt.Errorf("no request to %s was answered: %s", url, st.last.Reason), st.broken, ctx.Err())
}

// startClient starts a pod that can be told to request URLs.
func (s *sender) startClient(ctx context.Context, namespace string) (*corev1.Pod, error) {
	pod := &unstructured.Unstructured{}
	name := "requests-" + shortID()
	if err := yaml.Unmarshal(fmt.Appendf(nil, clientPod, name, clientImage), &pod.Object); err != nil {
		return nil, err
	}
	if err := s.apply(ctx, namespace, pod); err != nil {
		return nil, err
	}
	subject, err := s.subject("pod", name, namespace)
	if err != nil {
		return nil, err
	}
	if err := s.object(ctx, subject.client, name, running); err != nil {
		return nil, about{"pod/" + name, err}
	}
	return s.client.CoreV1().Pods(s.inCluster(namespace)).Get(ctx, name, metav1.GetOptions{})
}

// running holds for a pod that runs.
func running(pod *unstructured.Unstructured) mismatch {
	if pod == nil {
		return permanent(errors.New("it was deleted"))
	}
	phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
	if phase == string(corev1.PodRunning) {
		return met
	}
	return mismatch{fmt.Errorf("its phase is %q", phase), phase == string(corev1.PodFailed)}
}

// read records the reports of the pod.
func (st *stream) read(out io.Reader) {
	defer close(st.ended)
	for reports := json.NewDecoder(out); ; {
		var report contract.StreamEvent
		err := reports.Decode(&report)
		if !st.record(report, err) {
			return
		}
		if report.Kind == contract.StreamFirst {
			close(st.first)
		}
	}
}

// record records a report, or the error that ended the stream. It reports whether the stream continues.
func (st *stream) record(report contract.StreamEvent, err error) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if err != nil {
		if st.last.Kind != contract.StreamEnd {
			st.broken = fmt.Errorf("the stream ended early: %w", err)
		}
		return false
	}
	st.last = report
	if report.Kind == contract.StreamLost {
		st.lost = append(st.lost, report)
	}
	return true
}

// end ends the stream. It returns an error if requests were lost.
func (st *stream) end(ctx context.Context) error {
	defer st.cancel()
	_ = st.in.Close()
	select {
	case <-st.ended:
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(streamEnd):
		return fmt.Errorf("the requests to %s did not end within %s", st.url, streamEnd)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.broken != nil {
		return fmt.Errorf("requests to %s: %w", st.url, st.broken)
	}
	if len(st.lost) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d requests to %s were lost in %.1f s:\n%s",
		len(st.lost), st.last.Sent, st.url, seconds(st.last.At), strings.Join(losses(st.lost), "\n"))
}

func seconds(milliseconds int64) float64 { return float64(milliseconds) / 1000 }

// shownLosses is the number of losses that an error lists.
const shownLosses = 10

// losses describes lost requests. Consecutive ones that were lost for the same reason are on one line.
func losses(lost []contract.StreamEvent) []string {
	var lines []string
	for i := 0; i < len(lost); {
		j := i + 1
		for j < len(lost) && lost[j].Reason == lost[i].Reason && lost[j].Sent == lost[j-1].Sent+1 {
			j++
		}
		first, last := seconds(lost[i].At), seconds(lost[j-1].At)
		lines = append(lines, fmt.Sprintf("  %d after %.1f to %.1f s: %s", j-i, first, last, lost[i].Reason))
		i = j
	}
	if more := len(lines) - shownLosses; more > 0 {
		lines = append(lines[:shownLosses], fmt.Sprintf("  and %d times more", more))
	}
	return lines
}

func (s *streams) noneLost(ctx context.Context) error {
	if len(s.running) == 0 {
		return errors.New("no requests are being sent: add `a stream of requests to \"…\"` before this step")
	}
	var failed []error
	for _, st := range s.running {
		failed = append(failed, st.end(ctx))
	}
	s.running = nil
	return errors.Join(failed...)
}

// unchecked returns an error if no step checked the outcome of a stream.
func (s *streams) unchecked() error {
	if len(s.running) == 0 {
		return nil
	}
	return fmt.Errorf("no step checks the requests to %s: add `no request was lost` after the step that sends them",
		s.running[0].url)
}

// cancel ends all streams without a check.
func (s *streams) cancel() {
	for _, st := range s.running {
		st.cancel()
		_ = st.in.Close()
	}
}
