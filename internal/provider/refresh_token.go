package provider

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/credential"
)

const (
	// refreshTokenLife is the lifetime of an unused refresh token
	// (https://learn.microsoft.com/entra/identity-platform/refresh-tokens).
	refreshTokenLife = 90 * 24 * time.Hour
	// refreshTokenWarning is the time before the expiry from which the provider warns.
	refreshTokenWarning = 30 * 24 * time.Hour
)

// refreshToken reads the refresh token. From the same place, configuration or environment, it reads the
// path for new refresh tokens and the age of the token. With two provider blocks, the token of the
// environment belongs to the block with the tenant and application of the environment.
func (r *resolver) refreshToken(s signIn, owner credential.Owner) (token, from, output string) {
	found := r.secret("refresh_token", "refresh_token_file_path")
	if found.level != notSet && found.level != inConfiguration && owner.Differs(r.environmentOwner()) {
		return "", "", "" // the token belongs to another provider block
	}
	obtained := r.text("refresh_token_obtained_on", checkDate)
	if found.value == "" {
		return "", "", ""
	}
	setting := "refresh_token"
	if strings.HasPrefix(found.from, "the file ") {
		setting = "refresh_token_file_path"
	}
	token, of, err := credential.ParseRefreshToken(found.value)
	switch {
	case err != nil:
		r.invalid(setting, fmt.Sprintf("The refresh token from %s cannot be used: %s.", found.from, err))
		return "", "", ""
	case of.Differs(owner):
		r.fail(setting, "The refresh token belongs to another tenant or application", fmt.Sprintf("The refresh token from %s is of %s. The provider authenticates as %s.\n\n"+
			"What to do: use a refresh token of this tenant and application, or correct tenant_id and client_id.", found.from, of, owner))
		return "", "", ""
	case s.method == azureCLI:
		r.fail("use_cli", "A refresh token cannot be combined with the Azure CLI",
			"The Azure CLI signs in a user by itself.\n\nWhat to do: remove use_cli and set another credential of the application, or remove the refresh token.")
	}
	output, unused := r.fromSamePlace(found, "refresh_token_output_path")
	if output != "" {
		if err := credential.CheckRefreshTokenPath(output, token, owner); err != nil {
			r.invalid("refresh_token_output_path", fmt.Sprintf("The newest refresh token cannot be written there: %s.\n\n"+
				"What to do: name a file of its own for this tenant and application, in a directory that can be written.", err))
		}
		return token, found.from, output
	}
	if !r.unknown["refresh_token_output_path"] {
		if _, ignored := r.fromSamePlace(found, "refresh_token_obtained_on"); ignored != "" {
			obtained = ""
		}
		r.warnOfAge(obtained, unused)
	}
	return token, found.from, ""
}

// fromSamePlace returns a setting that is set in the same place as the refresh token. If the token is
// from the configuration, it ignores a variable of the setting and returns its name. A setting in the
// configuration for a token of the environment is an error.
func (r *resolver) fromSamePlace(token secret, setting string) (value, ignored string) {
	value, source, level := r.value(setting)
	switch {
	case (level == inConfiguration) == (token.level == inConfiguration), level == notSet:
		return value, ""
	case level == inConfiguration:
		r.fail(setting, setting+" belongs to another refresh token", fmt.Sprintf("The provider block sets %s, but the refresh token is from %s.\n\n"+
			"What to do: set %s instead, or set the refresh token in the provider block, too.", setting, token.from, environment[setting][0]))
		return "", ""
	}
	return "", source
}

// environmentOwner returns tenant and application of the refresh token in the environment, if the
// environment has them. Variables of other tools do not count.
func (r *resolver) environmentOwner() credential.Owner {
	tenant, _ := r.lookupEnv(environment["tenant_id"][0])
	client, _ := r.lookupEnv(environment["client_id"][0])
	return credential.Owner{TenantID: tenant, ClientID: client}
}

// warnOfAge warns before the expiry of a refresh token that is not renewed. The token does not contain
// its age. The age is from the date in refresh_token_obtained_on, or from the modification time of the
// file.
func (r *resolver) warnOfAge(obtained, unused string) {
	advice := "What to do: set refresh_token_output_path to a file that the next run reads, or store a new refresh token in time " +
		"and its date in refresh_token_obtained_on."
	if unused != "" {
		advice += " The environment variable " + unused + " is not used, since the refresh token is from the provider block."
	}
	var since time.Time
	if file, _, level := r.value("refresh_token_file_path"); level < notSet {
		if info, err := os.Stat(file); err == nil {
			since = info.ModTime()
		}
	}
	if t, err := time.Parse(time.DateOnly, obtained); err == nil {
		since = t
	}
	if since.IsZero() {
		r.diags.AddAttributeWarning(pathTo("refresh_token"), "The refresh token is not renewed",
			"It expires 90 days after it was issued, and its date is not known. Each run receives a new one, which is lost.\n\n"+advice)
		return
	}
	if left := refreshTokenLife - time.Since(since); left < refreshTokenWarning {
		r.diags.AddAttributeWarning(pathTo("refresh_token"), "The refresh token expires soon",
			fmt.Sprintf("It is from %s and expires after 90 days, which is in %d days. Each run receives a new one, which is lost.\n\n%s",
				since.Format(time.DateOnly), max(int(left.Hours()/24), 0), advice))
	}
}

func checkDate(s string) error {
	date, err := time.Parse(time.DateOnly, s)
	switch {
	case err != nil:
		return errors.New("must be a date such as 2026-01-31")
	case time.Until(date) > 24*time.Hour: // in another time zone it may already be tomorrow
		return errors.New("is in the future, but must be the date on which the refresh token was issued")
	}
	return nil
}
