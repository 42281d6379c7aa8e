package credential

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// UserSignIn signs a user in, with a browser on this computer or another one, and returns the first
// refresh token. After that, [Credential] needs no browser.
//
// golang.org/x/oauth2 implements these two flows as well. This implementation shares the pipeline,
// the credentials and the errors with the rest of the package. Each poll for a device code uses a
// new assertion.
type UserSignIn struct {
	config Config
	scope  string
	caller *httppipe.Caller
}

// NewUserSignIn returns a sign-in that requests the given delegated permissions. They may belong to
// several APIs, but the user must have access to the first one. It sends no request.
func NewUserSignIn(c Config, permissions ...string) (*UserSignIn, error) {
	switch {
	case c.Proof.user:
		return nil, errors.New("the Azure CLI signs its user in by itself")
	case c.Proof.fields == nil || c.TenantID == "" || c.ClientID == "" || len(permissions) == 0:
		return nil, errors.New("a tenant ID, a client ID, a credential of the application and a permission are needed")
	}
	if c.Texts == nil {
		c.Texts = new(httppipe.Texts)
	}
	c.Texts.AddSecrets(c.Proof.secrets...)
	return &UserSignIn{c, strings.Join(append(permissions, "offline_access"), " "), httppipe.NewCaller(c.options(signInAPI, c.Authority))}, nil
}

// firstScope returns the scope of the first token, because a token is valid for one API.
func (s *UserSignIn) firstScope() string {
	first, _, _ := strings.Cut(s.scope, " ")
	return first + " offline_access"
}

func (s *UserSignIn) path(endpoint string) string {
	return httppipe.PathOf(s.config.TenantID, "oauth2", "v2.0", endpoint)
}

// Authorization is one sign-in in a browser with the authorization code flow and PKCE.
type Authorization struct {
	// URL is the page to open in the browser.
	URL                          string
	redirectURI, state, verifier string
}

// Authorize starts a sign-in that redirects the browser to redirectURI at the end. The user must
// authenticate again, so that no session without multifactor authentication is used
// (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow).
func (s *UserSignIn) Authorize(redirectURI string) Authorization {
	a := Authorization{redirectURI: redirectURI, state: rand.Text(), verifier: rand.Text() + rand.Text()}
	challenge := sha256.Sum256([]byte(a.verifier))
	query := url.Values{
		"client_id": {s.config.ClientID}, "response_type": {"code"}, "response_mode": {"query"}, "redirect_uri": {redirectURI}, "scope": {s.scope},
		"state": {a.state}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}, "prompt": {"login"},
	}
	a.URL = s.config.Authority.String() + s.path("authorize") + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	return a
}

// ErrOtherSignIn means that a redirect does not belong to this sign-in.
var ErrOtherSignIn = errors.New("the redirect belongs to another sign-in: its state differs")

// Code returns the authorization code from the query of the redirect, or an error.
func (s *UserSignIn) Code(a Authorization, query url.Values) (string, error) {
	switch {
	case query.Get("state") != a.state:
		return "", ErrOtherSignIn
	case query.Get("error") != "":
		return "", s.refused(query.Get("error"), query.Get("error_description"))
	case query.Get("code") == "":
		return "", errors.New("the redirect has no code")
	}
	return query.Get("code"), nil
}

var aadsts = regexp.MustCompile(`^AADSTS(\d+)`)

// refused returns the error for a redirect without a code.
func (s *UserSignIn) refused(name, description string) error {
	e := refusalBody{Error: name, Description: description}.parsed(0, s.config.Texts)
	if found := aadsts.FindStringSubmatch(e.Description); found != nil {
		code, _ := strconv.Atoi(found[1]) // only digits
		e.Codes = []int{code}
	}
	if name == "access_denied" {
		return &Error{Err: errCancelled}
	}
	e.Err = fmt.Errorf("the sign-in service answered %s: %s", s.config.Texts.Clean(name), e.Description)
	return e
}

var errCancelled = errors.New("the user cancelled the sign-in or declined the consent")

// Redeem exchanges an authorization code for a refresh token. A code is valid for one attempt
// within ten minutes.
func (s *UserSignIn) Redeem(ctx context.Context, a Authorization, code string) (refreshToken string, err error) {
	s.config.Texts.AddSecrets(code, a.verifier)
	token, err := s.refreshToken(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.redirectURI}, "code_verifier": {a.verifier}, "scope": {s.firstScope()},
	})
	if failed, ok := errors.AsType[*Error](err); ok && slices.ContainsFunc(failed.Codes, func(n int) bool { return slices.Contains(authorizationCodes, n) }) {
		return "", &Error{Err: fmt.Errorf("the code was refused: %s Begin again; a code is good for one try within ten minutes", failed.Description)}
	}
	return token, err
}

// authorizationCodes contains Entra ID's codes for an invalid or expired authorization code. Some of them have
// another meaning for a refresh token.
var authorizationCodes = []int{9002313, 70000, 70008, 54005, 501481, 500112}

