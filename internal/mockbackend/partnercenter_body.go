package mockbackend

import (
	"math/rand/v2"
	"net/http"
	"strings"
)

// resourceAttributes is the property attributes of any resource. The form of etags differs between resources.
type resourceAttributes struct {
	ETag       string `json:"etag,omitempty"`
	ObjectType string `json:"objectType"`
}

type link struct {
	URI     string       `json:"uri"`
	Method  string       `json:"method"`
	Headers []linkHeader `json:"headers"`
}

type linkHeader struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// link refers to a path of the API, with or without /v1 (Knobs.LinkPrefixV1).
func (x *exchange) link(uri string) *link {
	if x.knobs.LinkPrefixV1 {
		uri = versioned(uri)
	}
	return &link{URI: uri, Method: http.MethodGet, Headers: []linkHeader{}}
}

// versioned adds /v1, unless the URI has its version elsewhere.
func versioned(uri string) string {
	if strings.HasPrefix(uri, auditActivity) {
		return uri
	}
	return "/v1" + uri
}

type selfLink struct {
	Self *link `json:"self"`
}

// collection is the body of every list. TotalCount is the number of items in the page.
type collection struct {
	TotalCount        int                `json:"totalCount"`
	Items             any                `json:"items"`
	ContinuationToken string             `json:"continuationToken,omitempty"`
	Links             *collectionLinks   `json:"links,omitempty"`
	Attributes        resourceAttributes `json:"attributes"`
}

type collectionLinks struct {
	Self *link `json:"self,omitempty"`
	Next *link `json:"next,omitempty"`
}

func collectionOf[T any](b *Backend, x *exchange, items []T) *collection {
	if items == nil {
		items = []T{}
	}
	if x.knobs.ShuffleOrder {
		shuffle(b.random, items)
	}
	count := len(items)
	if x.knobs.TotalCountWrong {
		if count--; count < 0 {
			count = 1
		}
	}
	return &collection{TotalCount: count, Items: items, Attributes: resourceAttributes{ObjectType: "Collection"}}
}

// shuffler serves Knobs.ShuffleOrder: a different order for each answer, all derived from Config.Seed.
type shuffler struct{ *rand.Rand }

func shuffle[T any](s shuffler, items []T) {
	s.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
}

// shuffledKey is the position of item n in the order of Knobs.ShuffleOrder. It is the same for every page.
func (b *Backend) shuffledKey(n int) uint64 {
	z := uint64(n)*0x9e3779b97f4a7c15 + uint64(b.cfg.Seed) + 0x9e3779b97f4a7c15 // SplitMix64, a bijection
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
