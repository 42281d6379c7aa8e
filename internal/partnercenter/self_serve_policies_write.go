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

// WriteError is a failed change of a policy.
type WriteError struct {
	// Err is the last error. It may be from a read before the first write.
	Err     error
	outcome Outcome
}

func (e *WriteError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *WriteError) Unwrap() error { return e.Err }

// Outcome is the combined outcome of all writes of the change. Unsure means that each requested
// change may or may not have happened.
func (e *WriteError) Outcome() Outcome { return e.outcome }

// Grant enables a permission and leaves the other one unchanged.
//
// If there is no policy, it sends one request. If there is one, it reads and extends it. After some
// seconds it reads the policy again, because another process may have deleted it at the same time:
// DELETE has no precondition. If the permission is enabled already, it writes nothing.
//
// A failure is a [*WriteError].
func (s SelfServePolicies) Grant(ctx context.Context, customerID string, permission Permission, seen Seen) (SelfServePolicy, error) {
	return s.Set(ctx, customerID, []Permission{permission}, nil, seen)
}

// Revoke disables a permission and leaves the other one unchanged. It updates the policy, or
// deletes it if no permission is left. Earlier purchases stay. A failure is a [*WriteError].
func (s SelfServePolicies) Revoke(ctx context.Context, customerID string, permission Permission, seen Seen) (SelfServePolicy, error) {
	return s.Set(ctx, customerID, nil, []Permission{permission}, seen)
}

// finalReadTimeout is the timeout of the final read after a write with an unknown outcome. The read also
// happens after the caller's context has ended.
const finalReadTimeout = 30 * time.Second

// applyTimeout is the timeout of a change whose context has no deadline.
const applyTimeout = 20 * time.Minute

// Set enables and disables permissions of a customer and leaves all others unchanged. It sends the
// writes of one [SelfServePolicies.Grant] or [SelfServePolicies.Revoke]. In one process, only one
// goroutine at a time changes a customer; etags protect against other processes. A failure is a
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
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalReadTimeout)
		defer cancel()
		if policy, readErr := s.Get(ctx, customerID); readErr == nil && w.want.done(policy) {
			return policy, nil
		}
	}
	return SelfServePolicy{}, &WriteError{err, w.outcome}
}

// change contains the permissions to enable and to disable, independent of the rest of the policy.
type change struct{ on, off []Permission }

// done reports whether the policy has the wanted permissions.
func (c change) done(p SelfServePolicy) bool {
	return !slices.ContainsFunc(c.on, func(w Permission) bool { return !p.Allows(w) }) &&
		!slices.ContainsFunc(c.off, p.Allows)
}

// merge returns the policy's permissions with the change applied. It keeps unknown permissions.
func (c change) merge(p SelfServePolicy) []PolicyPermission {
	out := slices.DeleteFunc(slices.Clone(p.Permissions), func(l PolicyPermission) bool {
		return slices.ContainsFunc(c.off, l.grants)
	})
	for _, w := range c.on {
		if !p.Allows(w) {
			out = append(out, PolicyPermission{Resource: string(w), Action: purchase})
		}
	}
	return out
}

const (
	// maxConflicts is the maximum number of restarts because others changed the policy. Each restart
	// means that another writer succeeded.
	maxConflicts = 12
	// maxUnsure is the maximum number of restarts after writes with an unknown outcome.
	maxUnsure = 3
	// settleTime is how long after an update a delete may still arrive from another process that read
	// the policy before the update. It is several times the time from that read to the delete.
	settleTime = 2 * time.Second
	// confirmations is the number of reads that must show an update, because one or two reads can
	// be stale.
	confirmations = 3
	// rereads is how often a read is repeated if it contradicts an earlier read.
	rereads = 2
	// rereadPause is the pause between such reads.
	rereadPause = time.Second
)

// policyWrite changes one customer's policy. It reads, decides and writes, and starts again if the
// policy changed in between or the outcome of the write is unknown.
type policyWrite struct {
	s          SelfServePolicies
	writer     *writer
	customerID string
	want       change
	// seen is the state that the caller knows. It is cleared by the first write.
	seen    Seen
	outcome Outcome
}

