package httppipe

import "net/http"

// OutcomeOfAnswer returns the outcome of the call that a pipeline has answered, 2xx or not.
func OutcomeOfAnswer(resp *http.Response) Outcome {
	return attemptsOf(resp.Request.Context()).outcome()
}
