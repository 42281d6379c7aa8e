package partnercenter

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/httppipe"
)

// WriteError is a change of a policy that failed.
type WriteError struct {
	// Err is the last failure. It may be that of a read before the first write.
	Err     error
	outcome Outcome
}

func (e *WriteError) Error() string { return e.Err.Error() }

// Unwrap returns the failure.
func (e *WriteError) Unwrap() error { return e.Err }

// Outcome is what became of all writes of the change together. Unsure means that the permissions to
// be turned on may be on, and those to be turned off may be off.
func (e *WriteError) Outcome() Outcome { return e.outcome }

// Grant turns a permission on and leaves the other as it is.
//
// Where there is no policy that is one request. Where there is one it is read, extended and,
// after some seconds, read again, since another process may have been about to delete it: DELETE
// has no precondition. Where the permission is on already nothing is written.
//
// A failure is a [*WriteError].
func (s SelfServePolicies) Grant(ctx context.Context, customerID string, permission Permission, seen Seen) (SelfServePolicy, error) {
	return s.Set(ctx, customerID, []Permission{permission}, nil, seen)
}

// Revoke turns a permission off and leaves the other as it is: it shortens the policy, or deletes
// it when nothing is left. What was bought before stays. A failure is a [*WriteError].
func (s SelfServePolicies) Revoke(ctx context.Context, customerID string, permission Permission, seen Seen) (SelfServePolicy, error) {
	return s.Set(ctx, customerID, nil, []Permission{permission}, seen)
}

// lookAgain bounds the last look at a policy when nobody knows what a write did, also after the
// caller's context has ended.
const lookAgain = 30 * time.Second

// applyTimeout bounds a change whose context has no deadline.
const applyTimeout = 20 * time.Minute

// Set turns some of a customer's permissions on and others off and leaves the rest as it is, with
// the writes of one [SelfServePolicies.Grant] or [SelfServePolicies.Revoke]. One goroutine at a
// time does it for a customer; other processes are kept apart by the etag. A failure is a
// [*WriteError].
func (s SelfServePolicies) Set(ctx context.Context, customerID string, on, off []Permission, seen Seen) (SelfServePolicy, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, applyTimeout)
		defer cancel()
	}
	writer, err := s.writers.acquire(ctx, customerID)
	if err != nil {
		return SelfServePolicy{}, &WriteError{err, NotSent}
	}
	defer writer.release()
	w := policyWrite{s: s, writer: writer, customerID: customerID, want: change{on, off}, seen: seen, outcome: NotSent}
	policy, err := w.run(ctx)
	if err == nil {
		return policy, nil
	}
	if w.outcome == Unsure {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookAgain)
		defer cancel()
		if policy, readErr := s.Get(ctx, customerID); readErr == nil && w.want.done(policy) {
			return policy, nil
		}
	}
	return SelfServePolicy{}, &WriteError{err, w.outcome}
}

// change is what a write is for, whatever else the policy says by then.
type change struct{ on, off []Permission }

// done tells whether the policy is as wanted.
func (c change) done(p SelfServePolicy) bool {
	return !slices.ContainsFunc(c.on, func(w Permission) bool { return !p.Allows(w) }) &&
		!slices.ContainsFunc(c.off, p.Allows)
}

// merge returns the permissions as wanted. It keeps those it does not know.
func (c change) merge(p SelfServePolicy) []PolicyPermission {
	out := slices.DeleteFunc(slices.Clone(p.Permissions), func(l PolicyPermission) bool {
		return slices.ContainsFunc(c.off, l.is)
	})
	for _, w := range c.on {
		if !p.Allows(w) {
			out = append(out, PolicyPermission{Resource: string(w), Action: purchase})
		}
	}
	return out
}

const (
	// maxMoves bounds how often a write starts over because others moved the policy.
	// Every round that is lost to another writer is one the other won.
	maxMoves = 12
	// maxDoubts bounds how often it does because nobody knew what a failed write did.
	maxDoubts = 3
	// settle is how long after an extension a delete of another process, decided on
	// before, can still arrive: several times its way from read to delete.
	settle = 2 * time.Second
	// confirmations is how many reads have to show an extension: one or two can be stale.
	confirmations = 3
	// rereads is how often a read is repeated that contradicts an earlier read.
	rereads = 2
	// rereadPause is the pause between such reads.
	rereadPause = time.Second
)

