package partnercenter

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestTime(t *testing.T) {
	for wire, want := range map[string]string{
		`"2018-03-15T02:17:15.6455674Z"`:       "2018-03-15T02:17:15.6455674Z",
		`"2018-03-15T02:17:15.6455674+00:00"`:  "2018-03-15T02:17:15.6455674Z",
		`"2018-03-06T17:37:05.253-08:00"`:      "2018-03-07T01:37:05.253Z",
		`"2018-03-06T17:37:05+05:30"`:          "2018-03-06T12:07:05Z",
		`"2024-05-02T08:31:07Z"`:               "2024-05-02T08:31:07Z",
		`"2024-05-02T08:31:07.1Z"`:             "2024-05-02T08:31:07.1Z",
		`"2024-05-02T08:31:07.123456789Z"`:     "2024-05-02T08:31:07.123456789Z",
		`"2024-05-02T08:31:07.12345678901234"`: "2024-05-02T08:31:07.123456789Z",
		`"2019-02-23T00:00:00"`:                "2019-02-23T00:00:00Z", // no zone
		`"2019-02-23T00:00:00.5"`:              "2019-02-23T00:00:00.5Z",
		`"2019-02-23"`:                         "2019-02-23T00:00:00Z",
		`" 2019-02-23 "`:                       "2019-02-23T00:00:00Z",
		`"0001-01-01T00:00:00"`:                "", // the zero date of .NET
		`"0001-01-01T00:00:00-08:00"`:          "",
		`"9999-12-31T23:59:59.9999999-08:00"`:  "9999-12-31T23:59:59.9999999-08:00",
		`""`:                                   "",
		`null`:                                 "",
	} {
		var at Time
		if err := json.Unmarshal([]byte(wire), &at); err != nil || at.String() != want {
			t.Errorf("%s: %q, %v, not %q", wire, at, err, want)
		}
	}
	for _, wire := range []string{`"yesterday"`, `"6/1/2017 12:00:00 AM"`, `"2024-13-01"`, `"2024-05-02T25:00:00Z"`, `1714638667`, `{}`, `true`} {
		var at Time
		if err := json.Unmarshal([]byte(wire), &at); err == nil {
			t.Errorf("%s counts as %s", wire, at)
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{
		`"2018-03-15T02:17:15.6455674Z"`, `"2018-03-06T17:37:05.253-08:00"`, `"2019-02-23T00:00:00"`, `"2019-02-23"`, `"0001-01-01T00:00:00+14:00"`,
		`"9999-12-31T23:59:59-23:59"`, `"2024-02-29T00:00:00,5"`, `null`, `""`, `{}`, `7`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		var at Time
		if at.UnmarshalJSON(wire) != nil || at.IsZero() {
			return
		}
		again, err := time.Parse(time.RFC3339, at.String())
		if err != nil || !again.Equal(at.Time) {
			t.Errorf("%s became %s, which is read as %s, %v", wire, at, again, err)
		}
	})
}

func TestDecimal(t *testing.T) {
	for wire, want := range map[string]Decimal{
		`1234.50`: "1234.50", `"1234.50"`: "1234.50", `0`: "0", `-3.1`: "-3.1", `"-0.00"`: "-0.00",
		// A float64 cannot represent these values.
		`0.1000000000000000055`: "0.1000000000000000055", `79228162514264337593543950335`: "79228162514264337593543950335",
		`1e3`: "1000", `1.50E+1`: "15.0", `1E-05`: "0.00001", `-12.5e-1`: "-1.25", `"1.234e2"`: "123.4",
		`""`: "", `null`: "", `" 7 "`: "7",
	} {
		var d Decimal
		if err := json.Unmarshal([]byte(wire), &d); err != nil || d != want {
			t.Errorf("%s: %q, %v, not %q", wire, d, err, want)
		}
	}
	for _, wire := range []string{`"1,5"`, `"$5"`, `"NaN"`, `"Infinity"`, `true`, `{}`, `[]`, `"0x10"`, `"01"`, `".5"`, `"+1"`, `"\"5\""`, `1e999999999`, `"1e-65"`} {
		var d Decimal
		if err := json.Unmarshal([]byte(wire), &d); err == nil {
			t.Errorf("%s counts as %q", wire, d)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, s := range []string{`1234.50`, `"1234.50"`, `1E-05`, `-12.5e-1`, `0e0`, `"1e64"`, `1e65`, `"-"`, `null`, `1e-999`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		var d Decimal
		if d.UnmarshalJSON(wire) != nil || d == "" {
			return
		}
		if strings.ContainsAny(string(d), "eE+ ,") || len(d) > len(wire)+maxExponent+2 {
			t.Errorf("%s became %q", wire, d)
		}
		sent, _ := textOf(wire)
		want, ok := new(big.Rat).SetString(sent)
		got, ok2 := new(big.Rat).SetString(string(d))
		if !ok || !ok2 || want.Cmp(got) != 0 {
			t.Errorf("%s became %q, a different amount", wire, d)
		}
	})
}

func TestInteger(t *testing.T) {
	for wire, want := range map[string]Integer{
		`5`: 5, `"5"`: 5, `-1`: -1, `5.0`: 5, `"5.00"`: 5, `1e3`: 1000, `0`: 0, `""`: 0, `null`: 0, `9223372036854775807`: 9223372036854775807,
	} {
		i := Integer(0)
		if err := json.Unmarshal([]byte(wire), &i); err != nil || i != want {
			t.Errorf("%s: %d, %v, not %d", wire, i, err, want)
		}
	}
	for _, wire := range []string{`1.5`, `"two"`, `9223372036854775808`, `true`, `{}`, `0.1`} {
		var i Integer
		if err := json.Unmarshal([]byte(wire), &i); err == nil {
			t.Errorf("%s counts as %d", wire, i)
		}
	}
}

func FuzzInteger(f *testing.F) {
	for _, s := range []string{`5`, `"5"`, `5.0`, `1e3`, `-0`, `null`, `""`, `9223372036854775808`, `0.0000001`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		var i Integer
		var d Decimal
		if i.UnmarshalJSON(wire) != nil {
			return
		}
		if err := d.UnmarshalJSON(wire); err != nil {
			t.Fatal(err)
		}
		want, ok := new(big.Rat).SetString(string(d))
		if !ok {
			want = new(big.Rat)
		}
		if new(big.Rat).SetInt64(int64(i)).Cmp(want) != 0 {
			t.Errorf("%s became %d", wire, i)
		}
	})
}

func TestEnum(t *testing.T) {
	for wire, want := range map[string]Enum{
		`"New"`: "new", `"new"`: "new", `"addQuantity"`: "add_quantity", `"UserPurchase"`: "user_purchase", `"one_time"`: "one_time",
		`"PrefulfillmentPending"`: "prefulfillment_pending", `"NCEMigration"`: "nce_migration", `"One_Time"`: "one_time", `"USER"`: "user",
		`"Something2New"`: "something2_new", `" x "`: "x", `""`: "", `null`: "", `3`: "3", `true`: "true",
	} {
		var e Enum
		if err := json.Unmarshal([]byte(wire), &e); err != nil || e != want {
			t.Errorf("%s: %q, %v, not %q", wire, e, err, want)
		}
	}
}

func FuzzEnum(f *testing.F) {
	for _, s := range []string{`"New"`, `"addQuantity"`, `"ÄÖ"`, `"_A"`, `7`, `{"a":1}`, `"ǅ"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		var e Enum
		if e.UnmarshalJSON(wire) != nil {
			return
		}
		var text Text
		if err := text.UnmarshalJSON(wire); err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(string(e)) || !sameEnum(string(e), strings.ToLower(string(text))) {
			t.Errorf("%s became %q", wire, e)
		}
	})
}

func TestText(t *testing.T) {
	for wire, want := range map[string]struct {
		text Text
		json string
	}{
		`"{\"Id\":\"x\",\"Links\":null}"`: {`{"Id":"x","Links":null}`, `{"Id":"x","Links":null}`},
		`"plain"`:                         {"plain", `"plain"`},
		`"{cut"`:                          {"{cut", `"{cut"`},
		`"7"`:                             {"7", "7"},
		`{"Id": "x"}`:                     {`{"Id":"x"}`, `{"Id":"x"}`},
		`[1, 2]`:                          {`[1,2]`, `[1,2]`},
		`12345678901234567890`:            {"12345678901234567890", "12345678901234567890"},
		`true`:                            {"true", "true"},
		`null`:                            {"", ""},
		`""`:                              {"", ""},
	} {
		var text Text
		if err := json.Unmarshal([]byte(wire), &text); err != nil || text != want.text || text.JSON() != want.json {
			t.Errorf("%s: %q, %s, %v", wire, text, text.JSON(), err)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{`"{\"Id\":null}"`, `"plain"`, `{"a":[1]}`, `null`, "\"\xff\"", "{\"\xff\":1}", `"\ud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		var text Text
		if json.Unmarshal(wire, &text) != nil {
			return
		}
		if out := text.JSON(); !utf8.ValidString(out) || out != "" && !json.Valid([]byte(out)) {
			t.Errorf("%s became %q", wire, out)
		}
	})
}

func TestPascal(t *testing.T) {
	for in, want := range map[string]string{
		"self_serve_policy": "SelfServePolicy", "SelfServePolicy": "SelfServePolicy", "order": "Order", "third_party_add_on": "ThirdPartyAddOn",
		"": "", "_": "", "über_x": "ÜberX",
	} {
		if got := pascal(in); got != want {
			t.Errorf("%q became %q, not %q", in, got, want)
		}
	}
}
