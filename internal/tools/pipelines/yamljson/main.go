// Command yamljson converts one YAML document from standard input to JSON. A scalar becomes the string
// in the document, whatever its type. A null stays null. A duplicate key is an error.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"go.yaml.in/yaml/v3"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("yamljson: ")
	if err := run(os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(in io.Reader, out io.Writer) error {
	d := yaml.NewDecoder(in)
	var document yaml.Node
	if err := d.Decode(&document); err != nil {
		return err
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("not one document (%w)", err)
	}
	// Only decoding into a value finds duplicate keys.
	if err := document.Decode(new(any)); err != nil {
		return err
	}
	value, err := convert(document.Content[0])
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(value)
}

func convert(n *yaml.Node) (any, error) {
	switch {
	case n.Kind == yaml.AliasNode:
		return convert(n.Alias)
	case n.Kind == yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			var err error
			if list[i], err = convert(c); err != nil {
				return nil, err
			}
		}
		return list, nil
	case n.Kind == yaml.MappingNode:
		object := make(map[string]any, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
				return nil, fmt.Errorf("line %d: only scalar keys are supported, and no merge", key.Line)
			}
			var err error
			if object[key.Value], err = convert(n.Content[i+1]); err != nil {
				return nil, err
			}
		}
		return object, nil
	case n.ShortTag() == "!!null":
		return nil, nil
	}
	return n.Value, nil
}
