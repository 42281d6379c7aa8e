package mockbackend

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// RoleDefinitionIDForm is the form of roleDefinitionId in answers. Clients should compare only the last segment.
type RoleDefinitionIDForm string

// The values of Knobs.RoleDefinitionIDForm.
const (
	RoleDefinitionIDAsSent   RoleDefinitionIDForm = "asSent"
	RoleDefinitionIDOther    RoleDefinitionIDForm = "otherSubscription" // below another subscription
	RoleDefinitionIDProvider RoleDefinitionIDForm = "provider"          // /providers/Microsoft.Authorization/roleDefinitions/{guid}
)

const roleDefinitionPath = "/providers/Microsoft.Authorization/roleDefinitions/"

// roleAssignmentBody is the wire form. Absent values are null.
type roleAssignmentBody struct {
	ID         string                   `json:"id"`
	Name       string                   `json:"name"`
	Type       string                   `json:"type"`
	Properties roleAssignmentProperties `json:"properties"`
}

type roleAssignmentProperties struct {
	RoleDefinitionID                   string        `json:"roleDefinitionId"`
	PrincipalID                        string        `json:"principalId"`
	PrincipalType                      PrincipalType `json:"principalType"`
	Scope                              string        `json:"scope"`
	Condition                          *string       `json:"condition"`
	ConditionVersion                   *string       `json:"conditionVersion"`
	Description                        *string       `json:"description"`
	CreatedOn                          string        `json:"createdOn"`
	UpdatedOn                          string        `json:"updatedOn"`
	CreatedBy                          *string       `json:"createdBy"`
	UpdatedBy                          *string       `json:"updatedBy"`
	DelegatedManagedIdentityResourceID *string       `json:"delegatedManagedIdentityResourceId"`
}

func (b *Backend) roleAssignmentBody(x *exchange, a *RoleAssignment) roleAssignmentBody {
	body := roleAssignmentBody{
		ID: strings.TrimSuffix(a.Scope, "/") + "/providers/Microsoft.Authorization/roleAssignments/" + a.Name, Name: a.Name, Type: "Microsoft.Authorization/roleAssignments",
		Properties: roleAssignmentProperties{
			RoleDefinitionID: a.RoleDefinitionID, PrincipalID: a.PrincipalID, PrincipalType: a.PrincipalType, Scope: a.Scope,
			Condition: orNull(a.Condition), ConditionVersion: orNull(a.ConditionVersion), Description: orNull(a.Description),
			CreatedOn: sevenDigits(a.CreatedOn), UpdatedOn: sevenDigits(a.UpdatedOn),
			CreatedBy: orNull(a.CreatedBy), UpdatedBy: orNull(a.UpdatedBy), DelegatedManagedIdentityResourceID: orNull(a.delegatedIdentity),
		},
	}
	switch x.knobs.RoleDefinitionIDForm {
	case RoleDefinitionIDOther:
		body.Properties.RoleDefinitionID = subscriptionScope(guidFor("other subscription", a.SubscriptionID)) + roleDefinitionPath + a.RoleID
	case RoleDefinitionIDProvider:
		body.Properties.RoleDefinitionID = roleDefinitionPath + a.RoleID
	}
	if x.knobs.CreatedByNull {
		body.Properties.CreatedBy = nil
	}
	if x.knobs.DeletedPrincipalsUnknown {
		if owner, ok := b.azureOwner(a.SubscriptionID); ok {
			if principal := b.directoryOf(owner).find(a.PrincipalID); principal != nil && !principal.Deleted.IsZero() {
				body.Properties.PrincipalType = unknownPrincipal
			}
		}
	}
	return body
}

// roleAssignmentRequest is the body of a PUT. A missing property is nil. Clients that write what they read send
// read-only properties. These have no effect.
type roleAssignmentRequest struct {
	Properties *struct {
		RoleDefinitionID                   *string `json:"roleDefinitionId"`
		PrincipalID                        *string `json:"principalId"`
		PrincipalType                      *string `json:"principalType"`
		Description                        *string `json:"description"`
		Condition                          *string `json:"condition"`
		ConditionVersion                   *string `json:"conditionVersion"`
		DelegatedManagedIdentityResourceID *string `json:"delegatedManagedIdentityResourceId"`
		Scope, CreatedOn, UpdatedOn        any
		CreatedBy, UpdatedBy               any
	} `json:"properties"`
}

