package mockbackend

import "testing"

func TestJournalKeepsTheLast(t *testing.T) {
	b := New(Config{})
	const more = 3
	for i := range journalSize + more {
		b.journal.add(Request{Status: i})
	}
	requests := b.Requests()
	if len(requests) != journalSize || requests[0].Status != more || requests[journalSize-1].Status != journalSize+more-1 {
		t.Errorf("%d requests from %d to %d", len(requests), requests[0].Status, requests[len(requests)-1].Status)
	}
	for range maxViolations + more {
		b.violate("again")
	}
	if len(b.Violations()) != maxViolations || b.Counters().Violations != maxViolations+more {
		t.Errorf("%d violations kept, %d counted", len(b.Violations()), b.Counters().Violations)
	}
}

func TestAuditRecordsAreBounded(t *testing.T) {
	b := New(Config{})
	b.audit = make([]AuditRecord, auditSize)
	b.SetPermissions(AdatumID, AzureSavingsPlan)
	if n := len(b.audit); n != auditSize-auditSize/10+1 || b.firstAudit != auditSize/10 {
		t.Errorf("%d records from number %d", n, b.firstAudit)
	}
}
