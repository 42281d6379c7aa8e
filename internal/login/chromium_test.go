//go:build unix

package login_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partnercenter/terraform-provider-partnercenter/internal/login"
	"github.com/partnercenter/terraform-provider-partnercenter/internal/mockbackend"
)

// chromium is a headless browser that is controlled by the DevTools protocol over a pipe. It needs
// no driver, no WebSocket and no free port
// (https://chromedevtools.github.io/devtools-protocol/).
type chromium struct {
	t       *testing.T
	in      io.Writer
	out     *bufio.Reader
	session string
	serial  int
}

// startChromium opens an empty page. It skips the test if Chromium is not installed.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Skip("Chromium is not installed: Debian has it in the package chromium")
	}
	commands, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, answers, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile := t.TempDir()
	cmd := exec.CommandContext(t.Context(), path, "--headless", "--remote-debugging-pipe", "--user-data-dir="+profile, "--no-first-run", "--disable-gpu",
		"--disable-dev-shm-usage", "--disable-background-networking", "--no-sandbox", // its sandbox needs permissions that containers do not have
		"--ignore-certificate-errors", // the mock has a private certificate authority
		"about:blank")
	cmd.Env = append(os.Environ(), "HOME="+profile)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // to end its helper processes as well
	cmd.ExtraFiles = []*os.File{commands, answers}        // file descriptors 3 and 4
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = commands.Close(), answers.Close()
	t.Cleanup(func() {
		_ = in.Close() // ends the browser
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		_ = out.Close()
		// A helper process may still be writing.
		for deadline := time.Now().Add(10 * time.Second); os.RemoveAll(profile) != nil && time.Now().Before(deadline); {
			<-time.After(20 * time.Millisecond)
		}
	})
	c := &chromium{t: t, in: in, out: bufio.NewReader(out)}
	var target struct{ TargetID string }
	c.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	c.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	c.session = attached.SessionID
	c.call("Page.enable", nil, nil)
	return c
}

type message struct {
	ID        int             `json:"id"`
	Method    string          `json:"method"`
	SessionID string          `json:"sessionId"`
	Result    json.RawMessage `json:"result"`
	Error     *struct{ Message string }
}

// call sends a command and waits for its answer.
func (c *chromium) call(method string, params map[string]any, into any) {
	c.t.Helper()
	c.serial++
	request := map[string]any{"id": c.serial, "method": method}
	if params != nil {
		request["params"] = params
	}
	if c.session != "" {
		request["sessionId"] = c.session
	}
	text, err := json.Marshal(request)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.in.Write(append(text, 0)); err != nil {
		c.t.Fatal(err)
	}
	answer := c.until(func(m message) bool { return m.ID == c.serial })
	if answer.Error != nil {
		c.t.Fatalf("%s: %s", method, answer.Error.Message)
	}
	if into != nil {
		if err := json.Unmarshal(answer.Result, into); err != nil {
			c.t.Fatal(err)
		}
	}
}

// until reads messages until the awaited one.
func (c *chromium) until(awaited func(message) bool) message {
	c.t.Helper()
	for {
		text, err := c.out.ReadBytes(0)
		if err != nil {
			c.t.Fatalf("Chromium ended: %v", err)
		}
		var m message
		if err := json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m); err != nil {
			c.t.Fatal(err)
		}
		if awaited(m) {
			return m
		}
	}
}

func (c *chromium) loaded() {
	c.t.Helper()
	c.until(func(m message) bool { return m.Method == "Page.loadEventFired" })
}

func (c *chromium) open(address string) {
	c.t.Helper()
	c.call("Page.navigate", map[string]any{"url": address}, nil)
	c.loaded()
}

// eval evaluates JavaScript and returns its value.
func (c *chromium) eval(script string) (value any) {
	c.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails any
	}
	c.call("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		c.t.Fatalf("%s: %v", script, answer.ExceptionDetails)
	}
	return answer.Result.Value
}

// click moves the mouse to the middle of an element and clicks it.
func (c *chromium) click(selector string) {
	c.t.Helper()
	at, ok := c.eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); if (!e) return null; e.scrollIntoView();
		const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector)).([]any)
	if !ok {
		c.t.Fatalf("the page has no %s:\n%v", selector, c.eval("document.body.innerText"))
	}
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		c.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1}, nil)
	}
}

// shoot writes a screenshot of the page to the folder in LOGIN_SCREENSHOTS, if it is set.
func (c *chromium) shoot(name string) {
	c.t.Helper()
	dir := os.Getenv("LOGIN_SCREENSHOTS")
	if dir == "" {
		return
	}
	var picture struct{ Data string }
	c.call("Page.captureScreenshot", nil, &picture)
	png, err := base64.StdEncoding.DecodeString(picture.Data)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// TestLogin_chromium signs in with a real browser, over TLS and the loopback listener.
func TestLogin_chromium(t *testing.T) {
	browser := startChromium(t)
	r := newTrial(t)
	if err := r.b.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.b.Close() })
	r.b.SetKnobs(func(k *mockbackend.Knobs) { k.ConsentRequired = true })
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, r.b.CACertificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, v := range r.b.EnvironmentFor(ca, "") {
		r.env[v.Name] = v.Value
	}
	sales := r.b.User(mockbackend.SalesAgent).UserPrincipalName
	done := make(chan struct{})
	var stdout, stderr bytes.Buffer
	address := make(chan string, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var code int
	go func() {
		code = login.Command{
			Version: "test", Stdout: &stdout, Stderr: &stderr,
			LookupEnv:   func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
			OpenBrowser: func(a string) error { address <- a; return nil },
		}.Run(ctx, []string{"--output", r.output(), "--port", "0", "--azure"})
		close(done)
	}()
	browser.open(<-address)
	browser.shoot("1-choose")
	browser.eval(`document.querySelector("#error").value = "53003"`)
	browser.click("#next")
	browser.loaded()
	if text := browser.eval("document.body.innerText").(string); !strings.Contains(text, "AADSTS53003") {
		t.Errorf("the page says %s", text)
	}
	browser.shoot("2-error")
	browser.click(fmt.Sprintf("input[value=%q]", sales))
	browser.click("#next")
	browser.loaded()
	if text := browser.eval("document.body.innerText").(string); !strings.Contains(text, "Permissions requested") || !strings.Contains(text, sales) {
		t.Errorf("the page says %s", text)
	}
	browser.shoot("3-consent")
	browser.click("#accept")
	browser.loaded()
	if text := browser.eval("document.body.innerText").(string); !strings.Contains(text, "You have signed in.") {
		t.Errorf("the page says %s", text)
	}
	browser.shoot("4-done")
	<-done
	r.stdout, r.stderr = stdout.String(), stderr.String()
	r.want(code, login.Passed)
	r.says("ok User "+sales, "ok Azure access the user consented to Azure")
}
