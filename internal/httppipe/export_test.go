package httppipe

import "net/http"

// OutcomeOfAnswer returns the outcome of a call that got an answer with any status.
func OutcomeOfAnswer(resp *http.Response) Outcome {
	return attemptsOf(resp.Request.Context()).outcome()
}
