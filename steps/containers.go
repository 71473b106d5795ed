package steps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/traderadmin/charts/steps/internal/standin"
	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// containers gives access to running containers: always the first one of a pod.
type containers struct {
	config *rest.Config
	client kubernetes.Interface
	images *standin.Images // nil if the nodes pull all images
}

// exec runs a command, as `kubectl exec` does. The input may be nil. The error includes what the command wrote to
// standard error.
func (c *containers) exec(ctx context.Context, pod *corev1.Pod, in io.Reader, out io.Writer, command ...string) error {
	options := &corev1.PodExecOptions{
		Container: pod.Spec.Containers[0].Name, Command: command, Stdin: in != nil, Stdout: true, Stderr: true,
	}
	target := c.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).
		SubResource("exec").VersionedParams(options, scheme.ParameterCodec).URL()
	executor, err := newExecutor(c.config, target)
	if err != nil {
		return err
	}
	var stderr bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: in, Stdout: out, Stderr: &stderr})
	if text := strings.TrimSpace(stderr.String()); err != nil && text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// newExecutor uses WebSocket, or SPDY if a proxy does not support WebSocket, as kubectl does.
func newExecutor(config *rest.Config, target *url.URL) (remotecommand.Executor, error) {
	webSocket, err := remotecommand.NewWebSocketExecutor(config, "GET", target.String())
	if err != nil {
		return nil, err
	}
	spdy, err := remotecommand.NewSPDYExecutor(config, "POST", target)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(webSocket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

// isStandIn reports whether the container runs a stand-in.
func (c *containers) isStandIn(pod *corev1.Pod) bool {
	return c.images != nil && c.images.IsStandIn(pod.Spec.Containers[0].Image)
}

// printFile is a shell script that prints a file without any program.
const printFile = `while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done < "$1"`

// readFile returns the content of a file: with the stand-in, with cat, or with the shell of an image that has no cat.
func (c *containers) readFile(ctx context.Context, pod *corev1.Pod, path string) ([]byte, error) {
	command := []string{"cat", path}
	if c.isStandIn(pod) {
		command = []string{contract.Program, "show", "/files" + (&url.URL{Path: path}).EscapedPath()}
	}
	var out bytes.Buffer
	err := c.exec(ctx, pod, nil, &out, command...)
	if err != nil && strings.Contains(err.Error(), "executable file not found") {
		out.Reset()
		err = c.exec(ctx, pod, nil, &out, "sh", "-c", printFile, "sh", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return out.Bytes(), nil
}

// request makes the stand-in in a container request a URL.
func (c *containers) request(ctx context.Context, pod *corev1.Pod, url string) (contract.Answer, error) {
	var answer contract.Answer
	if !c.isStandIn(pod) {
		container := pod.Spec.Containers[0]
		return answer, Permanent(fmt.Errorf("container %q runs %s, and only a stand-in can be told to request a URL",
			container.Name, container.Image))
	}
	var out bytes.Buffer
	if err := c.exec(ctx, pod, nil, &out, contract.Program, "get", url); err != nil {
		return answer, err
	}
	return answer, json.Unmarshal(out.Bytes(), &answer)
}

// describe returns an answer as text.
func describe(answer contract.Answer) string {
	switch {
	case answer.Error != "":
		return answer.Error
	case answer.Status != 0:
		return fmt.Sprintf("status %d: %s", answer.Status, strings.TrimSpace(answer.Body))
	}
	return answer.Body
}

// get sends GET to a port of a pod through the API server, as `kubectl port-forward` does, and checks the status.
func (c *containers) get(ctx context.Context, namespace, pod string, port int32, path string, status int) error {
	target := c.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).
		SubResource("portforward").URL()
	dialer, err := portforward.NewSPDYOverWebsocketDialer(target, c.config)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready, ended := make(chan struct{}), make(chan error, 1)
	forwarder, err := portforward.NewOnAddressesWithContext(ctx, dialer,
		[]string{"127.0.0.1"}, []string{fmt.Sprintf("0:%d", port)}, ready, io.Discard, io.Discard)
	if err != nil {
		return err
	}
	go func() { ended <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-ended:
		return fmt.Errorf("forward port %d: %w", port, errors.Join(err, ctx.Err()))
	}
	local, err := forwarder.GetPorts()
	if err != nil {
		return err
	}
	return get(ctx, fmt.Sprintf("http://127.0.0.1:%d%s", local[0].Local, path), status)
}

// requestTimeout bounds a single HTTP request.
const requestTimeout = 10 * time.Second

func get(ctx context.Context, url string, status int) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: requestTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != status {
		return fmt.Errorf("it answers %s with %d, not %d: %s",
			request.URL.Path, response.StatusCode, status, strings.TrimSpace(string(body)))
	}
	return nil
}
