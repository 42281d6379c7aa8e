package mockbackend

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// The sign-in page is an HTML page for a person or a headless browser. They choose a user, complete or skip
// multifactor authentication, consent or decline, or make the sign-in fail.

// pageErrors are the failures that a person can choose. Entra shows them and does not return to the application.
var pageErrors = []SignInError{
	{Code: 50105, Text: "The signed in user is not assigned to a role for the application."},
	{Code: 50126, Text: "Error validating credentials due to invalid username or password."},
	{Code: 53003, Text: "Access has been blocked by Conditional Access policies."},
	{Code: 90094, Text: "Admin consent is required for the permissions requested by this application."},
}

type pageField struct {
	Value, Label, Note string
	Checked            bool
}

type page struct {
	Title   string
	Text    string
	Flow    string // hidden field; empty = no form
	Step    string // choose, consent or code
	Users   []pageField
	Errors  []pageField
	Scopes  []string
	Problem string
}

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<link rel="icon" href="data:,">
<style>
body { margin: 0; min-height: 100vh; display: flex; align-items: center; justify-content: center; background: #eef2f6; font: 16px/1.4 system-ui, sans-serif; color: #1b1b1b; }
main { background: #fff; width: 27rem; padding: 2.5rem; box-shadow: 0 2px 8px #0003; }
h1 { font-size: 1.5rem; font-weight: 600; margin: .2rem 0 1rem; }
.brand { color: #5b6670; font-size: .9rem; }
fieldset { border: 0; margin: 0 0 1.2rem; padding: 0; }
legend { font-weight: 600; padding: 0; margin-bottom: .3rem; }
label { display: block; padding: .35rem 0; }
small { color: #5b6670; display: block; margin-left: 1.6rem; }
select, input[type=text] { font: inherit; width: 100%; padding: .35rem; box-sizing: border-box; }
.buttons { display: flex; justify-content: flex-end; gap: .5rem; }
button { font: inherit; padding: .45rem 1.6rem; border: 1px solid #8a8a8a; background: #f2f2f2; cursor: pointer; }
button.main { background: #0b62b5; border-color: #0b62b5; color: #fff; }
li { overflow-wrap: anywhere; }
.problem { color: #a80000; }
</style>
</head>
<body><main>
<div class="brand">Mock of Microsoft Entra ID</div>
<h1>{{.Title}}</h1>
{{with .Problem}}<p class="problem" id="problem">{{.}}</p>{{end}}
{{with .Text}}<p id="text">{{.}}</p>{{end}}
{{if eq .Step "choose"}}<form method="post" action="/common/login">
<input type="hidden" name="flow" value="{{.Flow}}">
<fieldset><legend>User</legend>
{{range .Users}}<label><input type="radio" name="user" value="{{.Value}}"{{if .Checked}} checked{{end}}> {{.Label}}<small>{{.Note}}</small></label>
{{end}}</fieldset>
<fieldset><legend>Multifactor authentication</legend>
<label><input type="radio" name="mfa" value="completed" checked> Complete</label>
<label><input type="radio" name="mfa" value="skipped"> Skip</label>
</fieldset>
<fieldset><legend>Result</legend>
<select name="error" id="error"><option value="">Sign in</option>
{{range .Errors}}<option value="{{.Value}}">{{.Label}}</option>
{{end}}</select></fieldset>
<div class="buttons"><button name="action" value="cancel" id="cancel">Cancel</button><button class="main" name="action" value="next" id="next">Next</button></div>
</form>{{end}}
{{if eq .Step "consent"}}<form method="post" action="/common/consent">
<input type="hidden" name="flow" value="{{.Flow}}">
<ul>{{range .Scopes}}<li>{{.}}</li>{{end}}</ul>
<div class="buttons"><button name="action" value="cancel" id="cancel">Cancel</button><button class="main" name="action" value="accept" id="accept">Accept</button></div>
</form>{{end}}
{{if eq .Step "code"}}<form method="post" action="/common/oauth2/deviceauth">
<fieldset><legend>Code</legend><input type="text" name="user_code" id="user_code" autocomplete="off"></fieldset>
<div class="buttons"><button class="main" name="action" value="next" id="next">Next</button></div>
</form>{{end}}
</main></body>
</html>
`))

// html prints a page. The sign-in service sends texts as HTML.
func (p page) html(status int) response {
	var text bytes.Buffer
	if err := pageTemplate.Execute(&text, p); err != nil {
		return response{status: http.StatusInternalServerError, body: err.Error()}
	}
	return response{status: status, body: text.String()}
}

func messagePage(title, text string) response {
	return page{Title: title, Text: text}.html(http.StatusOK)
}

// errorPage shows an error to the person. The browser does not return to the application.
func errorPage(_ *exchange, e *refusal) response {
	return page{Title: "Sorry, but we’re having trouble signing you in", Problem: "AADSTS" + itoa(e.code) + ": " + e.text}.html(http.StatusOK)
}

func itoa(n int) string { return strconv.Itoa(n) }

// openPage begins a sign-in on the page.
func (b *Backend) openPage(request *signInRequest) response {
	flow := newGUID()
	request.opened = time.Now()
	b.signIn.interactive.pages[flow] = request
	return b.choosePage(flow, "").html(http.StatusOK)
}

func (b *Backend) choosePage(flow, problem string) page {
	p := page{Title: "Pick an account", Flow: flow, Step: "choose", Problem: problem}
	for i, user := range b.signIn.users {
		note := "no role"
		if len(user.Roles) > 0 {
			note = string(user.Roles[0])
		}
		if !user.MFA {
			note += ", without multifactor authentication"
		}
		p.Users = append(p.Users, pageField{Value: user.UserPrincipalName, Label: user.UserPrincipalName, Note: note, Checked: i == 0})
	}
	for _, e := range pageErrors {
		p.Errors = append(p.Errors, pageField{Value: itoa(e.Code), Label: "Fail with AADSTS" + itoa(e.Code)})
	}
	return p
}

// pageRequest finds the sign-in that a form belongs to.
func (b *Backend) pageRequest(x *exchange) (form url.Values, request *signInRequest, refused *refusal) {
	form, err := b.readForm(x)
	request = b.signIn.interactive.pages[form.Get("flow")]
	if err != nil || request == nil || time.Since(request.opened) >= pageLifetime {
		return nil, nil, refuse(http.StatusBadRequest, "invalid_request", 90014, "The sign-in has ended or was never begun. Begin again from the application.")
	}
	return form, request, nil
}

// pageChosen reads the first page.
func (b *Backend) pageChosen(x *exchange) response {
	form, request, refused := b.pageRequest(x)
	if refused != nil {
		return errorPage(x, refused)
	}
	flow := form.Get("flow")
	if form.Get("action") != "next" {
		return b.declined(flow, request)
	}
	if code := form.Get("error"); code != "" {
		at := slices.IndexFunc(pageErrors, func(e SignInError) bool { return itoa(e.Code) == code })
		if at < 0 {
			return b.choosePage(flow, "There is no error "+code+".").html(http.StatusBadRequest)
		}
		return b.choosePage(flow, "AADSTS"+code+": "+pageErrors[at].Text).html(http.StatusOK)
	}
	user, ok := b.signIn.userIndex(form.Get("user"))
	if !ok {
		return b.choosePage(flow, "We couldn’t find an account with that username.").html(http.StatusOK)
	}
	request.user, request.mfa = user, form.Get("mfa") == "completed" && b.signIn.users[user].MFA
	asks := request.forced
	for _, r := range b.resourcesOf(request.scopes) {
		asks = asks || x.knobs.ConsentRequired && !b.signIn.interactive.consents[consent{user, r}]
	}
	if asks {
		return page{
			Title: "Permissions requested", Flow: flow, Step: "consent", Scopes: request.scopes,
			Text: b.signIn.users[user].UserPrincipalName + ": this application would like to:",
		}.html(http.StatusOK)
	}
	delete(b.signIn.interactive.pages, flow)
	return b.finish(request)
}

// pageConsented reads the second page.
func (b *Backend) pageConsented(x *exchange) response {
	form, request, refused := b.pageRequest(x)
	if refused != nil {
		return errorPage(x, refused)
	}
	if form.Get("action") != "accept" {
		return b.declined(form.Get("flow"), request)
	}
	delete(b.signIn.interactive.pages, form.Get("flow"))
	return b.finish(request)
}

// declined ends a sign-in that the person cancelled.
func (b *Backend) declined(flow string, request *signInRequest) response {
	delete(b.signIn.interactive.pages, flow)
	if request.device != nil {
		request.device.declined = true
		return messagePage("You have cancelled", "You have cancelled the sign-in. You may now close this window.")
	}
	return redirectError(request, refuse(0, "access_denied", 65004, "User declined to consent to access the app."))
}

// deviceCodePage asks the person for the code of the device.
func (b *Backend) deviceCodePage(*exchange) response {
	return page{Title: "Enter code", Text: "Enter the code displayed on your app or device.", Step: "code"}.html(http.StatusOK)
}

// deviceCodeEntered reads the code and begins the sign-in.
func (b *Backend) deviceCodeEntered(x *exchange) response {
	form, err := b.readForm(x)
	d := b.deviceByUserCode(form.Get("user_code"))
	if err != nil || d == nil {
		return page{Title: "Enter code", Problem: "That code didn’t work. Check the code and try again.", Step: "code"}.html(http.StatusOK)
	}
	request := d.request
	request.device = d
	return b.openPage(&request)
}
