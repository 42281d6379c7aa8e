package partnercenter

import "github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"

// Outcome says what became of a write.
type Outcome = httppipe.Outcome

// The outcomes.
const (
	// Unsure means that the server may have done it: the answer is lost or cannot be read.
	Unsure = httppipe.Unsure
	// NotSent means that nothing reached the server.
	NotSent = httppipe.NotSent
	// Refused means that the server answered that it has not done it.
	Refused = httppipe.Refused
	// Done means that the server answered that it has.
	Done = httppipe.Done
)

// OutcomeOf returns the outcome of a write that returned the error; nil is [Done].
func OutcomeOf(err error) Outcome { return httppipe.OutcomeOf(err) }

// notStarted is the type of [ErrNotStarted].
type notStarted struct{}

func (notStarted) Error() string    { return "not started" }
func (notStarted) Outcome() Outcome { return NotSent }
