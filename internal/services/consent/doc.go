// Package consent implements partnercenter_application_consent: consents of customers' tenants to applications of the
// partner.
package consent