// policyWrite brings one customer's policy to where the change wants it: read, decide, write, and
// again when the policy moved in between or nobody knows whether the write took place.
type policyWrite struct {
	s          SelfServePolicies
	writer     *writer
	customerID string
	want       change
	// seen is what the caller saw, until something is written.
	seen    Seen
	outcome Outcome
}

func (w *policyWrite) run(ctx context.Context) (SelfServePolicy, error) {
	var current SelfServePolicy
	// A create answers 409 when there is a policy, so it needs no read.
	known := len(w.want.on) > 0 && !w.writer.exists && !slices.Contains(slices.Collect(maps.Values(w.seen.Allows)), true)
	again := 0 // how often a read is repeated that finds nothing to do, against what the caller saw
	if w.seen.contradicts(w.want) {
		again = rereads
	}
	for moves, doubts := 0, 0; ; {
		if !known {
			var err error
			if current, err = w.read(ctx); err != nil {
				return SelfServePolicy{}, err
			}
			if w.want.done(current) {
				if again == 0 {
					return current, nil
				}
				again--
				if err := httppipe.Sleep(ctx, rereadPause); err != nil {
					return SelfServePolicy{}, err
				}
				continue
			}
		}
		known, again = false, 0
		start := time.Now()
		next, err := w.s.write(ctx, w.customerID, current, w.want)
		w.seen = Seen{}
		if err != nil && w.outcome != Unsure {
			w.outcome = OutcomeOf(err)
		}
		var pause time.Duration
		switch {
		case err == nil && next.deletedToo != nil:
			// The answer to the delete shows that another process had extended the policy.
			w.writer.wrote(current, SelfServePolicy{}, w.want)
			w.want, current, known, w.outcome = change{on: next.deletedToo}, SelfServePolicy{}, true, Unsure
		case err == nil:
			safe := current.ID == "" || len(w.want.on) == 0 || w.writer.made(current)
			w.writer.wrote(current, next.policy, w.want)
			if safe || moves >= maxMoves {
				return next.policy, nil
			}
			if lost, err := w.lost(ctx, settle+2*time.Since(start)); err != nil || !lost {
				return next.policy, nil //nolint:nilerr // it is written; there was no time to read it again
			}
			moves++
		case refused(err): // the next look waits at the gate
		case moved(err) && moves < maxMoves && !w.writer.stale(current): // a stale one was read for ReadLag in vain
			w.writer.moved(current, !is(err, http.StatusNotFound))
			moves++
			pause = time.Duration(moves) * 50 * time.Millisecond
		case OutcomeOf(err) == Unsure && doubts < maxDoubts:
			w.writer.doubt()
			doubts++
			pause = time.Duration(doubts) * 500 * time.Millisecond
		default:
			return SelfServePolicy{}, err
		}
		if sleepErr := httppipe.Sleep(ctx, pause); sleepErr != nil {
			return SelfServePolicy{}, errors.Join(err, sleepErr)
		}
	}
}

// read returns the policy. A read that contradicts what writes told is repeated while it can be
// stale.
func (w *policyWrite) read(ctx context.Context) (SelfServePolicy, error) {
	end := w.writer.at.Add(ReadLag)
	if written := w.seen.WrittenAt.Add(ReadLag); written.After(end) {
		end = written
	}
	return w.s.getUntil(ctx, w.customerID, end, func(p SelfServePolicy) bool {
		return w.writer.stale(p) || time.Since(w.seen.WrittenAt) < ReadLag && p.contradicts(w.seen.Allows)
	})
}

// lost tells whether an extension went with a policy that another process deleted.
func (w *policyWrite) lost(ctx context.Context, pause time.Duration) (bool, error) {
	w.writer.exists = false
	for range confirmations {
		if err := httppipe.Sleep(ctx, pause); err != nil {
			return false, err
		}
		p, err := w.read(ctx)
		if err != nil {
			return false, err
		}
		if !w.want.done(p) {
			return true, nil
		}
		pause = rereadPause
	}
	w.writer.exists = true
	return false, nil
}

