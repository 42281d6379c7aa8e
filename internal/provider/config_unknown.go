package provider

import (
	"fmt"
	"strings"
)

// dispensable are the settings that a sign-in does not need. Their unknown values do not fail it.
var dispensable = []string{
	"refresh_token_output_path", "refresh_token_obtained_on", "requests_per_second", "max_concurrent_requests", "max_retries",
}

// unknownError is the error of a sign-in with values that are known only after apply.
type unknownError struct{ settings []string }

func (e *unknownError) Error() string {
	return fmt.Sprintf("the plan has to sign in, but these values of the provider block are known only after apply: %s", strings.Join(e.settings, ", "))
}

// Headline returns the cause in a few words.
func (e *unknownError) Headline() string {
	return "unknown value for " + strings.Join(e.settings, ", ")
}

// Remedy returns what to do, in whole sentences.
func (e *unknownError) Remedy() string {
	var variables []string
	for _, s := range e.settings {
		variables = append(variables, environment[s][0])
	}
	return fmt.Sprintf("Use values that are known at plan time, set %s instead, or apply what the values depend on first, with -target.", strings.Join(variables, ", "))
}
