package tfkit_test

import (
	"testing"

	"terraform-provider-partnercenter/internal/tfkit"
)

func TestIntents(t *testing.T) {
	t.Parallel()
	on, off := tfkit.Intent{Resource: "one", On: true}, tfkit.Intent{Resource: "one"}
	ends, other := tfkit.Intent{Resource: "one", Ends: true}, tfkit.Intent{Resource: "other", On: true}
	for name, test := range map[string]struct {
		before []tfkit.Intent
		one    tfkit.Intent
		with   tfkit.Intent
		want   tfkit.Verdict
	}{
		"the first":                              {nil, on, tfkit.Intent{}, tfkit.Alone},
		"planned twice":                          {[]tfkit.Intent{on}, on, tfkit.Intent{}, tfkit.Alone},
		"another type means the same":            {[]tfkit.Intent{on}, other, on, tfkit.Doubled},
		"the opposite":                           {[]tfkit.Intent{on}, off, on, tfkit.Contradicted},
		"the opposite of the second":             {[]tfkit.Intent{off, on}, other, off, tfkit.Contradicted},
		"the end of another":                     {[]tfkit.Intent{ends}, other, ends, tfkit.Contradicted},
		"the end of what means to be off":        {[]tfkit.Intent{{Resource: "other"}}, ends, tfkit.Intent{}, tfkit.Alone},
		"the opposite counts more than the same": {[]tfkit.Intent{on, off}, other, off, tfkit.Contradicted},
	} {
		var intents tfkit.Intents
		for _, i := range test.before {
			intents.Add(tfkit.Switch{"permission", "one"}, i)
		}
		intents.Add(tfkit.Switch{"permission", "another"}, tfkit.Intent{Resource: "other", On: !test.one.On})
		if with, verdict := intents.Add(tfkit.Switch{"permission", "one"}, test.one); with != test.with || verdict != test.want {
			t.Errorf("%s: %v %d, not %v %d", name, with, verdict, test.with, test.want)
		}
	}
}
