package permission

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"terraform-provider-partnercenter/internal/partnercenter"
	"terraform-provider-partnercenter/internal/tfkit"
)

// intended compares what a resource means permissions of customers to be with the other
// resources of this run: those of the same customer contradict each other when one turns on what
// the other turns off, and whichever Terraform comes to last would win. Customers that were on
// before and are no longer wanted are turned off.
func intended(intents *tfkit.Intents, at path.Path, resource string, wanted, before fleet) diag.Diagnostics {
	type pair struct {
		one, other tfkit.Intent
		permission partnercenter.Permission
	}
	contradicted, doubled := map[pair][]string{}, map[pair][]string{}
	add := func(id string, permission partnercenter.Permission, one tfkit.Intent) {
		other, verdict := intents.Add(tfkit.Switch{Name: string(permission), Of: id}, one)
		switch p := (pair{one, other, permission}); verdict {
		case tfkit.Contradicted:
			contradicted[p] = append(contradicted[p], id)
		case tfkit.Doubled:
			doubled[p] = append(doubled[p], id)
		case tfkit.Alone:
		}
	}
	for id, one := range wanted {
		for permission, on := range one {
			add(id, permission, tfkit.Intent{Resource: resource, On: on})
		}
	}
	for id, one := range before {
		if _, still := wanted[id]; still {
			continue
		}
		for permission, on := range one {
			if on {
				add(id, permission, tfkit.Intent{Resource: resource, Ends: true})
			}
		}
	}
	tell := func(pairs map[pair][]string, outcome string) []string {
		var texts []string
		for p, ids := range pairs {
			texts = append(texts, fmt.Sprintf("%s of %s: this %s, and another %s. %s\n\nWhat to do: manage the permission in one of them.",
				words[p.permission], customers(ids), doing(p.one), doing(p.other), outcome))
		}
		slices.Sort(texts)
		return texts
	}
	var diags diag.Diagnostics
	for _, text := range tell(contradicted, "Terraform does both in no certain order, so either may win.") {
		diags.AddAttributeError(at, "Two resources switch the same permission", text+" To hand it over and switch nothing, let go of it first: a single resource "+
			"by a removed block with destroy = false, or by a moved block when only its address changes; a customer of a fleet as {}.")
	}
	for _, text := range tell(doubled, "They agree, until one of them is changed or destroyed.") {
		diags.AddAttributeWarning(at, "Two resources manage the same permission", text)
	}
	return diags
}

// words are the permissions in words.
var words = map[partnercenter.Permission]string{
	partnercenter.AzureReservedInstances: "Azure reservations",
	partnercenter.AzureSavingsPlan:       "Azure savings plans",
}

func doing(i tfkit.Intent) string {
	switch {
	case i.Ends:
		return i.Resource + " lets go of it, which turns it off"
	case i.On:
		return i.Resource + " turns it on"
	default:
		return i.Resource + " turns it off"
	}
}

func customers(ids []string) string {
	slices.Sort(ids)
	if len(ids) == 1 {
		return "customer " + ids[0]
	}
	return fmt.Sprintf("%d customers (%s)", len(ids), shortList(ids))
}