// DeviceCode is a sign-in in a browser on another computer.
type DeviceCode struct {
	// UserCode is the code that the user enters at VerificationURI before ExpiresOn.
	UserCode, VerificationURI string
	ExpiresOn                 time.Time

	code     string
	interval time.Duration
}

// StartDeviceCode starts a sign-in on another computer
// (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code).
func (s *UserSignIn) StartDeviceCode(ctx context.Context) (DeviceCode, error) {
	var answer struct {
		DeviceCode      string  `json:"device_code" text:"raw"`
		UserCode        string  `json:"user_code"`
		VerificationURI string  `json:"verification_uri"`
		ExpiresIn       seconds `json:"expires_in"`
		Interval        seconds `json:"interval"`
	}
	start := time.Now()
	form := url.Values{"client_id": {s.config.ClientID}, "scope": {s.scope}}
	_, err := s.caller.Do(ctx, httppipe.Call{Method: http.MethodPost, Path: s.path("devicecode"), Body: form, Answer: &answer, Need: true, Check: func() error {
		if answer.DeviceCode == "" || answer.UserCode == "" || answer.VerificationURI == "" || answer.ExpiresIn <= 0 {
			return httppipe.ErrUnreadable
		}
		return nil
	}})
	if err != nil {
		return DeviceCode{}, s.asError(unreadable(err))
	}
	s.config.Texts.AddSecrets(answer.DeviceCode)
	interval := 5 * time.Second // RFC 8628 3.2, if the answer has none
	if answer.Interval > 0 {
		interval = time.Duration(min(answer.Interval, 60)) * time.Second
	}
	return DeviceCode{
		UserCode: answer.UserCode, VerificationURI: answer.VerificationURI, code: answer.DeviceCode, interval: interval,
		ExpiresOn: start.Add(time.Duration(min(answer.ExpiresIn, 60*60)) * time.Second),
	}, nil
}

// Await polls until the user has signed in with the device code or declined, or until the code
// expires.
func (s *UserSignIn) Await(ctx context.Context, d DeviceCode) (refreshToken string, err error) {
	for {
		if err := httppipe.Sleep(ctx, d.interval); err != nil {
			return "", err
		}
		token, err := s.refreshToken(ctx, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.code}})
		failed, _ := errors.AsType[*Error](err)
		switch {
		case failed == nil:
			return token, err
		case failed.OAuthError == "slow_down":
			d.interval += 5 * time.Second // RFC 8628 3.5
		case failed.OAuthError == "authorization_declined":
			return "", &Error{Err: errCancelled}
		case failed.OAuthError == "expired_token":
			return "", &Error{Err: errors.New("nobody signed in with the code before it expired")}
		case failed.OAuthError != "authorization_pending":
			return "", failed
		}
	}
}

// refreshToken sends a token request with the application's credential, and returns the refresh
// token.
func (s *UserSignIn) refreshToken(ctx context.Context, grant url.Values) (string, error) {
	path := s.path("token")
	form, err := s.config.Proof.fields(ctx, s.config, s.config.Authority.String()+path)
	if err != nil {
		return "", s.asError(err)
	}
	maps.Copy(form, grant)
	form.Set("client_id", s.config.ClientID)
	var t tokenResponse
	// It is not retried if Entra ID may have accepted the code, because a code can be used only
	// once.
	_, err = s.caller.Do(ctx, httppipe.Call{Method: http.MethodPost, Path: path, Body: form, Answer: &t, Need: true, Repeat: httppipe.RepeatRefused})
	err = unreadable(err)
	if err == nil && t.RefreshToken == "" {
		err = errors.New("the sign-in service returned no refresh token")
	}
	if err != nil {
		return "", s.asError(err)
	}
	s.config.Texts.AddSecrets(t.AccessToken, t.RefreshToken)
	return t.RefreshToken, nil
}

// unreadable replaces the error of a successful answer, because the decoder's error could contain
// part of a token.
func unreadable(err error) error {
	if failed, ok := errors.AsType[*httppipe.Error](err); ok && failed.StatusCode == http.StatusOK {
		return errUnreadable
	}
	return err
}

func (s *UserSignIn) asError(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return (&Credential{config: s.config}).asError(err)
}

// owner returns the owner of the refresh token.
func (s *UserSignIn) owner() Owner { return Owner{s.config.TenantID, s.config.ClientID} }

// CheckPath returns an error if [UserSignIn.Store] cannot write to path. The file may contain an older
// refresh token of the same tenant and application.
func (s *UserSignIn) CheckPath(path string) error { return CheckRefreshTokenPath(path, "", s.owner()) }

// Store writes the refresh token to a file, like a [Credential] does with each newer one.
func (s *UserSignIn) Store(path, token string) error {
	return WriteRefreshToken(path, token, s.owner(), "")
}
