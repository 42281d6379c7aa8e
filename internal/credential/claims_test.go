package credential

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode"
)

// unsigned returns an unsigned token with the claims.
func unsigned(claims string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
}

// TestParseClaims_areClean checks that claims are cleaned like all text from outside, because they
// are displayed.
func TestParseClaims_areClean(t *testing.T) {
	c, err := ParseClaims(unsigned(`{"tid":"a\u001b[2Jb","appid":"c\u202e","oid":"d\u200b","upn":"` + strings.Repeat("x", 5000) + `","scp":"s","exp":1e9}`))
	if err != nil || c.TenantID != "a[2Jb" || c.ClientID != "c" || c.ObjectID != "d" || len(c.UserPrincipalName) > 1024 || c.ExpiresOn.IsZero() {
		t.Errorf("got %+v, %v", c, err)
	}
}

func FuzzParseClaims(f *testing.F) {
	for _, claims := range []string{`{"tid":"1","oid":"2","upn":"a@b","scp":"s","amr":["mfa"],"exp":1}`, `{"exp":-1e300}`, `{"exp":"x"}`, `{"amr":"mfa"}`, `[]`, ``, `{"aud":["a"]}`} {
		f.Add(claims)
	}
	f.Fuzz(func(t *testing.T, claims string) {
		c, err := ParseClaims(unsigned(claims))
		if err != nil {
			return
		}
		for _, s := range []string{c.TenantID, c.ClientID, c.ObjectID, c.UserPrincipalName} {
			if strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }) || len(s) > 1024 {
				t.Errorf("%q is not clean", s)
			}
		}
		_, _ = ParseClaims(claims)
	})
}
