package httppipe

import (
	"strings"
	"testing"
)

func TestParseErrorBody(t *testing.T) {
	for name, c := range map[string]struct{ body, code, message string }{
		"documented, numeric code":   {`{"code":600041,"description":"Exists already.","data":[],"source":"PartnerApi"}`, "600041", "Exists already."},
		"string code":                {`{"code":"900420","description":"Wrong audience."}`, "900420", "Wrong audience."},
		"with a byte order mark":     {"\xef\xbb\xbf" + `{"code":2000,"description":"Bad."}`, "2000", "Bad."},
		"longer form":                {`{"code":3000,"message":"Invalid.","errorName":"InvalidProperty","isRetryable":false,"parameters":{},"errorMessageExtended":"InternalErrorCode=600061"}`, "3000", "Invalid. (InternalErrorCode=600061)"},
		"gateway":                    {`{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 57 seconds." }`, "", "Rate limit is exceeded. Try again in 57 seconds."},
		"PascalCase":                 {`{"Code":1000,"Description":"Not found."}`, "1000", "Not found."},
		"Azure's envelope":           {`{"error":{"code":"InvalidAuthenticationToken","message":"No."}}`, "InvalidAuthenticationToken", "No."},
		"OAuth":                      {`{"error":"invalid_token","error_description":"Expired."}`, "", "Expired."},
		"code is not defined":        {`{"code":0,"description":"?"}`, "", "?"},
		"one unexpected field":       {`{"code":{"a":1},"description":"Still read.","data":"x"}`, "", "Still read."},
		"a float code":               {`{"code":1.5e3,"description":"Odd."}`, "", "Odd."},
		"control characters":         {`{"code":1,"description":"a\u001b[31mb\nc"}`, "1", "a\u001b[31mb\nc"},
		"control characters of C1":   {`{"code":"9\u001b[0m","description":"a\u009b31mb"}`, "9\u001b[0m", "a\u009b31mb"},
		"empty":                      {``, "", ""},
		"HTML":                       {`<html><body>Bad gateway</body></html>`, "", ""},
		"an array":                   {`[1]`, "", ""},
		"null":                       {`null`, "", ""},
		"cut off":                    {`{"code":2000,`, "", ""},
		"description beats the name": {`{"code":1,"errorName":"Name","description":"Text."}`, "1", "Text."},
	} {
		if code, message := parseErrorBody([]byte(c.body)); code != c.code || message != c.message {
			t.Errorf("%s: got %q, %q, want %q, %q", name, code, message, c.code, c.message)
		}
	}
}

func FuzzErrorBody(f *testing.F) {
	for _, s := range []string{
		`{"code":600041,"description":"d","data":[{}],"source":"s"}`, "\xef\xbb\xbf{\"code\":\"1\"}", `{"statusCode":429,"message":"m"}`,
		`{"error":{"error":{"error":{}}}}`, `<html>`, "", `{"code":1e999}`, `{"description":"` + strings.Repeat("é", 2000) + `"}`, "{\"description\":\"\xff\x00\"}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, message := parseErrorBody(body)
		message = new(Texts).Clean(message)
		if len(message) > maxText || strings.ContainsAny(message, "\n\r\x1b\x00") {
			t.Errorf("%q is not plain text in one line", message)
		}
	})
}
