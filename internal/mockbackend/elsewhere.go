package mockbackend

import (
	"net/http"
	"time"
)

// elsewhereService is a host of a third party. Redirects and links can point to it. A client that follows them with its
// token leaks the token.
type elsewhereService struct{ serviceBase }

func (elsewhereService) inspect(b *Backend, x *exchange) {
	if x.req.Header.Get("Authorization") != "" {
		b.violate("%s %s: a token was sent to another host", x.req.Method, x.req.URL.Path)
	}
}

func (elsewhereService) errorAnswer(*exchange, int, *apiError) response {
	return response{status: http.StatusNotFound}
}

func (elsewhereService) encode(_ *exchange, r response) answer {
	a := answer{status: r.status, header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}}
	if page, ok := r.body.(string); ok {
		a.header.Set("Content-Type", "text/html; charset=utf-8")
		a.body = []byte(page)
	}
	return a
}

// signInPagePath is the HTML page, with status 200, that Azure DevOps redirects to.
const signInPagePath = "/_signin"

func (b *Backend) signInPage(*exchange) response {
	return response{status: http.StatusOK, body: "<!DOCTYPE html>\n<html><head><title>Sign in to your account</title></head><body></body></html>\n"}
}
