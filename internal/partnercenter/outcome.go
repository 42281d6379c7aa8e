package partnercenter

import "github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"

// Outcome is the result of a write request.
type Outcome = httppipe.Outcome

// These are the outcomes of a write.
const (
	// Unsure means that the server may have executed the write: the answer is lost or unreadable.
	Unsure = httppipe.Unsure
	// NotSent means that nothing reached the server.
	NotSent = httppipe.NotSent
	// Refused means that the server answered that it did not execute the write.
	Refused = httppipe.Refused
	// Done means that the server answered that it executed the write.
	Done = httppipe.Done
)

// OutcomeOf returns the outcome of a write that returned err; nil means [Done].
func OutcomeOf(err error) Outcome { return httppipe.OutcomeOf(err) }

// notStarted is the type of [ErrNotStarted].
type notStarted struct{}

func (notStarted) Error() string    { return "not started" }
func (notStarted) Outcome() Outcome { return NotSent }
