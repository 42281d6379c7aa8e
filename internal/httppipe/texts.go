package httppipe

import (
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	// maxText is how much of a text from outside is kept, in bytes: the documented maximum of
	// Partner Center's descriptions.
	maxText = 1024
	// minSecret is the shortest text that is taken for a secret, in bytes: a shorter one stands
	// in ordinary words.
	minSecret = 6
)

// redacted stands where a secret was.
const redacted = "(redacted)"

// Texts is the one place that every text from outside passes before a person, a log or the
// state gets it. Share one among all pipelines of a provider. The nil value knows no secret.
type Texts struct {
	mu      sync.RWMutex
	secrets []string // in all forms that a server could repeat
}

// AddSecrets makes known what must not appear in any text.
func (t *Texts) AddSecrets(secrets ...string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range secrets {
		if len(s) < minSecret || signed.FindString(s) == s {
			continue // every signed token is redacted, known or not
		}
		query, path := url.QueryEscape(s), url.PathEscape(s)
		for _, form := range []string{s, query, path, lowerHex(query), lowerHex(path)} {
			if !slices.Contains(t.secrets, form) {
				t.secrets = append(t.secrets, form)
			}
		}
	}
}

var escape = regexp.MustCompile("%[0-9A-F]{2}")

// lowerHex spells URL escapes as .NET does.
func lowerHex(s string) string { return escape.ReplaceAllStringFunc(s, strings.ToLower) }

// signed is a JSON Web Token, such as an access token or an assertion.
var signed = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)

// Clean makes a text from outside fit for a person: one line of at most 1,024 bytes without
// control characters, format characters (such as those that turn the direction of writing)
// and secrets.
func (t *Texts) Clean(s string) string { return strings.TrimSpace(t.clean(s)) }

// CleanLines is Clean for a text of several lines. It keeps their ends and indentation.
func (t *Texts) CleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = t.clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

func (t *Texts) clean(s string) string {
	s = t.redact(printable(s))
	if len(s) <= maxText {
		return s
	}
	cut := maxText - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// id is what an id of Microsoft's services consists of, also a correlation vector.
var id = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._~:/+=-]{0,127}$`)

// ID returns an id from outside as it is, or "" when it does not look like one.
func (t *Texts) ID(s string) string {
	if s = strings.TrimSpace(s); !id.MatchString(s) || t.redact(s) != s {
		return ""
	}
	return s
}

// redact takes out the secrets.
func (t *Texts) redact(s string) string {
	if t != nil && len(s) >= minSecret {
		t.mu.RLock()
		defer t.mu.RUnlock()
		for _, secret := range t.secrets {
			if strings.Contains(s, secret) {
				s = strings.ReplaceAll(s, secret, redacted)
			}
		}
	}
	if strings.Contains(s, "eyJ") {
		s = signed.ReplaceAllLiteralString(s, redacted)
	}
	return s
}

// printable drops what is no visible character. What ends a line becomes a space.
func printable(s string) string {
	if strings.IndexFunc(s, invisible) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\t', r == '\u2028', r == '\u2029':
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, s)
}

func invisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == utf8.RuneError
}

// suspect reports whether a JSON document may hold a text that cleaning changes. Looking at each
// text takes a quarter of the time of decoding; this takes next to none.
func (t *Texts) suspect(document []byte) bool {
	for text := 0; len(document) > 0; {
		r, size := rune(document[0]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(document)
		}
		switch document = document[size:]; {
		case r == '\\', invisible(r) && r != '\n' && r != '\r' && r != '\t', text > maxText:
			return true
		case r == '"':
			text = 0
		default:
			text += size
		}
	}
	return false
}

// CleanAll cleans every string in what v points to. The tag text:"raw" exempts a field that is
// sent back as it came, such as a continuation token; text:"long" exempts one from the limit of
// its length, such as JSON in a string.
func (t *Texts) CleanAll(v any) { t.cleanAll(reflect.ValueOf(v), "") }

func (t *Texts) cleanAll(v reflect.Value, tag string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			t.cleanAll(v.Elem(), tag)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("text") != "raw" {
				t.cleanAll(v.Field(i), f.Tag.Get("text"))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			t.cleanAll(v.Index(i), tag)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(v.MapIndex(key))
			t.cleanAll(value, tag)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		if !v.CanSet() {
			return
		}
		s, clean := v.String(), ""
		if clean = t.redact(printable(s)); tag != "long" {
			clean = t.clean(s)
		}
		if clean != s {
			v.SetString(clean)
		}
	default: // holds no text
	}
}
