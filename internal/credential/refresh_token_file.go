package credential

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/google/uuid"
)

// Owner identifies the tenant and client of a refresh token, which the token itself does not
// contain.
type Owner struct{ TenantID, ClientID string }

// Differs reports whether two owners are certainly different. A tenant ID and a domain cannot be
// compared, and empty fields are ignored.
func (o Owner) Differs(other Owner) bool {
	if o.ClientID != "" && other.ClientID != "" && !strings.EqualFold(o.ClientID, other.ClientID) {
		return true
	}
	sameKind := (uuid.Validate(o.TenantID) == nil) == (uuid.Validate(other.TenantID) == nil)
	return o.TenantID != "" && other.TenantID != "" && sameKind && !strings.EqualFold(o.TenantID, other.TenantID)
}

func (o Owner) String() string {
	return "tenant " + cmp.Or(o.TenantID, "(unknown)") + ", client " + cmp.Or(o.ClientID, "(unknown)")
}

var storedToken = regexp.MustCompile(`^(\S+)(?:\s+# refresh token of tenant (\S+), client (\S+))?$`)

// ParseRefreshToken parses the content of a refresh token file: the token in the first line and, if
// this package wrote the file, its owner in the second.
func ParseRefreshToken(text string) (token string, owner Owner, err error) {
	m := storedToken.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return "", Owner{}, errors.New("it contains something other than a refresh token")
	}
	return m[1], Owner{m[2], m[3]}, nil
}

// WriteRefreshToken replaces the content of a file with a refresh token and its owner. The file is
// readable for its owner only, and is replaced atomically. Symbolic links are followed. It refuses
// to replace a file that is not regular, and one that contains anything but a refresh token of this
// owner or the token replaces.
func WriteRefreshToken(path, token string, owner Owner, replaces string) error {
	path, err := followLinks(path)
	if err != nil {
		return err
	}
	exists, err := checkStored(path, replaces, owner)
	if err != nil {
		return err
	}
	return replaceFile(path, fmt.Sprintf("%s\n# refresh token of %s\n", token, owner), exists)
}

// errMounted means that a file cannot be replaced because it is a mount point.
var errMounted = errors.New("the file is mounted by itself, so it cannot be replaced atomically: mount its directory instead")

// CheckRefreshTokenPath checks with a real write whether the newest refresh token can be stored at
// path, before the first sign-in. token is the one in use. Temporary errors, such as a full disk,
// are ignored.
func CheckRefreshTokenPath(path, token string, owner Owner) error {
	path, err := followLinks(path)
	if err != nil {
		return err
	}
	exists, err := checkStored(path, token, owner)
	if err != nil {
		return err
	}
	if exists {
		var content []byte
		if content, err = os.ReadFile(path); err == nil {
			err = replaceFile(path, string(content), true)
		}
	} else {
		var trial string
		if trial, err = writeBeside(path, strings.Repeat("x", 4096)); err == nil {
			err = os.Remove(trial)
		}
	}
	switch {
	case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EXDEV):
		return fmt.Errorf("%w (%w)", errMounted, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENOTDIR):
		return err
	}
	return nil
}

// followLinks returns the target of a path, which need not exist.
func followLinks(path string) (string, error) {
	for range 40 {
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil //nolint:nilerr // not a symbolic link
		}
		if !filepath.IsAbs(target) {
			target = filepath.Dir(path) + string(filepath.Separator) + target
		}
		path = target
	}
	return "", fmt.Errorf("%s: too many symbolic links", path)
}

// checkStored reports whether a file exists, and returns an error if it must not be replaced. token
// is known to belong to the owner.
func checkStored(path, token string, owner Owner) (exists bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	if err := checkRegular(path, info); err != nil {
		return true, err
	}
	text, err := readText(path)
	if err != nil || text == "" {
		return true, err
	}
	stored, of, err := ParseRefreshToken(text)
	switch {
	case err != nil:
		return true, fmt.Errorf("%s is not replaced, because %w", path, err)
	case of == Owner{} && stored != token:
		return true, fmt.Errorf("%s is not replaced, because it contains another refresh token and does not say whose: delete it if it is no longer needed", path)
	case of.Differs(owner):
		return true, fmt.Errorf("%s is not replaced, because it contains the refresh token of %s", path, of)
	}
	return true, nil
}

// replaceFile replaces the content of a file atomically. If exists is false and the file exists, it
// fails.
func replaceFile(path, content string, exists bool) error {
	temporary, err := writeBeside(path, content)
	if err != nil {
		return err
	}
	if !exists {
		err := os.Link(temporary, path) // unlike a rename, it fails if another process was faster
		if err == nil || errors.Is(err, fs.ErrExist) {
			_ = os.Remove(temporary)
			return err
		}
	}
	if err := os.Rename(temporary, path); err != nil {
		_ = os.Remove(temporary)
		return err
	}
	return nil
}

// writeBeside writes a new file in the directory of path.
func writeBeside(path, content string) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".refresh-token-*") // has mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
