package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
	"github.com/traderadmin/charts/steps/internal/standin/program/kernel"
)

// asStandIn is the environment variable that makes this test binary the program under test.
const asStandIn = "TEST_AS_STANDIN"

func TestMain(m *testing.M) {
	if os.Getenv(asStandIn) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command returns the program with these arguments, of which the first is its name, and this environment.
func command(t *testing.T, args []string, variables ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Args = args
	c.Env = slices.Concat(variables, []string{asStandIn + "=1"})
	return c
}

// server is a stand-in that serves.
type server struct {
	*exec.Cmd
	port   int32
	stdout *bufio.Reader
}

func (s server) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", s.port, path) }

// start starts a stand-in that answers paths on a free port, and waits until it listens.
func start(t *testing.T, paths []string, variables ...string) server {
	t.Helper()
	port := freePort(t)
	agreed := contract.Contract{Paths: paths}.With("app", contract.Container{Ports: []int32{port}})
	variables = append(variables, contract.Variable+"="+agreed.String())
	c := command(t, []string{contract.Program, "serve", "--ignored"}, variables...)
	stdout, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() { _, _ = c.Process.Kill(), c.Wait() })
	s := server{c, port, bufio.NewReader(stdout)}
	for line := ""; !strings.Contains(line, "listening on port"); {
		line, err = s.stdout.ReadString('\n')
		require.NoError(t, err)
	}
	return s
}

func freePort(t *testing.T) int32 {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return int32(listener.Addr().(*net.TCPAddr).Port) //nolint:gosec // a port has 16 bits
}

func request(t *testing.T, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url) //nolint:noctx // a test
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(content)
}

func TestAnswersItsPathsOnly(t *testing.T) {
	t.Parallel()
	s := start(t, []string{"/healthz", "/ready"})
	host, err := os.Hostname()
	require.NoError(t, err)

	for _, path := range []string{"/healthz", "/ready", "/healthz?verbose"} {
		status, body := request(t, s.url(path))
		assert.Equal(t, http.StatusOK, status, path)
		assert.Equal(t, host+"\n", body)
	}
	for _, path := range []string{"/", "/heathz", "/healthz/", "/standin", "/standin/nothing"} {
		status, body := request(t, s.url(path))
		assert.Equal(t, http.StatusNotFound, status, path)
		assert.NotEmpty(t, body)
	}
	line, err := s.stdout.ReadString('\n')
	require.NoError(t, err)
	assert.Contains(t, line, fmt.Sprintf("GET / on port %d: 404", s.port))
	assert.Contains(t, line, "only /healthz /ready")
	_, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", freePort(t))) //nolint:noctx // a test
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "listens on its ports only")
}

// The request and the answer are those of a kubelet's gRPC probe.
func TestAnswersGRPCProbes(t *testing.T) {
	t.Parallel()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	client := http.Client{Transport: &http.Transport{Protocols: protocols}}
	for value, status := range map[string]byte{"": 1, "fail": 2} { // SERVING, NOT_SERVING
		s := start(t, nil, contract.FailProbes+"="+value)
		frame := bytes.NewReader(make([]byte, 5))
		response, err := client.Post(s.url(grpcHealth), "application/grpc", frame) //nolint:noctx // a test
		require.NoError(t, err)
		message, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, 2, response.ProtoMajor)
		assert.Equal(t, "application/grpc", response.Header.Get("Content-Type"))
		assert.Equal(t, []byte{0, 0, 0, 0, 2, 8, status}, message)
		assert.Equal(t, "0", response.Trailer.Get("Grpc-Status"))
	}
}

func TestFailsProbes(t *testing.T) {
	t.Parallel()
	s := start(t, []string{"/healthz"}, contract.FailProbes+"=fail")

	status, _ := request(t, s.url("/healthz"))
	assert.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = request(t, s.url("/standin/env"))
	assert.Equal(t, http.StatusOK, status, "introspection still works")

	output, err := command(t, []string{"/bin/check"}, contract.FailProbes+"=fail").CombinedOutput()
	assert.Equal(t, 1, exit(t, err), string(output))
}

func exit(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	failed := (*exec.ExitError)(nil)
	require.ErrorAs(t, err, &failed)
	return failed.ExitCode()
}

