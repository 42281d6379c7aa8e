package permission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// This file puts into words what a plan does. It asks no server: the same steps always make the
// same words, since Terraform plans once more while it applies and refuses other ones.

// ChangeAttributes are the attributes that say what a plan changes.
var ChangeAttributes = []string{"changes", "change_summary"}

// shortWords are the permissions in the attribute changes.
var shortWords = map[partnercenter.Permission]string{
	partnercenter.AzureReservedInstances: "reservations",
	partnercenter.AzureSavingsPlan:       "savings plans",
}

// memberPermissions are in a stable order.
var memberPermissions = []partnercenter.Permission{partnercenter.AzureReservedInstances, partnercenter.AzureSavingsPlan}

// reasonWords are the reasons in the attribute changes.
var reasonWords = map[reason]string{
	reasonNoAzure:        "no Azure subscription",
	reasonNoRelationship: "no reseller relationship",
	reasonRefused:        "refused by Partner Center",
}

// outside are the customers whose permissions were found changed outside Terraform, and why where
// the customer cannot have them.
type outside struct {
	Off map[string]reason `json:"off,omitempty"`
	On  map[string]bool   `json:"on,omitempty"`
}

func (o *outside) off(id string, why reason) {
	if o.Off == nil {
		o.Off = make(map[string]reason)
	}
	o.Off[id] = why
}

func (o *outside) on(id string) {
	if o.On == nil {
		o.On = make(map[string]bool)
	}
	o.On[id] = true
}

// changes are what a plan does, by customer id.
type changes struct {
	by map[string]string
	// listed are the customers of the plan that nothing is done for.
	listed                                 int
	enables, disables, releases, notEnable int
}

// changes are what the steps do, who is released, and who is left out. Passes tells of permissions that
// pass from another resource that ends, of which a warning tells: they are on, or off for a moment.
// Customers that the last apply has left out for the same reason, which before has, are no change.
func (k snapshot) changes(want fleet, steps []step, left, before map[string]reason, found outside, passes func(tfkit.Subject) bool) changes {
	out := changes{by: make(map[string]string), listed: len(want)}
	words := make(map[string][]string)
	for _, s := range steps {
		var texts []string
		var enables, disables, not bool
		for _, permission := range memberPermissions {
			was := s.before[permission]
			from := "off"
			switch {
			case k.unsure[s.customerID]:
				from = "unconfirmed"
			case was:
				from = "on"
			}
			switch on := slices.Contains(s.on, permission); {
			case on && left[s.customerID] != "":
				texts = append(texts, fmt.Sprintf("%s: cannot be enabled (%s)", shortWords[permission], reasonWords[left[s.customerID]]))
				not = true
			case on && from != "on" && !passes(subjectOf(permission, s.customerID)):
				texts = append(texts, shortWords[permission]+": "+from+" -> on")
				enables = true
			case slices.Contains(s.off, permission) && from != "off" && left[s.customerID] == "":
				texts = append(texts, shortWords[permission]+": "+from+" -> off")
				disables = true
			}
		}
		if len(texts) == 0 {
			continue
		}
		if why := s.why(found); why != "" && !not {
			texts[len(texts)-1] += " (" + why + ")"
		}
		words[s.customerID] = texts
		out.enables += count(enables)
		out.disables += count(disables)
		out.notEnable += count(not)
	}
	for id, before := range k.listed {
		one, isListed := want[id]
		if !isListed {
			continue // turned off
		}
		released := false
		for _, permission := range memberPermissions {
			was, seen := before[permission]
			if _, managed := one[permission]; seen && !managed {
				released = true
				stay := map[bool]string{true: "on", false: "off"}[was]
				words[id] = append(words[id], "released: "+shortWords[permission]+" stay "+stay)
			}
		}
		out.releases += count(released)
	}
	if !slices.ContainsFunc(slices.Collect(maps.Keys(words)), func(id string) bool { return left[id] == "" || left[id] != before[id] }) {
		return out
	}
	for id, texts := range words {
		out.by[id] = strings.Join(texts, ", ")
		if _, isListed := want[id]; isListed {
			out.listed--
		}
	}
	return out
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// why is the reason for a step, unless the configuration lists it.
func (s step) why(found outside) string {
	_, off := found.Off[s.customerID]
	switch {
	case s.kind == removed:
		return "no longer listed"
	case s.kind == unlisted:
		return "unlisted"
	case off && len(s.on) > 0:
		return "disabled outside Terraform"
	case found.On[s.customerID] && len(s.off) > 0:
		return "enabled outside Terraform"
	}
	return ""
}

// summary is one line, or null where nothing changes.
func (c changes) summary() types.String {
	if len(c.by) == 0 {
		return types.StringNull()
	}
	return types.StringValue(fmt.Sprintf("enables %d, disables %d, releases %d, cannot enable %d; %d already as declared",
		c.enables, c.disables, c.releases, c.notEnable, c.listed))
}

// toMap has the customers by name and id. It is null where nothing changes.
func (c changes) toMap(names map[string]string) types.Map {
	if len(c.by) == 0 {
		return types.MapNull(types.StringType)
	}
	out := make(map[string]attr.Value, len(c.by))
	for id, text := range c.by {
		out[nameAndID(names[id], id)] = types.StringValue(text)
	}
	return types.MapValueMust(types.StringType, out)
}

// nameAndID is how the provider calls a customer. The name may be empty.
func nameAndID(name, id string) string {
	if name == "" {
		return id
	}
	return name + " (" + id + ")"
}

// changedID is the customer of a key of the attribute changes.
func changedID(key string) string {
	id := strings.TrimSuffix(key, ")")
	return id[max(0, len(id)-len("00000000-0000-0000-0000-000000000000")):]
}
