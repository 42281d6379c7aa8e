package mockbackend

import (
	"net/http"
	"strings"
	"time"
)

// Values of the device authorization response:
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code.
const (
	deviceCodeLifetime = 15 * time.Minute
	deviceCodeInterval = 5 * time.Second
	grantDeviceCode    = "urn:ietf:params:oauth:grant-type:device_code"
)

// deviceCode is a request of a device without a browser.
type deviceCode struct {
	code     string
	userCode string
	clientID string
	request  signInRequest
	issued   time.Time
	interval time.Duration
	polled   time.Time
	declined bool
	signedIn *redeemable // nil until the person has finished
}

type deviceCodeBody struct {
	DeviceCode      string `json:"device_code"`
	UserCode        string `json:"user_code"`
	VerificationURI string `json:"verification_uri"`
	ExpiresIn       int    `json:"expires_in"`
	Interval        int    `json:"interval"`
	Message         string `json:"message"`
}

// startDeviceCode answers a device with the code that a person enters in a browser.
func (b *Backend) startDeviceCode(x *exchange) response {
	form, err := b.readForm(x)
	tenant, refused := b.interactiveTenant(x.values["tenant"], form.Get("client_id"))
	scopes := strings.Fields(form.Get("scope"))
	switch {
	case err != nil:
		refused = refuse(http.StatusBadRequest, "invalid_request", 900144, "The request body must be form-encoded.")
	case form.Get("client_id") == "":
		refused = missingParameter("client_id")
	case refused == nil:
		refused = b.checkScopes(scopes)
	}
	if refused != nil {
		return response{status: refused.status, body: entraErrorBody(x, &refused.apiError)}
	}
	d := &deviceCode{
		code: newAuthorizationCode(), userCode: strings.ToUpper(newGUID()[:8]), clientID: b.partner.ClientID, issued: time.Now(), interval: deviceCodeInterval,
		request: signInRequest{tenant: tenant, scopes: scopes},
	}
	b.signIn.interactive.devices[d.code] = d
	b.rememberToken(IssuedToken{Kind: DeviceCode, Token: d.code, Tenant: tenant})
	page := b.endpoints.SignIn + "/common/oauth2/deviceauth"
	return response{status: http.StatusOK, body: deviceCodeBody{
		DeviceCode: d.code, UserCode: d.userCode, VerificationURI: page, ExpiresIn: int(deviceCodeLifetime / time.Second), Interval: int(deviceCodeInterval / time.Second),
		Message: "To sign in, use a web browser to open the page " + page + " and enter the code " + d.userCode + " to authenticate.",
	}}
}

// deviceByUserCode finds the device by the code that a person typed.
func (b *Backend) deviceByUserCode(userCode string) *deviceCode {
	for _, d := range b.signIn.interactive.devices {
		if strings.EqualFold(d.userCode, strings.TrimSpace(userCode)) && time.Since(d.issued) < deviceCodeLifetime && d.signedIn == nil && !d.declined {
			return d
		}
	}
	return nil
}

// scopeOfDevice copies the scopes of the device's first request to its token request, which has none.
func (b *Backend) scopeOfDevice(r *tokenRequest) {
	if d := b.signIn.interactive.devices[r.form.Get("device_code")]; d != nil && r.form.Get("scope") == "" {
		for _, scope := range d.request.scopes { // a token is for the first of several resources
			if resources := b.resourcesOf([]string{scope}); len(resources) == 0 || resources[0] == b.resourcesOf(d.request.scopes)[0] {
				r.form.Add("scope", strings.TrimSpace(scope))
			}
		}
		r.form.Set("scope", strings.Join(r.form["scope"], " "))
	}
}

// checkDeviceCode answers a poll of the device. With each slow_down, the client must add five seconds to the interval
// (RFC 8628 3.5). Entra does not document slow_down.
func (b *Backend) checkDeviceCode(x *exchange, r *tokenRequest) *refusal {
	if r.form.Get("device_code") == "" {
		return missingParameter("device_code")
	}
	d := b.signIn.interactive.devices[r.form.Get("device_code")]
	if d == nil || d.request.tenant != r.tenant {
		return refuse(http.StatusBadRequest, "bad_verification_code", 70018, "The verification code is invalid.")
	}
	early := !d.polled.IsZero() && time.Since(d.polled) < d.interval
	d.polled = time.Now()
	switch {
	case time.Since(d.issued) >= deviceCodeLifetime:
		return refuse(http.StatusBadRequest, "expired_token", 70020, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.")
	case d.declined:
		return refuse(http.StatusBadRequest, "authorization_declined", 70017, "The user denied the request.")
	case early, x.knobs.SlowDown:
		d.interval += 5 * time.Second
		if early {
			b.violate("POST %s: polled after less than the interval", x.req.URL.Path)
		}
		return refuse(http.StatusBadRequest, "slow_down", 70016, "The polls come too fast.")
	case d.signedIn == nil:
		return refuse(http.StatusBadRequest, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
	case d.signedIn.redeemed:
		b.violate("POST %s: the device code was redeemed before", x.req.URL.Path)
		return refuseAs(54005, "")
	}
	d.signedIn.redeemed = true
	return b.redeem(r, d.signedIn)
}
