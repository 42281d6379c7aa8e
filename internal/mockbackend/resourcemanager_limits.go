package mockbackend

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// tokenBucket limits one kind of call of one principal to one subscription, or to the tenant.
// https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
type tokenBucket struct {
	left float64
	at   time.Time
}

// takeBucketToken takes a token from the caller's bucket, and sets the headers of the answer. If the bucket is empty, it
// returns the time to wait.
func (b *Backend) takeBucketToken(x *exchange) time.Duration {
	kind, size, refill := "reads", 250.0, 25.0
	switch x.req.Method {
	case http.MethodPut, http.MethodPost, http.MethodPatch:
		kind, size, refill = "writes", 200, 10
	case http.MethodDelete:
		kind, size, refill = "deletes", 200, 10
	}
	if x.knobs.BucketSize > 0 {
		size = float64(x.knobs.BucketSize)
	}
	if x.knobs.BucketRefill > 0 {
		refill = float64(x.knobs.BucketRefill)
	}
	level, id := "subscription", strings.ToLower(x.values["subscription"])
	if id == "" {
		level, id = "tenant", x.caller.TenantID
	}
	if b.buckets == nil {
		b.buckets = map[string]tokenBucket{}
	}
	key, now := id+"/"+x.caller.ObjectID+"/"+kind, time.Now()
	bucket := b.buckets[key] // a missing bucket has the zero time and is therefore full
	bucket.left, bucket.at = min(size, bucket.left+refill*now.Sub(bucket.at).Seconds()), now
	var wait time.Duration
	if bucket.left < 1 {
		wait = time.Duration((1 - bucket.left) / refill * float64(time.Second))
	} else {
		bucket.left--
	}
	b.buckets[key] = bucket
	remaining := int(math.Floor(bucket.left))
	x.limits = http.Header{}
	x.limits.Set("x-ms-ratelimit-remaining-"+level+"-"+kind, strconv.Itoa(remaining))
	if level == "subscription" { // a limit for all principals, 15 times as large as this bucket
		x.limits.Set("x-ms-ratelimit-remaining-subscription-global-"+kind, strconv.Itoa(int(14*size)+remaining))
	}
	return wait
}
