"""Every check that protocols share has been seen to fail: at its requirement, each by its own faulty server."""

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
from reference_server import app, served
from reference_server.http.headers import Origins
from reference_server.serve import running
from reference_server.settings import Settings
from simulators.target import Target
from tests.faults.common import FAULTS, Fault
from tests.faults.common_http import WithoutHsts  # and registers those that are wrong in HTTP

SILENCE_MS = 300
"""In place of the contract's 85 s, so that waiting in vain for the news of a death is short."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.part.__name__)
def test_fault_is_failed_at_its_requirement(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    monkeypatch.setattr(common_promises, "SILENCE_MS", SILENCE_MS)
    monkeypatch.setattr(app if hasattr(app, fault.place) else served, fault.place, fault.part)
    settings = Settings(port=0, protocols=(fault.protocol,))
    [case] = [case for case in suite_of(fault.protocol).cases() if case.address == fault.case]
    with (
        running(settings, log_stream=io.StringIO()) as url,
        ground(Target.at(url, protocol=fault.protocol, patience=1.0), Options(seed=0, slow=True)) as played,
    ):
        verdicts = [v for event in run(played, [case]) if isinstance(event, Finished) for v in event.verdicts]

    found = [verdict for verdict in verdicts if verdict.outcome is Outcome.FAIL]
    assert found, f"{fault.part.__name__} went unnoticed: {verdicts}"
    assert fault.requirement in (found[0].requirement, *found[0].also), found
    assert found[0].expected
    assert found[0].came
    assert 2 <= len(found[0].conversation) <= 8, found[0].conversation


@pytest.mark.parametrize(("headers", "outcome"), [(Origins, Outcome.PASS), (WithoutHsts, Outcome.FAIL)])
def test_strict_transport_is_wanted_under_tls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, headers: type[Origins], outcome: Outcome
) -> None:
    monkeypatch.setattr(app, "Origins", headers)
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    _certify(certificate, key)
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
