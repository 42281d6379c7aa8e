package mockbackend

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"
)

// Config configures a Backend. The zero value has the named customers of the seed and no throttling.
type Config struct {
	Seed      int64         // names and IDs of generated customers depend on Seed and their index only
	Customers int           // total number, named customers first; 0 = named customers only
	Latency   time.Duration // added to each Partner Center and Resource Manager answer; change it later with Knobs.Latency
	Rate      Rate          // Partner Center throttling; zero = none
	TLSKey    TLSKey        // of the certificates of the listeners; empty = ECDSA
	Behaviour *Behaviour    // behavior of another partner's service; nil = none
}

// Endpoints are base URLs without trailing slash.
type Endpoints struct {
	SignIn          string `json:"signIn"`
	PartnerCenter   string `json:"partnerCenter"` // without the /v1
	ResourceManager string `json:"resourceManager"`
	CI              string `json:"ci"`
	Control         string `json:"control"`
	Elsewhere       string `json:"elsewhere"` // any other host; a bearer token sent there is a violation
}

// errClosed is the error of Start and of the in-process transport after Close.
var errClosed = errors.New("mockbackend: closed")

// Backend is one partner with its customers, users and tokens. All methods are safe for concurrent use.
type Backend struct {
	cfg      Config
	services map[Service]service
	tls      func() (certificates, error)

	mu   sync.Mutex // guards everything below; route handlers run with it held
	idle *sync.Cond // signalled when inFlight falls to zero

	store
	knobs      Knobs
	choices    choices
	faults     []*Fault
	journal    journal
	counters   counters
	violations []string
	replays    replays
	window     rateWindow
	endpoints  Endpoints
	servers    []*http.Server
	stop       context.CancelFunc
	inFlight   int
	closed     bool
}

// New makes a backend in memory. Use Transport to reach it in process, or Start to open listeners.
func New(cfg Config) *Backend {
	b := &Backend{cfg: cfg, knobs: DefaultKnobs(), endpoints: inProcessEndpoints, tls: sync.OnceValues(func() (certificates, error) { return newCertificates(cfg.TLSKey) })}
	b.idle = sync.NewCond(&b.mu)
	b.knobs.Latency = cfg.Latency
	if cfg.Behaviour != nil {
		b.cfg.Customers = max(b.cfg.Customers, cfg.Behaviour.customers)
	}
	b.seed()
	b.play(cfg.Behaviour)
	all := routes()
	b.services = map[Service]service{
		SignIn:          signInService{serviceBase{SignIn, all[SignIn]}},
		PartnerCenter:   partnerCenterService{serviceBase{PartnerCenter, all[PartnerCenter]}},
		ResourceManager: resourceManagerService{serviceBase{ResourceManager, all[ResourceManager]}},
		CI:              ciService{serviceBase{CI, all[CI]}},
		Control:         controlService{serviceBase{Control, all[Control]}},
		Elsewhere:       elsewhereService{serviceBase{Elsewhere, all[Elsewhere]}},
	}
	return b
}

// CACertificate returns the PEM certificate of the private CA that issued the certificate of all HTTPS listeners. It
// returns nil if the CA could not be created.
func (b *Backend) CACertificate() []byte {
	made, err := b.tls()
	if err != nil {
		return nil
	}
	return made.caPEM
}

// Endpoints returns the base URLs. Before Start, they are names that only Transport resolves. After Start, they are
// loopback listeners.
func (b *Backend) Endpoints() Endpoints {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.endpoints
}
