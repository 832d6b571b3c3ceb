// An application with Go's net/http: HTTP/1.1, or HTTP/2 without TLS where it is built with the tag
// xnet. It prints its address. /bytes/N sends N bytes, /sink answers with the number of bytes that
// it was sent, /echo sends the content and the trailers back.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

const blockBytes = 64 * 1024

func send(w http.ResponseWriter, left int64) {
	w.Header().Set("Content-Length", strconv.FormatInt(left, 10))
	block := make([]byte, blockBytes)
	for left > 0 {
		n, err := w.Write(block[:min(left, blockBytes)])
		if err != nil {
			return
		}
		left -= int64(n)
	}
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func sink(w http.ResponseWriter, r *http.Request) {
	n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, blockBytes))
	fmt.Fprint(w, n)
}

func echo(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set("Trailer", "X-Sum")
	w.Header().Set("X-Version", r.Proto)
	w.Write(content)
	w.Header().Set("X-Sum", r.Trailer.Get("X-Sum"))
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/bytes/", func(w http.ResponseWriter, r *http.Request) {
		left, _ := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/bytes/"), 10, 64)
		send(w, left)
	})
	mux.HandleFunc("/sink", sink)
	mux.HandleFunc("/echo", echo)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic((&http.Server{Handler: handler(mux)}).Serve(listener))
}
