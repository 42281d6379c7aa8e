package credential

import (
	"fmt"
	"os"
	"path/filepath"
)

// writeRefreshToken replaces the file with the token: readable by its owner only, and whole at
// every moment, whoever reads it and whenever the process ends.
func writeRefreshToken(path, token string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".refresh-token-*") // made with mode 0600
	if err != nil {
		return fmt.Errorf("the new refresh token cannot be stored: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("the new refresh token cannot be stored: %w", err)
		}
	}()
	if _, err = f.WriteString(token + "\n"); err != nil {
		_ = f.Close()
		return err
	}
	if err = f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// CheckRefreshTokenPath tells whether the newest refresh token can be written to a path, so
// that it is known before the first token is replaced.
func CheckRefreshTokenPath(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".refresh-token-*")
	if err != nil {
		return err
	}
	_ = f.Close()
	return os.Remove(f.Name())
}
