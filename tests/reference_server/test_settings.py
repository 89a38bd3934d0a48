"""What can be configured, and what is said of the rest."""

from typing import Any

import pytest

from protocols.errors import UsageError
from reference_server.mode import Mode
from reference_server.settings import Settings


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": 65536}, "port 65536"),
        ({"port": -1}, "port -1"),
        ({"time_scale": 0}, "time scale 0"),
        ({"time_scale": float("nan")}, "time scale nan"),
        ({"time_scale": float("inf")}, "time scale inf"),
        ({"attempts_per_minute": 0}, "at least 1"),
        ({"ping_interval_s": 0.0}, "heartbeat"),
        ({"seed": 1, "host": "0.0.0.0"}, "leave out the seed"),
        ({"origins": ("localhost:3000",)}, "http://localhost:3000"),
        ({"origins": ("*",)}, "http://localhost:3000"),
        ({"origins": ("http://localhost:3000/",)}, "no origin"),
        ({"verify_url": "example.org"}, "no URL"),
        ({"webhook_url": "ftp://example.org"}, "no URL"),
        ({"event_log_url": "http://example.org:99999"}, "no URL"),
        ({"tls_certificate": "cert.pem"}, "both"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(**options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.0.2.1", False),
        ("example.org", False),
    ],
)
def test_loopback_is_what_nobody_else_can_reach(host: str, alone: bool) -> None:
    settings = Settings(host=host)
    assert settings.on_loopback is alone
    assert settings.accepts_test_credentials is alone
    assert Settings(host=host, test_credentials=True).accepts_test_credentials


def test_production_is_what_nobody_has_to_ask_for() -> None:
    assert Settings().mode is Mode.PRODUCTION