// contradicts tells whether what was seen is not as wanted.
func (s Seen) contradicts(want change) bool {
	for _, permission := range want.on {
		if on, ok := s.Allows[permission]; ok && !on {
			return true
		}
	}
	for _, permission := range want.off {
		if s.Allows[permission] {
			return true
		}
	}
	return false
}

// writeResult is what a write has done.
type writeResult struct {
	policy SelfServePolicy
	// deletedToo are permissions that went with a deleted policy although they were not
	// in it when it was read.
	deletedToo []Permission
}

// write sends the one request that takes the policy from current to what is wanted.
// Updates and deletes are never sent late: what they replace is what was read just before.
func (s SelfServePolicies) write(ctx context.Context, customerID string, current SelfServePolicy, want change) (writeResult, error) {
	permissions := want.merge(current)
	var out SelfServePolicy
	switch {
	case current.ID == "":
		partner, err := s.c.Profiles.TenantID(ctx)
		if err != nil {
			return writeResult{}, err
		}
		body := SelfServePolicy{Permissions: permissions}
		body.Entity.Type, body.Entity.TenantID = "customer", strings.ToLower(customerID)
		body.Grantor.Type, body.Grantor.TenantID = "billToPartner", strings.ToLower(partner)
		return s.result(ctx, want, call{
			method: http.MethodPost, path: "/SelfServePolicy", body: body,
			repeat: httppipe.RepeatSafe, // under the same MS-RequestId the server does it once
		})
	case len(permissions) == 0:
		_, err := s.c.send(ctx, call{
			method: http.MethodDelete, path: policyPath(current.ID), repeat: httppipe.RepeatNever,
		}, &out)
		if is(err, http.StatusNotFound, "600039") {
			err = nil
		}
		w := writeResult{}
		for _, l := range want.merge(out) {
			w.deletedToo = append(w.deletedToo, Permission(l.Resource))
		}
		return w, err
	default:
		current.Permissions = permissions
		return s.update(ctx, want, current)
	}
}

// policyPath is the path of a policy. Its id consists of GUIDs, which are sent in lower case.
func policyPath(id string) string { return pathOf("SelfServePolicy", strings.ToLower(id)) }

// update sends the whole policy. Microsoft's page has the id in the path of its syntax and not in that of its example. Where
// the server does not take the id in the path, the update is sent once more without it, and so are later ones.
func (s SelfServePolicies) update(ctx context.Context, want change, policy SelfServePolicy) (writeResult, error) {
	in := call{method: http.MethodPut, path: policyPath(policy.ID), body: policy, repeat: httppipe.RepeatNever}
	without := in
	without.path = pathOf("SelfServePolicy")
	if s.withoutID.Load() {
		return s.result(ctx, want, without)
	}
	result, err := s.result(ctx, want, in)
	if !is(err, http.StatusNotFound, "600040") {
		return result, err
	}
	again, againErr := s.result(ctx, want, without)
	var answered *Error
	switch {
	case againErr == nil:
		s.withoutID.Store(true)
	case errors.As(againErr, &answered) && OutcomeOf(againErr) == Refused && !moved(againErr):
		return result, err // the first refusal says more
	}
	return again, againErr
}

// result does a create or update, whose answer is the policy as it is now.
func (s SelfServePolicies) result(ctx context.Context, want change, in call) (writeResult, error) {
	var out SelfServePolicy
	a, err := s.c.send(ctx, in, &out)
	if err == nil && (out.ID == "" || !want.done(out)) {
		err = a.Unfit(errUnreadable)
	}
	return writeResult{policy: out}, err
}

// refused tells whether the write was throttled, or not sent since others were.
func refused(err error) bool {
	return is(err, http.StatusTooManyRequests) || errors.Is(err, httppipe.ErrNotSent)
}

// moved tells whether a write failed because the policy is no longer as it was read.
// How the server answers an outdated etag is not documented; these are the candidates.
func moved(err error) bool {
	return is(err, http.StatusConflict) || is(err, http.StatusBadRequest, "2055") ||
		is(err, http.StatusPreconditionFailed) || is(err, http.StatusNotFound, "600039")
}
