package mockbackend

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

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

func newGUID() string { return uuid.NewString() }

// guidNamespace keeps our name-based GUIDs apart from anybody else's.
var guidNamespace = uuid.MustParse("b3c1d6a2-4f5e-4c7d-8e9f-0a1b2c3d4e5f")

func guidFor(kind string, parts ...any) string {
	return uuid.NewSHA1(guidNamespace, fmt.Append([]byte(kind), parts...)).String()
}

func upperCaseGUIDs(body []byte) []byte {
	return guidPattern.ReplaceAllFunc(body, func(found []byte) []byte {
		if found[0] == '\\' {
			return found
		}
		return []byte(strings.ToUpper(string(found)))
	})
}
