package credential

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unicode/utf16"
)

// ReadFile reads a file with a credential or a certificate. It refuses files that are not regular,
// because reading a named pipe could block forever.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkRegular(path, info); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// checkRegular returns an error that describes the file unless it is a regular file.
func checkRegular(path string, info fs.FileInfo) error {
	kind := "a special file"
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		kind = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		kind = "a named pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return fmt.Errorf("%s is %s, not a regular file", path, kind)
}

// Text decodes the content of a text file as UTF-8. On Windows, text files may start with a byte
// order mark, and PowerShell's > writes UTF-16. It returns other content, such as PKCS#12,
// unchanged.
func Text(content []byte) ([]byte, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, bom):
		return content[len(bom):], nil
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return content, nil
	}
	content = content[2:]
	if len(content)%2 != 0 {
		return nil, errors.New("the text begins as UTF-16, but has an odd number of bytes")
	}
	units := make([]uint16, len(content)/2)
	for i := range units {
		units[i] = order.Uint16(content[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}

// readText reads a text file and trims white space.
func readText(path string) (string, error) {
	content, err := ReadFile(path)
	if err == nil {
		content, err = Text(content)
	}
	return string(bytes.TrimSpace(content)), err
}
