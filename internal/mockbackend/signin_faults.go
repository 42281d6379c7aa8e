package mockbackend

import (
	"fmt"
	"strings"
)

// SignInFault makes matching token requests fail. Empty fields match any request. Knobs.SignInError, in contrast, applies
// to all token requests.
type SignInFault struct {
	Tenant   string      `json:"tenant,omitempty"`   // ID or verified domain
	Audience string      `json:"audience,omitempty"` // any identifier of the resource, without scope
	Proof    ClientProof `json:"proof,omitempty"`
	Code     int         `json:"code"`             // AADSTS number; status and error as in SignInErrors
	Status   int         `json:"status,omitempty"` // HTTP status, if different
	Error    string      `json:"error,omitempty"`  // OAuth error name, if different
	Times    int         `json:"times,omitempty"`  // number of requests that fail; 0 = 1, negative = all until cleared
	Skip     int         `json:"skip,omitempty"`   // number of matching requests that succeed first
}

// FailSignIn adds a fault. If several faults match a request, the newest one applies. An invalid fault is a violation.
func (b *Backend) FailSignIn(fault SignInFault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := fault.validate(); err != nil {
		b.violate("FailSignIn: %v", err)
		return
	}
	setDefault(&fault.Times, 1)
	b.signIn.faults = append([]*SignInFault{&fault}, b.signIn.faults...)
}

// SignInFaults returns the faults that are still active, newest first, with the remaining Times and Skip.
func (b *Backend) SignInFaults() []SignInFault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return copiesOf(b.signIn.faults)
}

// ClearSignInFaults removes all sign-in faults.
func (b *Backend) ClearSignInFaults() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.signIn.faults = nil
}

func (f SignInFault) validate() error {
	if f.Code <= 0 {
		return fmt.Errorf("code: %d is not an AADSTS number", f.Code)
	}
	e := SignInError{Status: f.Status}
	return firstError(e.validate(), oneOf("proof", f.Proof, "", ProofSecret, ProofCertificate, ProofFederated), notNegative("skip", f.Skip))
}

// takeSignInFault finds the fault for a request and counts the request. Audience and credentials may be invalid.
func (b *Backend) takeSignInFault(tenant, audience string, proof ClientProof) *refusal {
	fault := takeFirst(&b.signIn.faults, (*SignInFault).counts, func(f *SignInFault) bool { return b.matchesSignIn(f, tenant, audience, proof) })
	if fault == nil {
		return nil
	}
	return SignInError{Code: fault.Code, Status: fault.Status, Error: fault.Error}.refusal()
}

func (f *SignInFault) counts() (times, skip *int) { return &f.Times, &f.Skip }

func (b *Backend) matchesSignIn(f *SignInFault, tenant, audience string, proof ClientProof) bool {
	if f.Tenant != "" {
		id, ok := b.tenantID(f.Tenant)
		if !ok {
			id = strings.ToLower(f.Tenant)
		}
		if id != tenant {
			return false
		}
	}
	if f.Audience != "" {
		known := b.resourceOf(f.Audience)
		if known != b.resourceOf(audience) || known == unknownResource && !strings.EqualFold(f.Audience, audience) {
			return false
		}
	}
	return f.Proof == "" || f.Proof == proof
}
