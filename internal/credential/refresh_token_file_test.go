//go:build unix

package credential

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"
)

var (
	ours   = Owner{"1d3f0c52-6a4e-4b8e-9c55-2f4a7be0a101", "44a8f2de-0b1c-4a7e-8f7d-0d9be3f6c303"}
	theirs = Owner{"2d3f0c52-6a4e-4b8e-9c55-2f4a7be0a102", "44a8f2de-0b1c-4a7e-8f7d-0d9be3f6c303"}
)

const stored = "new\n# refresh token of tenant 1d3f0c52-6a4e-4b8e-9c55-2f4a7be0a101, client 44a8f2de-0b1c-4a7e-8f7d-0d9be3f6c303\n"

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustHold(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s contains %q, %v; want %q", path, got, err, want)
	}
}

// TestWriteRefreshToken_replaces checks that a refresh token of the same owner is replaced.
func TestWriteRefreshToken_replaces(t *testing.T) {
	for name, before := range map[string]string{
		"nothing":                   "",
		"the token in use":          "old\n",
		"one of ours":               strings.Replace(stored, "new", "older", 1),
		"one of ours in upper case": strings.ToUpper(strings.Replace(stored, "new\n# refresh token of tenant ", "", 1)),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "token")
			if name == "one of ours in upper case" {
				before = "older\n# refresh token of tenant " + strings.Replace(strings.TrimSpace(before), "CLIENT", "client", 1)
			}
			write(t, path, before)
			if err := CheckRefreshTokenPath(path, "old", ours); err != nil {
				t.Fatal(err)
			}
			mustHold(t, path, before)
			if err := WriteRefreshToken(path, "new", ours, "old"); err != nil {
				t.Fatal(err)
			}
			mustHold(t, path, stored)
			if token, owner, err := ParseRefreshToken(stored); err != nil || token != "new" || owner != ours {
				t.Errorf("read %q of %v, %v", token, owner, err)
			}
		})
	}
}

// TestWriteRefreshToken_refuses checks that other content is refused and left unchanged.
func TestWriteRefreshToken_refuses(t *testing.T) {
	for name, c := range map[string]struct{ before, says string }{
		"another tenant's token":   {strings.ReplaceAll(stored, ours.TenantID, theirs.TenantID), "contains the refresh token of tenant " + theirs.TenantID},
		"another client's token":   {strings.ReplaceAll(stored, ours.ClientID, theirs.TenantID), "client " + theirs.TenantID},
		"a token without an owner": {"somebody's\n", "does not say whose"},
		"something else":           {"root:x:0:0:root:/root:/bin/sh\nbin:x:1:1\n", "something other than a refresh token"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "token")
			write(t, path, c.before)
			for _, err := range []error{CheckRefreshTokenPath(path, "old", ours), WriteRefreshToken(path, "new", ours, "old")} {
				if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "somebody's") {
					t.Errorf("got %v", err)
				}
			}
			mustHold(t, path, c.before)
		})
	}
}

// TestWriteRefreshToken_concurrent covers two partners with the same path, which does not exist at
// first.
func TestWriteRefreshToken_concurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	for _, owner := range []Owner{ours, theirs} {
		if err := CheckRefreshTokenPath(path, "old", owner); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteRefreshToken(path, "new", ours, "old"); err != nil {
		t.Fatal(err)
	}
	if err := WriteRefreshToken(path, "other", theirs, "old"); err == nil {
		t.Error("the token of another partner was replaced")
	}
	mustHold(t, path, stored)
	// Both processes have checked that the file does not exist.
	if err := replaceFile(path, "other", false); err == nil {
		t.Error("the token of another partner was replaced, by the slower one")
	}
	mustHold(t, path, stored)
}

// TestRefreshTokenPath_kinds checks that a file that is not regular is neither read nor replaced.
func TestRefreshTokenPath_kinds(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "null")
	if err := os.Symlink("/dev/null", link); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{"/dev/null": "is a device", link: "is a device", fifo: "is a named pipe", dir: "is a directory"} {
		_, readErr := ReadFile(path)
		for _, err := range []error{readErr, CheckRefreshTokenPath(path, "old", ours), WriteRefreshToken(path, "new", ours, "old")} {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: got %v", path, err)
			}
		}
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatalf("/dev/null is %v, %v", info, err)
	}
}

