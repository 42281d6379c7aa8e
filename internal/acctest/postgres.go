package acctest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"testing"
)

// Postgres starts a PostgreSQL server that ends with the test, and returns the connection string for the CLI's
// pg backend. If PostgreSQL is not installed, the test is skipped. On GitHub Actions, whose runners have
// PostgreSQL, it fails.
func Postgres(t testing.TB) string {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("GITHUB_ACTIONS") == "true" { // a skipped test would not be noticed
		skip = t.Fatalf
	}
	bin, ok := postgresFolder()
	if !ok {
		skip("PostgreSQL is not installed: there is no initdb on PATH or in /usr/lib/postgresql")
	}
	dir := t.TempDir()
	var as []string
	if os.Geteuid() == 0 { // PostgreSQL does not run as root
		nobody, err := user.Lookup("nobody")
		if err != nil {
			skip("PostgreSQL does not run as root, and there is no user nobody: %v", err)
		}
		if _, err := exec.LookPath("setpriv"); err != nil {
			skip("PostgreSQL does not run as root, and there is no setpriv to become another: %v", err)
		}
		as = []string{"setpriv", "--reuid=" + nobody.Uid, "--regid=" + nobody.Gid, "--clear-groups"}
		// The parent folder belongs to the test and is readable by its owner only.
		if out, err := exec.Command("chown", nobody.Uid, dir).CombinedOutput(); err != nil {
			t.Fatalf("chown: %v\n%s", err, out)
		}
		if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
			t.Fatal(err)
		}
	}
	run := func(name string, args ...string) error {
		args = slices.Concat(as, []string{filepath.Join(bin, name)}, args)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, out)
		}
		return nil
	}
	data := filepath.Join(dir, "data")
	if err := run("initdb", "--pgdata="+data, "--username=terraform", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"); err != nil {
		t.Fatal(err)
	}
	// The server listens only on a socket in the folder, so it needs no free port.
	log, options := filepath.Join(dir, "log"), "-c listen_addresses= -c fsync=off -k "+dir
	if err := run("pg_ctl", "start", "--wait", "--pgdata="+data, "--log="+log, "--options="+options); err != nil {
		text, _ := os.ReadFile(log)
		t.Fatalf("%v\n%s", err, text)
	}
	t.Cleanup(func() {
		if err := run("pg_ctl", "stop", "--wait", "--mode=immediate", "--pgdata="+data); err != nil {
			t.Error(err)
		}
	})
	return "host=" + dir + " user=terraform dbname=postgres sslmode=disable"
}

// postgresFolder returns the folder of the server's programs. On Debian, it is not in PATH.
func postgresFolder() (string, bool) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), true
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", false
	}
	return filepath.Dir(found[len(found)-1]), true
}
