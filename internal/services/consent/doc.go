// Package consent has the types for consents of customers' tenants to applications of the partner.
package consent
