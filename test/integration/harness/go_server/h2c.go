//go:build xnet

package main

import (
	"net/http"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

func handler(inner http.Handler) http.Handler {
	return h2c.NewHandler(inner, &http2.Server{MaxConcurrentStreams: 250})
}
