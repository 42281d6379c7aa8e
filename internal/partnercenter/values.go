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

// The types in this file accept the different forms in which the API writes values. A missing
// value, null or an empty string results in the zero value. An undocumented form is an error.

// Time is a point in time. The zero value means that the API returned none.
//
// The API uses RFC 3339 with up to 7 decimals of a second and any offset
// (2024-05-02T08:31:07.6455674Z, 2018-03-06T17:37:05.253-08:00). Some dates have no time zone
// (2025-05-02T00:00:00); they are in UTC.
type Time struct{ time.Time }

// timeLayouts contains all forms of a [Time]. Go accepts fractional seconds wherever a layout has
// seconds.
var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly}

// UnmarshalJSON accepts every form of a [Time].
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
		case at.Year() <= 1: // the zero date of .NET
			t.Time = time.Time{}
		case utc.Year() > 9999: // the maximum date of .NET, in another time zone
			t.Time = at
		default:
			t.Time = utc
		}
		return nil
	}
	return fmt.Errorf("%q is no date", s)
}

// String returns the time in RFC 3339 format, in UTC and with its decimals, or "".
func (t Time) String() string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// Decimal is an amount in decimal notation, such as 1234.50, with the digits that the API sent, or
// "". It is not a floating-point number, because those cannot represent all amounts exactly.
type Decimal string

// maxExponent is the maximum absolute exponent of a number in scientific notation.
const maxExponent = 64

// UnmarshalJSON accepts a number, or a string that contains one.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	s, err := textOf(data)
	if err != nil {
		return err
	}
	if s == "" {
		*d = ""
		return nil
	}
	var n json.Number // encoding/json checks the syntax
	if json.Unmarshal([]byte(s), &n) != nil || n == "" || n.String() != s {
		return fmt.Errorf("%q is no number", s)
	}
	plain, err := writtenOut(s)
	*d = Decimal(plain)
	return err
}

// writtenOut converts scientific notation to decimal notation.
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

// UnmarshalJSON accepts a whole number, or a string that contains one.
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

// Enum is a value of an API enumeration, in snake_case. The API sends most values in snake_case,
// and others as New, addQuantity or UserPurchase. Undocumented values are converted in the same
// way.
type Enum string

// UnmarshalJSON accepts a value in any case.
func (e *Enum) UnmarshalJSON(data []byte) error {
	var t Text
	err := t.UnmarshalJSON(data)
	*e = Enum(snake(string(t)))
	return err
}

// snake converts PascalCase and camelCase to snake_case.
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

// sameEnum compares enumeration values without case and underscores: one_time, onetime and OneTime
// are equal.
func sameEnum(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "_", ""), strings.ReplaceAll(b, "_", ""))
}

// Text is a string for fields in which the API may send other types. Other types are kept as JSON.
type Text string

// UnmarshalJSON accepts any JSON value.
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

// JSON returns the text unchanged if it is valid JSON or empty, and as a JSON string otherwise.
func (t Text) JSON() string {
	if t == "" || json.Valid([]byte(t)) {
		return string(t)
	}
	b, _ := json.Marshal(string(t)) // cannot fail for a string
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
