package httppipe

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// FuzzMayNeedCleaning checks that cleaning does not change documents for which mayNeedCleaning returns false.
func FuzzMayNeedCleaning(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, " \"Müller & Söhne\"\n", `"\u202e"`, "\"a\u009b\"", `"` + strings.Repeat("x", 1025) + `"`, `{"` + strings.Repeat("x", 1024) + `":1}`, `["\ud800"]`, "\"\xff\"", `[" a "]`} {
		f.Add([]byte(s))
	}
	texts := new(Texts)
	f.Fuzz(func(t *testing.T, document []byte) {
		var all any
		if json.Unmarshal(document, &all) != nil || texts.mayNeedCleaning(document) || texts.redact(string(document)) != string(document) {
			return
		}
		var list []string
		var collect func(v any)
		collect = func(v any) {
			switch v := v.(type) {
			case string:
				list = append(list, v)
			case []any:
				for _, x := range v {
					collect(x)
				}
			case map[string]any:
				for _, x := range v {
					collect(x)
				}
			}
		}
		collect(all)
		cleaned := slices.Clone(list)
		if texts.CleanAll(&cleaned); !slices.Equal(cleaned, list) {
			t.Errorf("%q became %q", list, cleaned)
		}
	})
}
