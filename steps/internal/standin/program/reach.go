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

// patience is how long a peer may take to answer.
const patience = 5 * time.Second

// most is how much of an answer is kept, in bytes.
const most = 64 << 10

// reach asks the peer at address, http://…, tcp://host:port or redis://[:password@]host:port[/COMMAND/ARGUMENT…]; Redis gets PING if nothing else.
func reach(ctx context.Context, address string) contract.Answer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a := contract.Answer{URL: address}
	parsed, err := url.Parse(address)
	if err == nil {
		err = ask(ctx, parsed, &a)
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}

func ask(ctx context.Context, address *url.URL, a *contract.Answer) (err error) {
	switch address.Scheme {
	case "http", "https":
		a.Status, a.Body, err = get(ctx, address)
		a.Failed = a.Status >= http.StatusBadRequest
	case "tcp", "redis":
		var connection net.Conn
		if connection, err = new(net.Dialer).DialContext(ctx, "tcp", address.Host); err != nil {
			return err
		}
		defer func() { _ = connection.Close() }()
		if address.Scheme == "redis" {
			deadline, _ := ctx.Deadline()
			if err := connection.SetDeadline(deadline); err != nil {
				return err
			}
			a.Body, a.Failed, err = talk(connection, address)
		}
	default:
		err = fmt.Errorf("cannot ask %q: it is no http://…, tcp://… or redis://…", a.URL)
	}
	return err
}

// fresh opens a connection for each request: so does each get to the pods that a Service leads to now.
var fresh = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func get(ctx context.Context, address *url.URL) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := fresh.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(response.Body, most))
	return response.StatusCode, string(content), err
}

// talk gives a Redis server the password and the command that are in address, and returns its reply, and whether that is an error.
func talk(connection net.Conn, address *url.URL) (reply string, failed bool, err error) {
	words := strings.FieldsFunc(address.Path, func(r rune) bool { return r == '/' })
	if len(words) == 0 {
		words = []string{"PING"}
	}
	commands := [][]string{words}
	if password, has := address.User.Password(); has {
		commands = [][]string{{"AUTH", password}, words}
	}
	replies := bufio.NewReader(connection)
	for _, words := range commands {
		if reply, failed, err = exchange(connection, replies, words); err != nil || failed {
			return reply, failed, err
		}
	}
	return reply, false, nil
}

// exchange is one command in Redis's protocol: a command is a list of strings, each with its length.
func exchange(connection io.Writer, replies *bufio.Reader, words []string) (reply string, failed bool, err error) {
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
	case "+", ":":
		return rest, false, nil
	case "-":
		return rest, true, nil
	case "$":
		reply, err = bulk(replies, rest)
		return reply, false, err
	}
	return "", false, fmt.Errorf("no reply of Redis, or a list: %q", line)
}

// bulk is a string of the length that came before it; -1 is none at all.
func bulk(replies io.Reader, length string) (string, error) {
	size, err := strconv.Atoi(length)
	if err != nil || size > most {
		return "", fmt.Errorf("no reply of Redis: a string of length %q", length)
	}
	if size < 0 {
		return "(nil)", nil
	}
	content := make([]byte, size+len("\r\n"))
	_, err = io.ReadFull(replies, content)
	return string(content[:size]), err
}
