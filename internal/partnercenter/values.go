package partnercenter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// The types of this file read what the API writes in more than one way. What is missing,
// null or an empty string leaves their zero value; what none of the documented forms fits
// is an error.

// Time is a moment. The zero value means that the API does not tell.
//
// The API writes RFC 3339 with up to 7 decimals of a second and any offset
// (2024-05-02T08:31:07.6455674Z, 2018-03-06T17:37:05.253-08:00), and some dates without a
// zone (2025-05-02T00:00:00), which are UTC.
type Time struct{ time.Time }

// timeLayouts are all forms of a [Time]. Go reads a fraction of a second wherever a layout
// has seconds.
var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly}

// UnmarshalJSON reads every form of a [Time].
func (t *Time) UnmarshalJSON(data []byte) error {
	s, err := textOf(data)
	if err != nil {
		return err
	}
	if s == "" {
		t.Time = time.Time{}
		return nil
	}
	for _, layout := range timeLayouts {
		at, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		switch utc := at.UTC(); {
		case at.Year() <= 1: // what .NET calls no date
			t.Time = time.Time{}
		case utc.Year() > 9999: // the end of time in another zone
			t.Time = at
		default:
			t.Time = utc
		}
		return nil
	}
	return fmt.Errorf("%q is no date", s)
}

// String is the moment in RFC 3339, in UTC, with the decimals it has, or "".
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// Decimal is an amount in decimal notation, such as 1234.50, with the digits that the API
// sent, or "". It is never a binary floating-point number, which money does not survive.
type Decimal string

// maxExponent bounds the zeros that a number in scientific notation is written out with.
const maxExponent = 64

// UnmarshalJSON reads a number, or a string that holds one.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	s, err := textOf(data)
	if err != nil {
		return err
	}
	if s == "" {
		*d = ""
		return nil
	}
	var n json.Number // encoding/json checks the form
	if json.Unmarshal([]byte(s), &n) != nil || n == "" || n.String() != s {
		return fmt.Errorf("%q is no number", s)
	}
	plain, err := writtenOut(s)
	*d = Decimal(plain)
	return err
}

// writtenOut turns scientific notation into decimal notation.
func writtenOut(number string) (string, error) {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(number), "e")
	if !ok {
		return number, nil
	}
	e, err := strconv.Atoi(exponent)
	if err != nil || e > maxExponent || e < -maxExponent {
		return "", fmt.Errorf("%q is no amount", number)
	}
	value, ok := new(big.Rat).SetString(number)
	if !ok {
		return "", fmt.Errorf("%q is no number", number)
	}
	_, fraction, _ := strings.Cut(mantissa, ".")
	return value.FloatString(max(0, len(fraction)-e)), nil
}

// Integer is a whole number.
type Integer int64

// UnmarshalJSON reads a whole number, or a string that holds one.
func (i *Integer) UnmarshalJSON(data []byte) error {
	var d Decimal
	if err := d.UnmarshalJSON(data); err != nil {
		return err
	}
	whole, fraction, _ := strings.Cut(string(d), ".")
	if strings.Trim(fraction, "0") != "" {
		return fmt.Errorf("%q is no whole number", d)
	}
	if whole == "" {
		*i = 0
		return nil
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is no whole number", d)
	}
	*i = Integer(n)
	return nil
}

// Enum is a value of one of the API's enumerations in snake_case, as most of them are on
// the wire; others come as New, addQuantity or UserPurchase. A value that is not
// documented is treated the same.
type Enum string

// UnmarshalJSON reads a value in any case.
func (e *Enum) UnmarshalJSON(data []byte) error {
	var t Text
	err := t.UnmarshalJSON(data)
	*e = Enum(snake(string(t)))
	return err
}

// snake turns PascalCase and camelCase into snake_case.
func snake(s string) string {
	var b strings.Builder
	runes := []rune(strings.TrimSpace(s))
	for i, r := range runes {
		if i > 0 && unicode.IsUpper(r) && runes[i-1] != '_' &&
			(!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// sameEnum compares values of an enumeration whatever their case: one_time, onetime and
// OneTime are the same.
func sameEnum(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "_", ""), strings.ReplaceAll(b, "_", ""))
}

// Text is a string where the API is loose about what it sends: anything but a string is
// kept as its JSON.
type Text string

// UnmarshalJSON keeps whatever there is.
func (t *Text) UnmarshalJSON(data []byte) error {
	s, err := textOf(data)
	if err == nil {
		*t = Text(s)
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, data); err != nil {
		return err
	}
	*t = Text(strings.ToValidUTF8(b.String(), "\uFFFD"))
	return nil
}

// JSON is the text as a JSON document: as it is where it is one, else as a JSON string; ""
// for "".
func (t Text) JSON() string {
	if t == "" || json.Valid([]byte(t)) {
		return string(t)
	}
	b, _ := json.Marshal(string(t)) // a string always can be
	return string(b)
}

// textOf returns the text of a JSON string, number or boolean, "" for null.
func textOf(data []byte) (string, error) {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0:
		return "", errors.New("there is no value")
	case data[0] == '"':
		var s string
		err := json.Unmarshal(data, &s)
		return strings.TrimSpace(s), err
	case data[0] == '{', data[0] == '[':
		return "", errors.New("a text or a number was expected")
	case string(data) == "null":
		return "", nil
	}
	return string(data), nil
}