func TestExitsWithCode(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]int{"0": 0, "3": 3, "255": 255, "256": 2, "x": 2} {
		output, err := command(t, []string{contract.Program, "serve"}, contract.Exit+"="+code).CombinedOutput()
		assert.Equal(t, want, exit(t, err), string(output))
		assert.Contains(t, string(output), contract.Exit)
	}
}

// allocatorOf returns the ID of the process that allocates memory for a stand-in.
func allocatorOf(t *testing.T, s server) int {
	t.Helper()
	children, err := exec.Command("pgrep", "--parent", strconv.Itoa(s.Process.Pid)).Output()
	require.NoError(t, err)
	process, err := strconv.Atoi(strings.TrimSpace(string(children)))
	require.NoError(t, err)
	return process
}

func TestAllocatesMemory(t *testing.T) {
	t.Parallel()
	s := start(t, nil, contract.Memory+"=64Mi")

	allocator := allocatorOf(t, s)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", allocator))
	require.NoError(t, err)
	resident := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	require.NotNil(t, resident)
	kilobytes, err := strconv.Atoi(string(resident[1]))
	require.NoError(t, err)
	assert.Greater(t, kilobytes, 64<<10)

	started := time.Now()
	require.NoError(t, syscall.Kill(allocator, syscall.SIGKILL), "as the kernel does when memory is exhausted")
	assert.Equal(t, killedCode, exit(t, s.Wait()))
	assert.Greater(t, time.Since(started), time.Second, "the runtime needs time to notice the reason")

	for _, text := range []string{"much", "-1", "1Ti"} {
		output, err := command(t, []string{contract.Program, "serve"}, contract.Memory+"="+text).CombinedOutput()
		assert.Equal(t, 2, exit(t, err))
		assert.Contains(t, string(output), fmt.Sprintf("%q is not a number of bytes", text))
	}
}

func TestAllocatorEndsWithStandIn(t *testing.T) {
	t.Parallel()
	for signal, code := range map[syscall.Signal]int{syscall.SIGTERM: 0, syscall.SIGKILL: -1} {
		s := start(t, nil, contract.Memory+"=1Mi")
		allocator := allocatorOf(t, s)
		require.NoError(t, s.Process.Signal(signal))
		assert.Equal(t, code, exit(t, s.Wait()))
		assert.Eventually(t, func() bool {
			_, err := os.Stat(fmt.Sprintf("/proc/%d/fd/0", allocator))
			return err != nil
		}, 5*time.Second, time.Millisecond)
	}
}

func TestCompletesPendingRequestsOnShutdown(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	response, err := http.Get(s.url("/standin/wait?for=1s")) //nolint:noctx // a test
	require.NoError(t, err, "the header has come, so the request is pending")
	defer func() { _ = response.Body.Close() }()

	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	line, err := s.stdout.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "stand-in: shutting down\n", line)
	assert.Eventually(t, func() bool {
		_, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.port)) //nolint:noctx // a test
		return errors.Is(err, syscall.ECONNREFUSED)
	}, time.Second, time.Millisecond, "refuses new connections")

	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "waited 1s\n", string(body))
	assert.NoError(t, s.Wait())
}

func TestIntrospection(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config with spaces.yaml")
	require.NoError(t, os.WriteFile(file, []byte("a: 1\n\x00\xff"), 0o600))
	s := start(t, nil, "REDIS_ADDR=redis:6379")

	_, body := request(t, s.url("/standin/env"))
	var variables map[string]string
	require.NoError(t, json.Unmarshal([]byte(body), &variables))
	assert.Equal(t, "redis:6379", variables["REDIS_ADDR"])

	_, body = request(t, s.url("/standin/user"))
	var u kernel.User
	require.NoError(t, json.Unmarshal([]byte(body), &u))
	assert.Len(t, u.Capabilities, 16)

	_, body = request(t, s.url("/standin/files"+strings.ReplaceAll(file, " ", "%20")))
	assert.Equal(t, "a: 1\n\x00\xff", body)
	status, body := request(t, s.url("/standin/files/nowhere"))
	assert.Equal(t, http.StatusNotFound, status)
	assert.Equal(t, "open /nowhere: no such file or directory\n", body)

	shown, err := command(t, []string{contract.Program, "show", "/files" + strings.ReplaceAll(file, " ", "%20")}).Output()
	require.NoError(t, err)
	assert.Equal(t, "a: 1\n\x00\xff", string(shown), "works without a port too")
	shown, err = command(t, []string{contract.Program, "show", "/files/nowhere"}).CombinedOutput()
	assert.Equal(t, 1, exit(t, err))
	assert.Equal(t, "stand-in: open /nowhere: no such file or directory\n", string(shown))
}

