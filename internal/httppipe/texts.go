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
	// maxText is the maximum length of a text from outside, in bytes. It is the documented maximum
	// of Partner Center's descriptions.
	maxText = 1024
	// minSecret is the minimum length of a secret, in bytes. A shorter text may be part of ordinary
	// words.
	minSecret = 6
)

// redacted replaces a secret.
const redacted = "(redacted)"

// Texts cleans every text from outside before a user, a log or the state receives it. Share one
// among all pipelines of a provider. The nil value contains no secrets.
type Texts struct {
	mu      sync.RWMutex
	secrets []string // in all encodings that a server could return
}

// AddSecrets adds texts that must not appear in any output.
func (t *Texts) AddSecrets(secrets ...string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range secrets {
		if len(s) < minSecret || signed.FindString(s) == s {
			continue // every signed token is redacted anyway
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

// lowerHex writes URL escapes in lower case, as .NET does.
func lowerHex(s string) string { return escape.ReplaceAllStringFunc(s, strings.ToLower) }

// signed matches a JSON Web Token, such as an access token or an assertion.
var signed = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)

// Clean makes a text from outside printable: one line of at most 1,024 bytes without control
// characters, format characters (such as those that change the writing direction) and secrets.
func (t *Texts) Clean(s string) string { return strings.TrimSpace(t.clean(s)) }

// CleanLines is Clean for a text of several lines. It keeps line breaks and indentation.
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

// id matches the IDs of Microsoft's services, including correlation vectors.
var id = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._~:/+=-]{0,127}$`)

// ID returns an ID from outside unchanged, or "" if it does not look like an ID.
func (t *Texts) ID(s string) string {
	if s = strings.TrimSpace(s); !id.MatchString(s) || t.redact(s) != s {
		return ""
	}
	return s
}

// redact replaces all secrets.
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

// printable removes invisible characters and replaces line breaks with spaces.
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

// mayNeedCleaning reports whether a JSON document may contain a text that cleaning would change. Cleaning
// every text takes a quarter of the decoding time; this check takes almost none.
func (t *Texts) mayNeedCleaning(document []byte) bool {
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

// CleanAll cleans all strings that v points to. The tag text:"raw" excludes a field that is sent
// back unchanged, such as a continuation token. text:"long" removes the length limit for a field,
// such as JSON in a string.
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
	default: // contains no text
	}
}