var roleDefinitionID = regexp.MustCompile(`(?i)^(/subscriptions/[0-9a-f-]{36})?/providers/Microsoft\.Authorization/roleDefinitions/([0-9a-f-]{36})$`)

// readRoleAssignment decodes and checks name and body of a PUT. sentType is the principalType of the request. Codes other
// than InvalidRoleAssignmentId are a choice.
func (b *Backend) readRoleAssignment(x *exchange) (a *RoleAssignment, sentType PrincipalType, refused response, ok bool) {
	bad := func(code, format string, args ...any) (*RoleAssignment, PrincipalType, response, bool) {
		return nil, "", armFailure(http.StatusBadRequest, code, format, args...), false
	}
	name := x.values["name"]
	if !isGUID(name) {
		return bad("InvalidRoleAssignmentId", "The role assignment ID '%s' is not valid. The role assignment ID must be a GUID.", name)
	}
	var body roleAssignmentRequest
	if err := json.Unmarshal(x.body, &body); err != nil {
		return bad("InvalidRequestContent", "The request content was invalid and could not be deserialized: '%v'.", err)
	}
	if unknown := decodeKnown(x.body, new(roleAssignmentRequest)); unknown != nil { // only an unknown field can fail here
		b.violate("%s %s: %v", x.req.Method, x.req.URL.Path, unknown)
		return bad("InvalidRequestContent", "The request content has a property that is not known: '%v'.", unknown)
	}
	if body.Properties == nil || body.Properties.RoleDefinitionID == nil || body.Properties.PrincipalID == nil {
		b.violate("%s %s: no properties.roleDefinitionId or properties.principalId", x.req.Method, x.req.URL.Path)
		return bad("InvalidRequestContent", "The request content needs properties.roleDefinitionId and properties.principalId.")
	}
	p := body.Properties
	value := func(text *string) string {
		if text == nil {
			return ""
		}
		return *text
	}
	role := roleDefinitionID.FindStringSubmatch(*p.RoleDefinitionID)
	sentType = PrincipalType(value(p.PrincipalType))
	foreign := strings.EqualFold(*p.PrincipalID, GroupID(AdminAgent)) || strings.EqualFold(*p.PrincipalID, GroupID(HelpdeskAgent)) || strings.EqualFold(*p.PrincipalID, GroupID(SalesAgent))
	switch {
	case role == nil:
		return bad("InvalidRoleDefinitionId", "The role definition ID '%s' is not valid.", *p.RoleDefinitionID)
	case !slices.Contains(knownRoles, strings.ToLower(role[2])):
		return bad("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", strings.ReplaceAll(role[2], "-", ""))
	case !isGUID(*p.PrincipalID):
		return bad("InvalidPrincipalId", "The principal ID '%s' is not valid. Principal ID must be a GUID.", *p.PrincipalID)
	case p.PrincipalType != nil && !slices.Contains([]PrincipalType{UserPrincipal, GroupPrincipal, ServicePrincipal}, sentType) && !(foreign && sentType == ForeignGroupPrincipal):
		return bad("InvalidPrincipalType", "The principal type '%s' is not valid. It must be 'User', 'Group' or 'ServicePrincipal'.", sentType)
	case value(p.Condition) != "" && value(p.ConditionVersion) == "" || value(p.Condition) == "" && value(p.ConditionVersion) != "":
		return bad("InvalidRequestContent", "condition and conditionVersion go together.")
	}
	return &RoleAssignment{
		SubscriptionID: strings.ToLower(x.values["subscription"]), Name: strings.ToLower(name), Scope: subscriptionScope(x.values["subscription"]),
		PrincipalID: strings.ToLower(*p.PrincipalID), RoleID: strings.ToLower(role[2]), RoleDefinitionID: *p.RoleDefinitionID,
		Description: value(p.Description), Condition: value(p.Condition), ConditionVersion: value(p.ConditionVersion),
		delegatedIdentity: value(p.DelegatedManagedIdentityResourceID),
	}, sentType, response{}, true
}
