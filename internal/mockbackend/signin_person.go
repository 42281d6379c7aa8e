package mockbackend

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Person does what a person does on the sign-in page, for tests without a browser. The zero value signs in as an Admin
// agent with multifactor authentication and consents.
type Person struct {
	User     string // user principal name; empty = the Admin agent
	SkipMFA  bool
	Fail     int    // AADSTS number of a failure that the page offers
	Cancel   bool   // on the first page
	Decline  bool   // on the consent page
	UserCode string // for the page of the device code
}

// ErrStayed is the error of Visit if the browser did not return to the application.
var ErrStayed = errors.New("the browser stayed on the sign-in page")

var (
	flowField    = regexp.MustCompile(`name="flow" value="([^"]+)"`)
	formAction   = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	problemField = regexp.MustCompile(`(?s)id="problem">(.*?)<`)
	textField    = regexp.MustCompile(`(?s)id="text">(.*?)<`)
)

// Visit opens an address of the sign-in service and signs in. It returns the address that the browser is sent to. If the
// page keeps the browser, the error wraps ErrStayed and has the text of the page.
func (b *Backend) Visit(ctx context.Context, address string, p Person) (string, error) {
	base, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: b.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	open := func(method, address string, form url.Values) (page, location string, err error) {
		req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
		if err != nil {
			return "", "", err
		}
		if method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := client.Do(req)
		if err != nil {
			return "", "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), resp.Header.Get("Location"), err
	}
	page, location, err := open(http.MethodGet, address, nil)
	for steps := 0; err == nil && location == "" && steps < 4; steps++ {
		action := formAction.FindStringSubmatch(page)
		if action == nil || problemField.MatchString(page) {
			break
		}
		form := url.Values{"action": {"next"}}
		if flow := flowField.FindStringSubmatch(page); flow != nil {
			form.Set("flow", flow[1])
		}
		switch {
		case strings.HasSuffix(action[1], "/deviceauth"):
			form.Set("user_code", p.UserCode)
		case strings.HasSuffix(action[1], "/consent"):
			form.Set("action", "accept")
			if p.Decline {
				form.Set("action", "cancel")
			}
		default:
			p.fill(b, form)
		}
		page, location, err = open(http.MethodPost, base.Scheme+"://"+base.Host+action[1], form)
	}
	if err != nil || location != "" {
		return location, err
	}
	for _, field := range []*regexp.Regexp{problemField, textField} {
		if found := field.FindStringSubmatch(page); found != nil {
			return "", fmt.Errorf("%w: %s", ErrStayed, html.UnescapeString(found[1]))
		}
	}
	return "", ErrStayed
}

// fill fills in the first page.
func (p Person) fill(b *Backend, form url.Values) {
	form.Set("user", p.User)
	if p.User == "" {
		form.Set("user", b.User(AdminAgent).UserPrincipalName)
	}
	form.Set("mfa", "completed")
	if p.SkipMFA {
		form.Set("mfa", "skipped")
	}
	if p.Fail != 0 {
		form.Set("error", itoa(p.Fail))
	}
	if p.Cancel {
		form.Set("action", "cancel")
	}
}
