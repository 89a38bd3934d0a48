"""Everything about the reference server that can be configured, checked once and never changed."""

import ipaddress
import math
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from protocols.errors import UsageError
from reference_server.mode import Mode

DEVELOPMENT_SERVICE_TOKEN = "rehearsal-development-service-token"  # noqa: S105 -- no secret at all
MIN_SECRET = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The options of one server. Raises UsageError for a value that cannot be, and says which would do."""

    protocols: tuple[str, ...] = ()
    """Names of the protocols to serve. A single one owns the namespace `/`; several, or none named, each their own."""
    host: str = "127.0.0.1"
    port: int = 3001
    """0 picks a free one."""
    mode: Mode = Mode.PRODUCTION
    time_scale: float = 1.0
    """How much faster than the wall clock the protocols' own time passes."""
    seed: int | None = None
    """Makes every id predictable, for rehearsals that must repeat; None draws them from the system."""
    json_logs: bool = False
    world: Path | None = None
    """File of users and spaces; None takes the built-in ones."""
    journal: Path | None = None
    """Folder in which every entry is kept, so that a server which is started again goes on; None keeps nothing."""
    redis_url: str = ""
    """Where what others may read is put; empty keeps it in this process."""
    test_credentials: bool = False
    """Accept the built-in users' tokens although others than this machine can reach the server."""
    jwt_secret: str = ""
    """Signs the tokens of the protocols that want some; empty takes one that everybody knows, where that is safe."""
    service_token: str = ""
    """Opens the HTTP that other services of the same house use; empty takes one that everybody knows, likewise."""
    origins: tuple[str, ...] = ("http://localhost:3000", "http://127.0.0.1:3000")
    """Whose pages may speak to the server from a browser."""
    verify_url: str = ""
    """Who is asked whether a session is valid, by POST of `{sessionToken, spaceId}`; empty asks nobody."""
    event_log_url: str = ""
    """Where every ENTER and EXIT is posted as well; empty keeps them here alone."""
    webhook_url: str = ""
    """Discord webhook for errors; empty for none."""
    monitoring_url: str = ""
    """Where slow answers of dongne are posted; empty for none."""
    push_url: str = ""
    """Who delivers push notifications, by POST; empty delivers none."""
    email_url: str = ""
    sms_url: str = ""
    max_connections: int = 100
    """How many gopang serves at a time."""
    attempts_per_minute: int = 100
    """Handshakes that one address may attempt."""
    blocked: frozenset[str] = frozenset()
    """Addresses, or networks such as 192.0.2.0/24, that are not let in at all."""
    limit_exempt: frozenset[str] = frozenset({"127.0.0.1", "::1"})
    """Addresses without that limit: by default this machine's, so that nobody is locked out by their own tools."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    ping_interval_s: float = 25.0
    ping_timeout_s: float = 60.0

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UsageError(f"port {self.port} does not exist; choose one from 1 to 65535, or 0 for any free one")
        if not (math.isfinite(self.time_scale) and 0 < self.time_scale <= 100_000):
            raise UsageError(f"time scale {self.time_scale:g} cannot be; choose a number above 0, at most 100000")
        if self.attempts_per_minute < 1:
            raise UsageError("at least 1 connection attempt a minute must be allowed")
        for seconds in (self.ping_interval_s, self.ping_timeout_s):
            if not (math.isfinite(seconds) and seconds > 0):
                raise UsageError(f"a heartbeat of {seconds:g} s cannot be; choose a number above 0")
        if self.seed is not None and not self.accepts_test_credentials:
            raise UsageError(
                f"with a seed everybody can compute the guests' tokens, and others can reach {self.host}: leave out "
                "the seed, or accept such tokens all the same (--test-credentials)"
            )
        if self.jwt_secret and len(self.jwt_secret.encode()) < MIN_SECRET:
            raise UsageError(
                f"a secret of under {MIN_SECRET} bytes can be guessed (RFC 7518, 3.2): choose a longer one"
            )
        for origin in self.origins:
            _check_origin(origin)
        for url in (
            self.verify_url,
            self.event_log_url,
            self.webhook_url,
            self.monitoring_url,
            self.push_url,
            self.email_url,
            self.sms_url,
        ):
            _check_url(url)
        if self.redis_url:
            _check_redis(self.redis_url)
        if self.max_connections < 1:
            raise UsageError("at least 1 connection must be allowed")
        for network in self.blocked:
            _check_network(network)
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise UsageError("TLS needs both a certificate and its key")

    @property
    def on_loopback(self) -> bool:
        """Whether nobody but this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def service_key(self) -> str:
        """What opens the internal HTTP; empty where nothing does."""
        return self.service_token or (DEVELOPMENT_SERVICE_TOKEN if self.accepts_test_credentials else "")

    @property
    def accepts_test_credentials(self) -> bool:
        """Whether the tokens that everybody can read in our documentation open anything here."""
        return self.on_loopback or self.test_credentials


def _check_origin(origin: str) -> None:
    parts = _split(origin)
    if parts is None or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(f"{origin!r} is no origin of a web page; write it like http://localhost:3000")


def _check_redis(url: str) -> None:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise UsageError(f"{url!r} is no address of a Redis; write it like redis://127.0.0.1:6379/0")


def _check_network(text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise UsageError(f"{text!r} is no address and no network; write it like 192.0.2.7 or 192.0.2.0/24") from None


def _check_url(url: str) -> None:
    if url and _split(url) is None:
        raise UsageError(f"{url!r} is no URL; write it like https://example.org/path")


def _split(url: str) -> urllib.parse.SplitResult | None:
    """Split an http(s) URL; None when it is not one."""
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None
