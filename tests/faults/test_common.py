"""What no patch alone shows: a death that takes minutes, and what is due under TLS only."""

import io
import shutil
import ssl
import subprocess
from pathlib import Path

import aiohttp
import pytest

from conformance.models import common_promises
from conformance.playground import Options, Playground
from conformance.runner import Finished, run
from conformance.suite import ground, suite_of
from conformance.verdict import Outcome
from reference_server import app
from reference_server.http.headers import Origins
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.target import Target
from tests.faults.common_http import WithoutHsts
from tests.faults.judging import judging

SILENCE_MS = 300
"""In place of the contract's 85 s, so that waiting in vain for the news of a death is short."""


def test_those_who_fall_silent_are_taken_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common_promises, "SILENCE_MS", SILENCE_MS)
    case = "hub/all/silent-death"
    with judging("hub", Options(seed=0, slow=True), faults=["hub/TheDeadLive"], patience=1.0) as play:
        verdicts = [
            v for event in play(suite_of("hub").select([case])) if isinstance(event, Finished) for v in event.verdicts
        ]

    assert [(verdict.requirement, verdict.outcome) for verdict in verdicts] == [("hub/all/8", Outcome.FAIL)]


@pytest.mark.parametrize(("headers", "outcome"), [(Origins, Outcome.PASS), (WithoutHsts, Outcome.FAIL)])
def test_strict_transport_is_wanted_under_tls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, headers: type[Origins], outcome: Outcome
) -> None:
    monkeypatch.setattr(app, "Origins", headers)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    _certify(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # whoever connects believes in it
    settings = Settings(port=0, protocols=("space",), tls_certificate=certificate, tls_key=key)
    cases = suite_of("space").select(["space/http/security-headers"])
    with (
        running(settings, log_stream=io.StringIO()) as url,
        ground(Target.at(url, protocol="space", namespace="/"), Options(seed=0)) as played,
    ):
        played.run(_trust(played, certificate))
        verdicts = [v for event in run(played, cases) if isinstance(event, Finished) for v in event.verdicts]

    assert [(verdict.requirement, verdict.outcome) for verdict in verdicts] == [("space/http/4", outcome)]


def _certify(certificate: Path, key: Path) -> None:
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("a certificate of the test's own: install openssl")
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    whose = ["-subj", "/CN=rehearsal", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([openssl, "req", *kind, *whose, *files], check=True, capture_output=True)


async def _trust(played: Playground, certificate: Path) -> None:
    """Let the judge's HTTP believe in a certificate that nobody else would."""
    await played.http.close()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=certificate))
    played.http.session = aiohttp.ClientSession(played.target.url, connector=connector)
