package partnercenter_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
)

// TestCustomerAgreements covers both ways to accept, the newest of several acceptances, and none.
func TestCustomerAgreements(t *testing.T) {
	b := newBackend(t, mockbackend.Config{})
	b.SetCustomerAgreements(mockbackend.TailspinID, mockbackend.CustomerAgreements{Confirmed: []mockbackend.CustomerAgreement{
		{DateAgreed: time.Date(2022, time.May, 1, 0, 0, 0, 0, time.UTC), PrimaryContact: mockbackend.AgreementContact{LastName: "Old"}},
		{DateAgreed: time.Date(2025, time.May, 1, 0, 0, 0, 0, time.UTC), PrimaryContact: mockbackend.AgreementContact{LastName: "New"}},
		{DateAgreed: time.Date(2024, time.May, 1, 0, 0, 0, 0, time.UTC), PrimaryContact: mockbackend.AgreementContact{LastName: "Between"}},
	}})
	for _, knobs := range []func(*mockbackend.Knobs){
		func(*mockbackend.Knobs) {}, func(k *mockbackend.Knobs) { k.NoAgreementNotFound, k.DirectAgreementListed = true, true },
	} {
		b.SetKnobs(knobs)
		client := newClient(t, b)
		for customerID, want := range map[string]struct{ accepted, direct, outdated bool }{
			mockbackend.AdatumID: {accepted: true}, mockbackend.ContosoID: {accepted: true, direct: true},
			mockbackend.LitwareID: {accepted: true, outdated: true}, mockbackend.FabrikamID: {}, mockbackend.TailspinID: {accepted: true},
		} {
			got, err := client.CustomerAgreements.Get(t.Context(), customerID)
			if err != nil || got.Accepted() != want.accepted || got.SignedDirectly != want.direct || got.Outdated() != want.outdated {
				t.Errorf("%s: %+v, %v", customerID, got, err)
			}
		}
		got, _ := client.CustomerAgreements.Get(t.Context(), mockbackend.TailspinID)
		if got.Contact.LastName != "New" || got.AgreedOn.String() != "2025-05-01T00:00:00Z" {
			t.Errorf("the newest one is %+v", got)
		}
	}
	client := newClient(t, b)
	if _, err := client.CustomerAgreements.Get(t.Context(), mockbackend.AdatumUserID); !partnercenter.IsCustomerNotFound(err) {
		t.Errorf("unknown customer: %v", err)
	}
	b.Fail(mockbackend.Fault{Path: "/customers/*/agreements", Kind: mockbackend.APIError, Status: 404, Code: 1000, Times: -1})
	if _, err := newClient(t, b).CustomerAgreements.Get(t.Context(), mockbackend.AdatumID); !errors.As(err, new(*partnercenter.Error)) {
		t.Errorf("an unknown URL counts as a missing agreement: %v", err)
	}
}

// TestCustomerAgreements_shared checks that an acceptance is cached and a missing one is not.
func TestCustomerAgreements_shared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBackend(t, mockbackend.Config{})
		client := newClient(t, b)
		read := func(customerID string, accepted bool) {
			t.Helper()
			if got, err := client.CustomerAgreements.Get(t.Context(), customerID); err != nil || got.Accepted() != accepted {
				t.Errorf("%s: %+v, %v", customerID, got, err)
			}
		}
		const list, status = "GET /v1/customers/{customer}/agreements", "GET /v1/customers/{customer}/directSignedMicrosoftCustomerAgreementStatus"
		read(mockbackend.AdatumID, true)
		read(mockbackend.AdatumID, true)
		expectSent(t, b, list, status)
		read(mockbackend.FabrikamID, false)
		b.SetCustomerAgreements(mockbackend.FabrikamID, mockbackend.CustomerAgreements{SignedDirectly: true})
		read(mockbackend.FabrikamID, true)
		expectSent(t, b, list, status, list, status)
	})
}
