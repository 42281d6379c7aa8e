package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updateLicences = flag.Bool("update-licences", false, "write LICENSES.md instead of comparing it")

// licenceTexts are sentences that identify a licence, by SPDX identifier. The first match counts.
var licenceTexts = []struct{ id, text string }{
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
	{"MPL-2.0", "Mozilla Public License, version 2.0"},
	{"Apache-2.0", "Apache License Version 2.0"},
	{"BSD-3-Clause", "endorse or promote products derived from this software"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce the above copyright"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"},
}

// licenceOf returns the SPDX identifier of a module's licence.
func licenceOf(dir string) (string, error) {
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "License*", "license*"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			text := oneLine(string(content))
			for _, known := range licenceTexts {
				if strings.Contains(text, known.text) {
					return known.id, nil
				}
			}
		}
	}
	return "", errors.New("no licence is known in " + dir)
}

// TestLicences: LICENSES.md lists every module in the binaries of a release. An unknown licence fails the test, so
// that a person reads it.
func TestLicences(t *testing.T) {
	t.Parallel()
	var all bytes.Buffer
	for _, system := range []string{"darwin", "freebsd", "linux", "windows"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=Module", ".", "./internal/mockbackend/cmd/partnercenter-mock")
		cmd.Dir, cmd.Env = "../..", append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		all.Write(out)
	}
	licences := make(map[string]string)
	for decoder := json.NewDecoder(&all); ; {
		var pkg struct {
			Module *struct {
				Path, Version, Dir string
				Main               bool
			}
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if pkg.Module == nil || pkg.Module.Main || licences[pkg.Module.Path] != "" {
			continue
		}
		licence, err := licenceOf(pkg.Module.Dir)
		if err != nil {
			t.Error(err)
		}
		licences[pkg.Module.Path] = licence
	}
	var text strings.Builder
	text.WriteString("# Licences\n\nThis project is licensed under [MPL-2.0](LICENSE). The binaries of a release also contain the Go standard library (BSD-3-Clause)\n" +
		"and these modules. `make licences` writes this list.\n\n| Module | Licence |\n|---|---|\n")
	for _, module := range slices.Sorted(maps.Keys(licences)) {
		fmt.Fprintf(&text, "| [%s](https://pkg.go.dev/%s?tab=licenses) | %s |\n", module, module, licences[module])
	}
	if len(licences) == 0 {
		t.Fatal("there is no module")
	}
	const file = "../../LICENSES.md"
	if *updateLicences {
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil { //nolint:gosec // everybody may read it
			t.Fatal(err)
		}
		return
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != text.String() {
		t.Errorf("LICENSES.md is out of date; run \"make licences\": %v", err)
	}
}
