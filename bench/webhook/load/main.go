// Sends one review again and again, as an API server does: HTTP/1.1 over TLS 1.3. One JSON object says how it went.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var (
	address     = flag.String("address", "", "HOST:PORT")
	path        = flag.String("path", "/mutate?timeout=2s", "of the URL")
	file        = flag.String("body", "", "FILE with the review")
	requests    = flag.Int("requests", 1000, "how many")
	connections = flag.Int("connections", 1, "at the same time, at most")
	rate        = flag.Float64("rate", 0, "a second, whether answered or not; 0: each after the answer to the one before")
	renew       = flag.Bool("new", false, "a connection for each")
	patched     = flag.Bool("patched", false, "an answer without patch is an error; without this, one with a patch is")
	timeout     = flag.Duration("timeout", 2*time.Second, "after which an answer is an error, from when it was due")
)

// One after the other.
type client struct {
	connection net.Conn
	reader     *bufio.Reader
}

func (c *client) close() {
	if c.connection != nil {
		c.connection.Close()
		c.connection = nil
	}
}

func (c *client) answer(request []byte, deadline time.Time) ([]byte, error) {
	if c.connection == nil {
		dialer := tls.Dialer{NetDialer: &net.Dialer{Deadline: deadline},
			Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}}
		connection, err := dialer.Dial("tcp", *address)
		if err != nil {
			return nil, err
		}
		c.connection, c.reader = connection, bufio.NewReader(connection)
	}
	c.connection.SetDeadline(deadline)
	if _, err := c.connection.Write(request); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("HTTP status %d: %.200s", response.StatusCode, body)
	}
	if *renew || response.Close {
		c.close()
	}
	return body, err
}

func wrong(body []byte) error {
	var review struct {
		Response struct {
			Allowed bool
			Patch   []byte
		}
	}
	if err := json.Unmarshal(body, &review); err != nil {
		return err
	}
	if !review.Response.Allowed || (len(review.Response.Patch) > 0) != *patched {
		return fmt.Errorf("another answer than expected: %.500s", body)
	}
	return nil
}

type result struct {
	took time.Duration
	err  error
}

// The requests that are due, one after the other, until there are no more.
func (c *client) work(request []byte, begin time.Time, next *atomic.Int64, results []result) {
	defer c.close()
	for {
		number := int(next.Add(1)) - 1
		if number >= len(results) {
			return
		}
		due := time.Now()
		if *rate > 0 { // what waits for a free connection has waited too
			due = begin.Add(time.Duration(float64(number) / *rate * float64(time.Second)))
			time.Sleep(time.Until(due))
		}
		body, err := c.answer(request, due.Add(*timeout))
		results[number].took = time.Since(due)
		if err == nil {
			err = wrong(body)
		}
		if err != nil {
			results[number].err = err
			c.close()
		}
	}
}

func milliseconds(took []time.Duration, share float64) float64 {
	if len(took) == 0 {
		return 0
	}
	return float64(took[min(int(share*float64(len(took))), len(took)-1)].Microseconds()) / 1000
}

func main() {
	flag.Parse()
	body, err := os.ReadFile(*file)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(66)
	}
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST %s HTTP/1.1\r\nHost: injector.injector.svc\r\nUser-Agent: kube-apiserver-admission\r\n"+
		"Accept: application/json, */*\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", *path, len(body))
	request.Write(body)

	results := make([]result, *requests)
	var next atomic.Int64
	var all sync.WaitGroup
	begin := time.Now()
	for range *connections {
		all.Add(1)
		go func() {
			defer all.Done()
			(&client{}).work(request.Bytes(), begin, &next, results)
		}()
	}
	all.Wait()
	seconds := time.Since(begin).Seconds()

	took, failed, first := []time.Duration{}, 0, ""
	for _, one := range results {
		if one.err == nil {
			took = append(took, one.took)
		} else if failed++; first == "" {
			first = one.err.Error()
		}
	}
	slices.Sort(took)
	json.NewEncoder(os.Stdout).Encode(map[string]any{"requests": len(results), "errors": failed, "first_error": first,
		"rate": float64(len(took)) / seconds, "p50": milliseconds(took, 0.5), "p99": milliseconds(took, 0.99)})
}
