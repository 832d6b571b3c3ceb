// A client with Go's net/http, which speaks HTTP/2 over TLS. It prints what it has seen as JSON, and
// ends with status 1 and a message if anything is not as it must be.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var (
	base        = flag.String("url", "", "https://host:port")
	certificate = flag.String("certificate", "", "the client's, PEM")
	key         = flag.String("key", "", "its key, PEM")
	mode        = flag.String("mode", "echo", "echo: requests with content and trailers; small, up, down: below")
	size        = flag.Int64("bytes", 1000, "of each content; of the large one")
	requests    = flag.Int("requests", 1, "how many, with mode echo")
	parallel    = flag.Int("parallel", 1, "how many at a time")
	seconds     = flag.Float64("seconds", 3, "with mode small")
	pause       = flag.Duration("pause", 0, "between two requests")
)

type client struct {
	http.Client
	connections int32
}

func fail(format string, arguments ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func newClient() *client {
	pair, err := tls.LoadX509KeyPair(*certificate, *key)
	check(err)
	config := &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}}
	return &client{Client: http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true,
		DisableCompression: true}}}
}

// do sends a request over HTTP/2 and returns the content and the trailers of its response.
func (c *client) do(method, path string, body io.Reader, length int64, trailer string) (string, http.Header) {
	request, err := http.NewRequest(method, *base+path, body)
	check(err)
	if length >= 0 {
		request.ContentLength = length
	}
	if trailer != "" {
		request.Trailer = http.Header{"X-Sum": {trailer}}
		request.ContentLength = -1
	}
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if !info.Reused {
			atomic.AddInt32(&c.connections, 1)
		}
	}}
	response, err := c.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	check(err)
	defer response.Body.Close()
	if response.StatusCode != 200 || response.ProtoMajor != 2 {
		fail("%s %s: %s %s", method, path, response.Proto, response.Status)
	}
	if path != "/echo" && path != "/sink" {
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, response.Body, make([]byte, 64*1024))
		check(err)
		return fmt.Sprint(n), response.Trailer
	}
	content, err := io.ReadAll(response.Body)
	check(err)
	return string(content), response.Trailer
}

func (c *client) echo(number int) {
	content := []byte(strings.Repeat(fmt.Sprintf("%09d ", number), int(*size/10)))
	trailer := fmt.Sprint("sum ", number)
	got, trailers := c.do("POST", "/echo", bytes.NewReader(content), -1, trailer)
	if got != string(content) {
		fail("request %d: %d bytes of %d, or others", number, len(got), len(content))
	}
	if trailers.Get("X-Sum") != trailer {
		fail("request %d: trailers %v", number, trailers)
	}
}

func (c *client) echoes() map[string]interface{} {
	var next int32
	var group sync.WaitGroup
	c.echo(0) // the others share its connection
	for i := 0; i < *parallel; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for number := int(atomic.AddInt32(&next, 1)); number < *requests; number = int(atomic.AddInt32(&next, 1)) {
				c.echo(number)
				time.Sleep(*pause)
			}
		}()
	}
	group.Wait()
	return map[string]interface{}{}
}

type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > z.left {
		p = p[:z.left]
	}
	z.left -= int64(len(p))
	return len(p), nil
}

// beside runs small requests beside one large message on the same connection, or without it.
func (c *client) beside() map[string]interface{} {
	c.do("GET", "/bytes/100", nil, -1, "")
	var over int32
	var lock sync.Mutex
	var group sync.WaitGroup
	var took []float64
	for i := 0; i < *parallel; i++ {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			time.Sleep(*pause * time.Duration(i) / time.Duration(*parallel))
			for atomic.LoadInt32(&over) == 0 {
				begin := time.Now()
				c.do("GET", "/bytes/100", nil, -1, "")
				lock.Lock()
				took = append(took, float64(time.Since(begin).Microseconds())/1000)
				lock.Unlock()
				time.Sleep(*pause)
			}
		}(i)
	}
	begin := time.Now()
	moved := fmt.Sprint(*size)
	switch *mode {
	case "small":
		time.Sleep(time.Duration(*seconds * float64(time.Second)))
	case "up":
		moved, _ = c.do("POST", "/sink", &zeros{*size}, *size, "")
	case "down":
		moved, _ = c.do("GET", fmt.Sprintf("/bytes/%d", *size), nil, -1, "")
	}
	end := time.Since(begin).Seconds()
	atomic.StoreInt32(&over, 1)
	group.Wait()
	if moved != fmt.Sprint(*size) {
		fail("%s bytes of %d", moved, *size)
	}
	sort.Float64s(took)
	at := func(part float64) float64 { return took[int(part*float64(len(took)-1))] }
	return map[string]interface{}{"seconds": end, "small": len(took), "p50_ms": at(.5), "p99_ms": at(.99),
		"max_ms": at(1)}
}

func main() {
	flag.Parse()
	c := newClient()
	var seen map[string]interface{}
	if *mode == "echo" {
		seen = c.echoes()
	} else {
		seen = c.beside()
	}
	seen["connections"] = atomic.LoadInt32(&c.connections)
	check(json.NewEncoder(os.Stdout).Encode(seen))
}
