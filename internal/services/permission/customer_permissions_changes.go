package permission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/partnercenter"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/tfkit"
)

// This file describes the changes of a plan in words. It sends no request: the same steps always give the same
// words. Terraform plans again during the apply, and rejects other words.

// ChangeAttributes are the attributes that describe the changes of a plan.
var ChangeAttributes = []string{"changes", "change_summary"}

// shortWords are the names of the permissions in the attribute changes.
var shortWords = map[partnercenter.Permission]string{
	partnercenter.AzureReservedInstances: "reservations",
	partnercenter.AzureSavingsPlan:       "savings plans",
}

// memberPermissions are the permissions in a stable order.
var memberPermissions = []partnercenter.Permission{partnercenter.AzureReservedInstances, partnercenter.AzureSavingsPlan}

// reasonWords are the texts of the reasons in the attribute changes.
var reasonWords = map[reason]string{
	reasonNoAzure:        "no Azure subscription",
	reasonNoRelationship: "no reseller relationship",
	reasonRefused:        "refused by Partner Center",
}

// outside are the customers whose permissions were changed outside Terraform. The reason says why the customer
// cannot have the permission, if it cannot.
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

// changes are the changes of a plan, by customer ID.
type changes struct {
	by map[string]string
	// listed is the number of customers in the plan without a change.
	listed                                 int
	enables, disables, releases, notEnable int
}

// withEnded returns the snapshot in which wanted permissions are enabled if another object of the run, which had enabled them,
// ends. When Terraform plans again during the apply, that object may have disabled them already, but the plan must have the
// same words. A warning says that such a permission passes to another resource.
func (k snapshot) withEnded(want fleet, ended func(tfkit.Subject) bool) snapshot {
	k.listed = maps.Clone(k.listed)
	for id, one := range want {
		for permission := range one {
			if ended(subjectOf(permission, id)) {
				k.listed[id] = maps.Clone(k.listed[id])
				if k.listed[id] == nil {
					k.listed[id] = switches{}
				}
				k.listed[id][permission] = true
			}
		}
	}
	return k
}

// changes describes the steps, the releases, and the customers that are left out. Customers that the last apply left
// out for the same reason (in before) are not a change.
func (k snapshot) changes(want fleet, steps []step, left, before map[string]reason, found outside) changes {
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
			case on && from != "on":
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
			continue // a step disables it
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

// why returns the reason for a step that the configuration does not show.
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

// summary returns one line. It is null if nothing changes.
func (c changes) summary() types.String {
	if len(c.by) == 0 {
		return types.StringNull()
	}
	return types.StringValue(fmt.Sprintf("enables %d, disables %d, releases %d, cannot enable %d; %d already as declared",
		c.enables, c.disables, c.releases, c.notEnable, c.listed))
}

// pack returns the changes by name and ID of the customer. It is null if nothing changes.
func (c changes) pack(names map[string]string) types.String {
	out := make(map[string]string, len(c.by))
	for id, text := range c.by {
		out[nameAndID(names[id], id)] = text
	}
	return pack(out)
}

// nameAndID returns the text that names a customer. The name may be empty.
func nameAndID(name, id string) string {
	if name == "" {
		return id
	}
	return name + " (" + id + ")"
}

// changedID returns the customer ID from a key of the attribute changes.
func changedID(key string) string {
	id := strings.TrimSuffix(key, ")")
	return id[max(0, len(id)-len("00000000-0000-0000-0000-000000000000")):]
}
