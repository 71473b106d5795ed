package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/traderadmin/charts/steps/internal/standin/program/contract"
)

// askTimeout limits the time for one answer.
const askTimeout = 5 * time.Second

// maxBody limits the part of an answer that is kept, in bytes.
const maxBody = 64 << 10

// ask sends a request to a peer at http://…, tcp://HOST:PORT or
// redis://[:PASSWORD@]HOST:PORT[/COMMAND/ARGUMENT…]. The default Redis command is PING.
func ask(ctx context.Context, address string) contract.Answer {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer := contract.Answer{URL: address}
	parsed, err := url.Parse(address)
	if err == nil {
		err = askURL(ctx, parsed, &answer)
	}
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

func askURL(ctx context.Context, address *url.URL, answer *contract.Answer) (err error) {
	switch address.Scheme {
	case "http", "https":
		answer.Status, answer.Body, err = askHTTP(ctx, address)
		answer.Failed = answer.Status >= http.StatusBadRequest
	case "tcp":
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address.Host)
		if err != nil {
			return err
		}
		_ = connection.Close()
	case "redis":
		answer.Body, answer.Failed, err = askRedis(ctx, address)
	default:
		err = fmt.Errorf("unsupported URL %q: use http://…, tcp://… or redis://…", answer.URL)
	}
	return err
}

// client opens a connection for each request, so that each goes to a pod that the Service selects now.
var client = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func askHTTP(ctx context.Context, address *url.URL) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	return response.StatusCode, string(content), err
}

// askRedis sends the password and the command of a URL to a Redis server. It returns the reply, and whether that is an
// error reply.
func askRedis(ctx context.Context, address *url.URL) (reply string, failed bool, err error) {
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address.Host)
	if err != nil {
		return "", false, err
	}
	defer func() { _ = connection.Close() }()
	deadline, _ := ctx.Deadline()
	if err := connection.SetDeadline(deadline); err != nil {
		return "", false, err
	}
	command := strings.FieldsFunc(address.Path, func(r rune) bool { return r == '/' })
	if len(command) == 0 {
		command = []string{"PING"}
	}
	commands := [][]string{command}
	if password, ok := address.User.Password(); ok {
		commands = [][]string{{"AUTH", password}, command}
	}
	replies := bufio.NewReader(connection)
	for _, command := range commands {
		if reply, failed, err = runRedis(connection, replies, command); err != nil || failed {
			return reply, failed, err
		}
	}
	return reply, false, nil
}

// runRedis sends a command in the Redis serialization protocol (RESP), as an array of bulk strings, and reads the
// reply.
func runRedis(connection io.Writer, replies *bufio.Reader, words []string) (reply string, failed bool, err error) {
	var request strings.Builder
	fmt.Fprintf(&request, "*%d\r\n", len(words))
	for _, word := range words {
		fmt.Fprintf(&request, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := io.WriteString(connection, request.String()); err != nil {
		return "", false, err
	}
	line, err := replies.ReadString('\n')
	if err != nil {
		return "", false, err
	}
	kind, rest := line[:1], strings.TrimRight(line[1:], "\r\n")
	switch kind {
	case "+", ":": // simple string, integer
		return rest, false, nil
	case "-": // error
		return rest, true, nil
	case "$":
		reply, err = readBulkString(replies, rest)
		return reply, false, err
	}
	return "", false, fmt.Errorf("unsupported Redis reply: %q", line)
}

// readBulkString reads a string of the given length, which is -1 for a null string.
func readBulkString(replies io.Reader, length string) (string, error) {
	size, err := strconv.Atoi(length)
	if err != nil || size > maxBody {
		return "", fmt.Errorf("unsupported length of a Redis reply: %q", length)
	}
	if size < 0 {
		return "(nil)", nil
	}
	content := make([]byte, size+len("\r\n"))
	_, err = io.ReadFull(replies, content)
	return string(content[:size]), err
}
