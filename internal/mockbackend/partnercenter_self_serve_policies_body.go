package mockbackend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// selfServePolicy is the wire form of requests and answers (DEV/self-serve-policy-resources). tenantID ends in capitals.
type selfServePolicy struct {
	ID              string             `json:"id"`
	SelfServeEntity selfServeEntity    `json:"selfServeEntity"`
	Grantor         policyGrantor      `json:"grantor"`
	Permissions     []policyPermission `json:"permissions"`
	Attributes      resourceAttributes `json:"attributes"`
}

type selfServeEntity struct {
	Type     string `json:"selfServeEntityType"`
	TenantID string `json:"tenantID"`
}

type policyGrantor struct {
	Type     string `json:"grantorType"`
	TenantID string `json:"tenantID"`
}

type policyPermission struct {
	Resource string `json:"resource"`
	Action   string `json:"action"`
}

const (
	entityTypeCustomer  = "customer"
	grantorTypeBillTo   = "billToPartner"
	actionPurchase      = "Purchase"
	selfServePolicyType = "SelfServePolicy"
	policyAlreadyExists = 600041 // DEV/create-a-self-serve-policy
	policyNotFound      = 600039 // DEV/get-a-self-serve-policy-by-id
	policyIDIncorrect   = 600040 // DEV/update-a-self-serve-policy
	etagNoLongerValid   = 2055
	invalidProperty     = 3000
	invalidRequestInput = 800002
	insufficientRights  = 900308
	notSupported        = 900141

	noCommerceRelationship = 20002
)

// resources returns the resources of the permissions in the spelling of the API, each once.
func (p *selfServePolicy) resources() []string {
	resources := []string{}
	for _, permission := range p.Permissions {
		for _, known := range []string{AzureReservedInstances, AzureSavingsPlan} {
			if strings.EqualFold(permission.Resource, known) && !slices.Contains(resources, known) {
				resources = append(resources, known)
			}
		}
	}
	return resources
}

// readPolicyBody decodes and checks the body of a write.
func (b *Backend) readPolicyBody(x *exchange) (*selfServePolicy, response, bool) {
	body, unknown, err := decodePolicy(x.body)
	var invalid *invalidPropertyError
	switch {
	case errors.As(err, &invalid):
		return nil, failure(http.StatusBadRequest, invalidProperty, "%s", err), false
	case err != nil:
		return nil, failure(http.StatusBadRequest, invalidRequestInput, "The request body can not be read: %s.", err), false
	case unknown != nil:
		b.violate("%s %s: %v", x.req.Method, x.req.URL.Path, unknown)
		return nil, failure(http.StatusBadRequest, invalidProperty, "The request body has a property that is not known: %s.", unknown), false
	case len(body.Permissions) == 0 && (body.Permissions == nil || x.knobs.EmptyPermissions == EmptyPermissionsReject):
		return nil, x.refuse("empty_permissions", http.StatusBadRequest, invalidProperty, "permissions must not be empty."), false
	}
	return body, response{}, true
}

// policyRequest is a policy with the links that the SDK sends back.
type policyRequest struct {
	selfServePolicy
	Links json.RawMessage `json:"links"`
}

type invalidPropertyError struct{ text string }

func (e *invalidPropertyError) Error() string { return e.text }

// decodePolicy reads a policy with names in any case: the .NET SDK sends PascalCase, and the whole resource in an update.
// Values are compared without case (choice). unknown is the error for a property that the resource does not have.
func decodePolicy(data []byte) (policy *selfServePolicy, unknown, err error) {
	var body policyRequest
	data = bytes.TrimPrefix(data, bom)
	if err := json.Unmarshal(data, &body); err != nil {
		return nil, nil, err
	}
	unknown = decodeKnown(data, new(policyRequest)) // only an unknown field can fail here
	invalid := func(format string, args ...any) error { return &invalidPropertyError{fmt.Sprintf(format, args...)} }
	switch {
	case !strings.EqualFold(body.SelfServeEntity.Type, entityTypeCustomer):
		err = invalid("selfServeEntity.selfServeEntityType %q is not valid.", body.SelfServeEntity.Type)
	case !isGUID(body.SelfServeEntity.TenantID):
		err = invalid("selfServeEntity.tenantID %q is not a GUID.", body.SelfServeEntity.TenantID)
	case !strings.EqualFold(body.Grantor.Type, grantorTypeBillTo):
		err = invalid("grantor.grantorType %q is not valid.", body.Grantor.Type)
	case !isGUID(body.Grantor.TenantID):
		err = invalid("grantor.tenantID %q is not a GUID.", body.Grantor.TenantID)
	}
	for _, permission := range body.Permissions {
		switch {
		case !strings.EqualFold(permission.Resource, AzureReservedInstances) && !strings.EqualFold(permission.Resource, AzureSavingsPlan):
			err = invalid("permissions.resource %q is not valid.", permission.Resource)
		case !strings.EqualFold(permission.Action, actionPurchase):
			err = invalid("permissions.action %q is not valid.", permission.Action)
		}
	}
	if unknown != nil { // reported first, because it is a violation
		err = nil
	}
	return &body.selfServePolicy, unknown, err
}
