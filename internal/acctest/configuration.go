package acctest

import (
	"os"
	"path/filepath"
	"strings"
)

// IsLeftover reports whether a file or folder was left by the CLI beside a configuration, such as a state. It
// is not part of an example.
func IsLeftover(name string) bool {
	return name == ".terraform" || name == ".terraform.lock.hcl" || name == "crash.log" ||
		strings.Contains(name, ".tfstate") || strings.HasSuffix(name, ".tfplan")
}

// CopyConfiguration copies the files of a configuration, without leftovers, into a folder.
func CopyConfiguration(to, from string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || IsLeftover(e.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
