package mockbackend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

func newGUID() string { return uuid.NewString() }

// guidNamespace is the namespace of guidFor.
var guidNamespace = uuid.MustParse("b3c1d6a2-4f5e-4c7d-8e9f-0a1b2c3d4e5f")

// guidFor returns the same GUID for the same arguments.
func guidFor(kind string, parts ...any) string {
	return uuid.NewSHA1(guidNamespace, fmt.Append([]byte(kind), parts...)).String()
}

// isGUID accepts only the form with dashes, in either case.
func isGUID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// oneOf checks the value of a field or knob.
func oneOf[T ~string](knob string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %q", knob, value, allowed)
}

func notNegative[T int | time.Duration](knob string, value T) error {
	if value < 0 {
		return fmt.Errorf("%s: must not be negative", knob)
	}
	return nil
}

// upperCaseGUIDs converts GUIDs to upper case, for Knobs.UpperCaseGUIDs.
func upperCaseGUIDs(body []byte) []byte {
	return guidPattern.ReplaceAllFunc(body, func(found []byte) []byte {
		if found[0] == '\\' {
			return found
		}
		return []byte(strings.ToUpper(string(found)))
	})
}

// setDefault sets a field that is empty.
func setDefault[T comparable](field *T, value T) {
	var empty T
	if *field == empty {
		*field = value
	}
}

// orNull returns nil for an empty text, which JSON prints as null.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// sevenDigits and wholeSeconds print a time in UTC as .NET does: with seven fractional digits, or with none.
func sevenDigits(at time.Time) string  { return at.UTC().Format("2006-01-02T15:04:05.0000000Z") }
func wholeSeconds(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

var errTrailingData = errors.New("more than one JSON value")

// decodeKnown decodes one JSON value and refuses fields that the target does not have. Names match in any case.
func decodeKnown(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errTrailingData
	}
	return nil
}

// encodeJSON prints minified JSON without the HTML escapes of encoding/json, so that links keep their "&".
func encodeJSON(value any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return []byte("null") // cannot fail: all bodies are plain structs
	}
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

// durationText is a duration that reads and writes as "250ms" in JSON.
type durationText time.Duration

func (d durationText) MarshalText() ([]byte, error) {
	return []byte(time.Duration(d).String()), nil
}

func (d *durationText) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = durationText(parsed)
	return err
}