// TestWriteRefreshToken_followsLinks checks that the target of a symbolic link is replaced and the
// link stays.
func TestWriteRefreshToken_followsLinks(t *testing.T) {
	for name, exists := range map[string]bool{"to a file": true, "to none yet": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "volume"), 0o700); err != nil {
				t.Fatal(err)
			}
			target, first, second := filepath.Join(dir, "volume", "token"), filepath.Join(dir, "first"), filepath.Join(dir, "second")
			if exists {
				write(t, target, "old\n")
			}
			if err := errors.Join(os.Symlink("volume/token", first), os.Symlink(first, second)); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(CheckRefreshTokenPath(second, "old", ours), WriteRefreshToken(second, "new", ours, "old")); err != nil {
				t.Fatal(err)
			}
			mustHold(t, target, stored)
			for _, link := range []string{first, second} {
				if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
					t.Errorf("%s is not a link any more: %v, %v", link, info, err)
				}
			}
		})
	}
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	if err := WriteRefreshToken(loop, "new", ours, "old"); err == nil {
		t.Error("a link to itself was written to")
	}
}

// TestCheckRefreshTokenPath_mounted checks that a single file that is mounted into a container is
// an error before the first sign-in, because it cannot be replaced.
func TestCheckRefreshTokenPath_mounted(t *testing.T) {
	if _, err := exec.LookPath("unshare"); err != nil || runtime.GOOS != "linux" {
		t.Skip("unshare is not installed")
	}
	if os.Getenv("MOUNTED_TOKEN") != "" {
		err := CheckRefreshTokenPath(os.Getenv("MOUNTED_TOKEN"), "old", ours)
		if err == nil || !strings.Contains(err.Error(), "mount its directory instead") {
			t.Errorf("got %v", err)
		}
		mustHold(t, os.Getenv("MOUNTED_TOKEN"), "old\n")
		return
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	write(t, from, "old\n")
	write(t, to, "")
	cmd := exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", `mount --bind "$1" "$2" || exit 77; shift 2; exec "$@"`,
		"sh", from, to, os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "MOUNTED_TOKEN="+to)
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && !strings.Contains(string(out), "FAIL") {
		t.Skipf("mounts are not allowed here: %s (%d)", out, exit.ExitCode())
	} else if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestText covers text files as written on Windows, including PowerShell's >.
func TestText(t *testing.T) {
	encode := func(bigEndian bool, s string) []byte {
		var out []byte
		for _, unit := range utf16.Encode([]rune("\ufeff" + s)) {
			low, high := byte(unit), byte(unit>>8)
			if bigEndian {
				low, high = high, low
			}
			out = append(out, low, high)
		}
		return out
	}
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"UTF-8":                        {[]byte("tökén\r\n"), "tökén\r\n"},
		"UTF-8 with a byte order mark": {[]byte("\xef\xbb\xbftökén"), "tökén"},
		"UTF-16, little endian":        {encode(false, "tökén\r\n"), "tökén\r\n"},
		"UTF-16, big endian":           {encode(true, "tökén\r\n"), "tökén\r\n"},
		"PKCS#12":                      {[]byte{0x30, 0x82, 0xff, 0xfe}, "\x30\x82\xff\xfe"},
		"nothing":                      {nil, ""},
	} {
		if got, err := Text(c.content); err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if _, err := Text([]byte{0xff, 0xfe, 'a'}); err == nil {
		t.Error("half a character was read")
	}
}

func TestOwner_differs(t *testing.T) {
	for _, c := range []struct {
		a, b Owner
		want bool
	}{
		{ours, ours, false},
		{ours, Owner{strings.ToUpper(ours.TenantID), strings.ToUpper(ours.ClientID)}, false},
		{ours, theirs, true},
		{ours, Owner{ours.TenantID, "another"}, true},
		{ours, Owner{"contoso.onmicrosoft.com", ours.ClientID}, false}, // may be equal
		{Owner{"contoso.com", ours.ClientID}, Owner{"fabrikam.com", ours.ClientID}, true},
		{ours, Owner{}, false},
	} {
		if got := c.a.Differs(c.b); got != c.want || c.b.Differs(c.a) != c.want {
			t.Errorf("%v and %v: %t", c.a, c.b, got)
		}
	}
}
