package provider

import (
	"crypto/x509"
	"fmt"
	"os"
	"runtime"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
)

// file reads the file that a setting names. content is nil if the setting is not set or the file cannot
// be read.
func (r *resolver) file(setting string) (content []byte, name, source string) {
	name, source, _ = r.value(setting)
	if name == "" {
		return nil, "", ""
	}
	content, err := credential.ReadFile(name)
	if err == nil {
		content, err = credential.Text(content)
	}
	if err != nil {
		r.invalid(setting, fmt.Sprintf("The file that %s names cannot be read: %s.\n\nWhat to do: check the path and who may read the file, or unset %s.", source, err, source))
		return nil, name, source
	}
	return content, name, source
}

// secretFile is file for a file with a credential. It warns if other users can read the file.
func (r *resolver) secretFile(setting string) (content []byte, name, source string) {
	content, name, source = r.file(setting)
	if info, err := os.Stat(name); content != nil && err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		r.diags.AddAttributeWarning(pathTo(setting), "Others can read a file with a credential",
			fmt.Sprintf("The file %s, which %s names, has mode %04o.\n\nWhat to do: chmod 600 %s", name, source, info.Mode().Perm(), name))
	}
	return content, name, source
}

// roots returns the system's certificate authorities and those of the file. It returns nil if the
// setting is not set.
func (r *resolver) roots(setting string) *x509.CertPool {
	pem, name, source := r.file(setting)
	if pem == nil {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		r.invalid(setting, fmt.Sprintf("The file %s, which %s names, contains no certificate in PEM format.", name, source))
	}
	return pool
}
