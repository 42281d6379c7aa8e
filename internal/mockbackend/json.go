package mockbackend

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"time"
)

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

// encodeJSON prints minified, without the HTML escapes of encoding/json: links keep their "&".
func encodeJSON(value any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return []byte("null") // all our bodies are plain structs, which always encode
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