func TestMountPatterns(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/proc/bus", "/sys/fs/cgroup", "/dev", "/dev/termination-log", "/etc/hosts"} {
		assert.True(t, standardMount.MatchString(path), path)
	}
	for _, path := range []string{
		"/app/config.yaml", "/etc/ssl", "/devices", "/etc/hosts.d", "/run/secrets/kubernetes.io/serviceaccount",
	} {
		assert.False(t, standardMount.MatchString(path), path)
	}
	found := terminationLog.FindStringSubmatch("/var/lib/kubelet/pods/4c3f/containers/go-scanner/b7a1")
	require.NotNil(t, found)
	assert.Equal(t, "go-scanner", found[1])
	assert.Nil(t, terminationLog.FindStringSubmatch("/var/lib/kubelet/pods/4c3f/volume-subpaths/config/go-scanner/0"))
}

// redisServer starts a server that speaks RESP and requires a password, and returns its address.
func redisServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = connection.Close() }()
				replies := map[string]string{"PING": "-NOAUTH Authentication required.\r\n"}
				words := bufio.NewScanner(connection)
				for last := ""; words.Scan(); last = words.Text() {
					switch word := words.Text(); {
					case word == "secret" && last == "$6":
						replies = map[string]string{
							"PING": "+PONG\r\n", "DBSIZE": ":2\r\n", "name": "$5\r\nshop\n\r\n", "missing": "$-1\r\n", "KEYS": "*1\r\n",
						}
						_, _ = io.WriteString(connection, "+OK\r\n")
					case word == "wrong":
						_, _ = io.WriteString(connection, "-WRONGPASS invalid\r\n")
					default:
						_, _ = io.WriteString(connection, replies[word])
					}
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func TestAsk(t *testing.T) {
	t.Parallel()
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprint(w, "hello from "+r.URL.Path)
	}))
	defer peer.Close()
	closed := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	cache := redisServer(t)
	for address, want := range map[string]contract.Answer{
		peer.URL + "/":                              {Status: 200, Body: "hello from /"},
		peer.URL + "/tea":                           {Status: 418, Body: "hello from /tea", Failed: true},
		"tcp://" + peer.Listener.Addr().String():    {},
		"tcp://" + closed:                           {Error: "connect: connection refused"},
		"http://" + closed:                          {Error: "connect: connection refused"},
		"redis://" + cache:                          {Body: "NOAUTH Authentication required.", Failed: true},
		"redis://:wrong@" + cache:                   {Body: "WRONGPASS invalid", Failed: true},
		"redis://:secret@" + cache:                  {Body: "PONG"},
		"redis://:secret@" + cache + "/DBSIZE":      {Body: "2"},
		"redis://:secret@" + cache + "/GET/name":    {Body: "shop\n"},
		"redis://:secret@" + cache + "/GET/missing": {Body: "(nil)"},
		"redis://:secret@" + cache + "/KEYS":        {Error: `unsupported Redis reply: "*1\r\n"`},
		"redis://" + peer.Listener.Addr().String():  {Error: `unsupported Redis reply: "HTTP/1.1 400 Bad Request\r\n"`},
		"ftp://somewhere":                           {Error: `unsupported URL "ftp://somewhere"`},
		"http://[":                                  {Error: "missing ']' in host"},
	} {
		answer := ask(t.Context(), address)
		assert.Equal(t, address, answer.URL)
		assert.Contains(t, answer.Error, want.Error)
		if want.Error == "" {
			assert.Empty(t, answer.Error, address)
		}
		assert.Equal(t, want.Status, answer.Status, address)
		assert.Equal(t, want.Body, answer.Body, address)
		assert.Equal(t, want.Failed, answer.Failed, address)
	}

	s := start(t, nil)
	_, body := request(t, s.url("/standin/reach?url="+peer.URL+"/tea"))
	want := fmt.Sprintf(`{"url": "%s/tea", "status": 418, "body": "hello from /tea", "failed": true}`, peer.URL)
	assert.JSONEq(t, want, body)
	output, err := command(t, []string{contract.Program, "get", "tcp://" + closed}).Output()
	require.NoError(t, err)
	assert.Contains(t, string(output), `connect: connection refused"}`)
}