func (w *policyWrite) run(ctx context.Context) (SelfServePolicy, error) {
	var current SelfServePolicy
	// A create answers 409 if there is a policy, so it needs no read.
	known := len(w.want.on) > 0 && !w.writer.exists && !slices.Contains(slices.Collect(maps.Values(w.seen.Allows)), true)
	again := 0 // remaining rereads if a read finds nothing to do but contradicts seen
	if w.seen.contradicts(w.want) {
		again = rereads
	}
	for conflicts, unsure := 0, 0; ; {
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
			// The answer to the delete shows that another process extended the policy in the
			// meantime.
			w.writer.wrote(current, SelfServePolicy{}, w.want)
			w.want, current, known, w.outcome = change{on: next.deletedToo}, SelfServePolicy{}, true, Unsure
		case err == nil:
			safe := current.ID == "" || len(w.want.on) == 0 || w.writer.createdHere(current)
			w.writer.wrote(current, next.policy, w.want)
			if safe || conflicts >= maxConflicts {
				return next.policy, nil
			}
			if deleted, err := w.wasDeleted(ctx, settleTime+2*time.Since(start)); err != nil || !deleted {
				return next.policy, nil //nolint:nilerr // the write succeeded; there was no time to read again
			}
			conflicts++
		case throttled(err): // the next read waits at the gate
		case moved(err) && conflicts < maxConflicts && !w.writer.stale(current): // a stale policy was already reread for ReadLag
			w.writer.moved(current, !is(err, http.StatusNotFound))
			conflicts++
			pause = time.Duration(conflicts) * 50 * time.Millisecond
		case OutcomeOf(err) == Unsure && unsure < maxUnsure:
			w.writer.unsure()
			unsure++
			pause = time.Duration(unsure) * 500 * time.Millisecond
		default:
			return SelfServePolicy{}, err
		}
		if sleepErr := httppipe.Sleep(ctx, pause); sleepErr != nil {
			return SelfServePolicy{}, errors.Join(err, sleepErr)
		}
	}
}

// read reads the policy. It repeats reads that contradict earlier writes while they may be stale.
func (w *policyWrite) read(ctx context.Context) (SelfServePolicy, error) {
	end := w.writer.at.Add(ReadLag)
	if written := w.seen.WrittenAt.Add(ReadLag); written.After(end) {
		end = written
	}
	return w.s.getUntil(ctx, w.customerID, end, func(p SelfServePolicy) bool {
		return w.writer.stale(p) || time.Since(w.seen.WrittenAt) < ReadLag && p.contradicts(w.seen.Allows)
	})
}

// wasDeleted reports whether another process deleted the policy and so removed the update.
func (w *policyWrite) wasDeleted(ctx context.Context, pause time.Duration) (bool, error) {
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

// contradicts reports whether the known state differs from the wanted one.
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

// writeResult is the result of a write.
type writeResult struct {
	policy SelfServePolicy
	// deletedToo contains permissions that were deleted with the policy although the earlier read
	// did not show them.
	deletedToo []Permission
}

// write sends the one request that changes the policy from current to the wanted state. Updates and
// deletes are never delayed ([httppipe.RepeatNever]), because they are based on the read directly
// before.
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
		return s.sendPolicy(ctx, want, call{
			method: http.MethodPost, path: "/SelfServePolicy", body: body,
			repeat: httppipe.RepeatSafe, // the server executes requests with the same MS-RequestId once
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

// policyPath returns the path of a policy. Its ID consists of GUIDs, which are sent in lower case.
func policyPath(id string) string { return pathOf("SelfServePolicy", strings.ToLower(id)) }

// update sends the whole policy. Microsoft's page has the ID in the path of the syntax, but not in the path of the
// example. If the server rejects the ID in the path, update retries without it and omits it from then on.
func (s SelfServePolicies) update(ctx context.Context, want change, policy SelfServePolicy) (writeResult, error) {
	in := call{method: http.MethodPut, path: policyPath(policy.ID), body: policy, repeat: httppipe.RepeatNever}
	without := in
	without.path = pathOf("SelfServePolicy")
	if s.withoutID.Load() {
		return s.sendPolicy(ctx, want, without)
	}
	result, err := s.sendPolicy(ctx, want, in)
	if !is(err, http.StatusNotFound, "600040") {
		return result, err
	}
	again, againErr := s.sendPolicy(ctx, want, without)
	var answered *Error
	switch {
	case againErr == nil:
		s.withoutID.Store(true)
	case errors.As(againErr, &answered) && OutcomeOf(againErr) == Refused && !moved(againErr):
		return result, err // the first error is more informative
	}
	return again, againErr
}

// sendPolicy sends a create or update, which answers with the current policy.
func (s SelfServePolicies) sendPolicy(ctx context.Context, want change, in call) (writeResult, error) {
	var out SelfServePolicy
	a, err := s.c.send(ctx, in, &out)
	if err == nil && (out.ID == "" || !want.done(out)) {
		err = a.Unfit(errUnreadable)
	}
	return writeResult{policy: out}, err
}

// throttled reports whether the write was throttled, or was not sent to avoid a wait
// ([httppipe.ErrNotSent]).
func throttled(err error) bool {
	return is(err, http.StatusTooManyRequests) || errors.Is(err, httppipe.ErrNotSent)
}

// moved reports whether a write failed because the policy changed since it was read. How the server
// answers an outdated etag is not documented; these are the possible answers.
func moved(err error) bool {
	return is(err, http.StatusConflict) || is(err, http.StatusBadRequest, "2055") ||
		is(err, http.StatusPreconditionFailed) || is(err, http.StatusNotFound, "600039")
}
