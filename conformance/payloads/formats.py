"""What a `format` admits and what it just does not: the formats that a contract may name."""

import datetime
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_EPOCH = datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class Format:
    """One format, by its values."""

    numbered: Callable[[int], str]
    """A plain value per number from 0, all distinct."""
    borders: tuple[str, ...]
    """Valid, and easily taken for invalid. None that common readers refuse all the same, as year 0 and leap seconds."""
    misses: tuple[str, ...]
    """Invalid by one slip, such as lax readers let pass."""
    of_length: Callable[[int], str | None] = lambda length: None
    """A value of so many characters, where the format has no length of its own."""


def _email(length: int) -> str | None:
    labels = "".join("b" if place % 60 else "." for place in range(1, length - 1))
    return f"a@{labels[:-1]}b" if length >= 3 else None


def _uri(length: int) -> str | None:
    return "https://a".ljust(length, "a") if length >= len("https://a") else None


FORMATS: Mapping[str, Format] = {
    "uuid": Format(
        numbered=lambda number: str(uuid.UUID(int=number, version=4)),
        borders=("00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
        misses=(
            "00000000000040008000000000000000",
            "{00000000-0000-4000-8000-000000000000}",
            "urn:uuid:00000000-0000-4000-8000-000000000000",
            "00000000-0000-4000-8000-00000000000g",
            "00000000-0000-4000-8000-00000000000",
        ),
    ),
    "date-time": Format(
        numbered=lambda number: f"{_EPOCH + datetime.timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}",
        borders=(
            "1970-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999Z",
            "2024-02-29T23:59:59.123456+09:00",
        ),
        misses=(
            "2024-02-29T00:00:00",
            "2024-02-29 00:00:00Z",
            "2024-02-30T00:00:00Z",
            "2024-02-29T24:00:00Z",
            "2024-02-29",
            "1709164800",
        ),
    ),
    "date": Format(
        numbered=lambda number: f"{_EPOCH + datetime.timedelta(days=number):%Y-%m-%d}",
        borders=("1970-01-01", "0001-01-01", "9999-12-31"),
        misses=("2023-02-29", "2024-2-9", "20240229", "2024-02-29T00:00:00Z", "29/02/2024"),
    ),
    "time": Format(
        numbered=lambda number: f"{_EPOCH + datetime.timedelta(seconds=number):%H:%M:%SZ}",
        borders=("00:00:00Z", "23:59:59.999Z", "12:00:00+09:00"),
        misses=("12:00:00", "24:00:00Z", "12:00Z", "12:60:00Z"),
    ),
    "email": Format(
        numbered=lambda number: f"a{number}@example.com",
        borders=("a@b", "a.b+c@example.com", "a" * 64 + "@example.com"),
        misses=("a", "@example.com", "a@", "a@b@c", "a b@example.com", ".a@example.com", "a" * 65 + "@example.com"),
        of_length=_email,
    ),
    "uri": Format(
        numbered=lambda number: f"https://example.com/{number}",
        borders=("a:b", "https://example.com:8080/%ED%95%9C?q=1#f", "http://[::1]/"),
        misses=("example.com", "/a", "https://example.com/a b", "https://example.com/%", "https://한글.example/"),
        of_length=_uri,
    ),
}