func TestStreamCountsLostRequests(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	peer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer peer.Close()
	c := command(t, []string{contract.Program, "stream", peer.URL, "1ms"})
	in, err := c.StdinPipe()
	require.NoError(t, err)
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	lines := json.NewDecoder(out)
	next := func() (e contract.StreamEvent) {
		require.NoError(t, lines.Decode(&e))
		return e
	}

	none := next()
	assert.Equal(t, contract.StreamNone, none.Kind)
	assert.Equal(t, "status 502", none.Reason)
	broken.Store(false)
	assert.Equal(t, contract.StreamFirst, next().Kind)
	broken.Store(true)
	lost := next()
	assert.Equal(t, contract.StreamLost, lost.Kind)
	assert.Equal(t, 1, lost.Lost)
	assert.Equal(t, "status 502", lost.Reason)
	broken.Store(false)
	require.NoError(t, in.Close())
	last := next()
	for last.Kind == contract.StreamLost {
		last = next()
	}
	assert.Equal(t, contract.StreamEnd, last.Kind)
	assert.GreaterOrEqual(t, last.Sent, lost.Sent)
	assert.NoError(t, c.Wait())
}

func TestEmulatedCommands(t *testing.T) {
	t.Parallel()
	peer := httptest.NewServer(http.NotFoundHandler())
	defer peer.Close()
	address := peer.Listener.Addr().String()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	cacheHost, cachePort, err := net.SplitHostPort(redisServer(t))
	require.NoError(t, err)
	for line, want := range map[string]int{
		"/app/migrate --all":                0,
		"/bin/sh -c true":                   0,
		"/bin/false":                        1,
		"sleep 0.01":                        0,
		"sleep 10ms":                        0,
		"sleep long":                        2,
		"wget -qO- " + address + "/nowhere": 1,
		"wget -T 5 -O /dev/null http://" + address: 1,
		"curl " + address:                          0,
		"curl -sf " + address:                      1,
		"curl --fail http://" + address:            1,
		"curl -s http://127.0.0.1:1/":              1,
		"wget -q":                                  2,
		"nc -z -w 2 " + host + " " + port:          0,
		"nc -z 127.0.0.1 1":                        1,
		"nc":                                       2,
		"redis-cli -h " + cacheHost + " -p " + cachePort + " ping":                             1,
		"redis-cli -h " + cacheHost + " -p " + cachePort + " -a secret --no-auth-warning PING": 0,
		"redis-cli -p 1 PING": 1,
	} {
		output, err := command(t, strings.Fields(line)).CombinedOutput()
		assert.Equal(t, want, exit(t, err), "%s\n%s", line, output)
	}
}

func TestInvalidUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"standin", "show"}, {"standin", "get"}, {"standin", "stream", "http://x"}, {"standin", "dance"},
	} {
		output, err := command(t, args).CombinedOutput()
		assert.Equal(t, 2, exit(t, err))
		assert.Equal(t, "stand-in: usage: standin serve | show PATH | get URL | stream URL INTERVAL\n", string(output))
	}
	output, err := command(t, []string{"standin", "serve"}, contract.Variable+"={").CombinedOutput()
	assert.Equal(t, 2, exit(t, err))
	assert.Contains(t, string(output), "stand-in: STANDIN is not a valid contract: ")
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	err := serve(t.Context(), []int32{s.port}, http.NotFoundHandler(), io.Discard)
	assert.ErrorIs(t, err, syscall.EADDRINUSE)
}

func TestTaskEnds(t *testing.T) {
	t.Parallel()
	agreed := contract.Contract{}.With("migrate", contract.Container{Task: true})
	migrate := command(t, []string{"/app/migrate", "serve"}, contract.Variable+"="+agreed.String())
	output, err := migrate.CombinedOutput()
	assert.Equal(t, 0, exit(t, err))
	assert.Contains(t, string(output), "/app/migrate serve is not in this image")
}
