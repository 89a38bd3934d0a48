from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reference_server.strict.masks import Heads

SIZES = st.sampled_from([0, 1, 2, 125, 126, 127, 300, 65_535, 65_536])


def frame(size: int, masked: bool) -> bytes:
    bit = 0x80 if masked else 0
    short = bytes([0x81, bit | size]) if size < 126 else b""
    long = bytes([0x81, bit | 126]) + size.to_bytes(2, "big") if size < 65_536 else b""
    head = short or long or bytes([0x81, bit | 127]) + size.to_bytes(8, "big")
    return head + (b"mask" if masked else b"") + b"\0" * size  # bytes that would be no mask if they were a head


@given(st.lists(SIZES, max_size=6), st.none() | SIZES, st.lists(st.integers(0, 300_000)))
def test_a_frame_without_a_mask_is_found_wherever_tcp_cuts(sizes: list[int], bad: int | None, cuts: list[int]) -> None:
    data = b"".join(frame(size, True) for size in sizes) + (b"" if bad is None else frame(bad, False))
    heads = Heads()
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    pieces = [data[at:to] for at, to in pairwise(edges)]
    assert all(heads.all_masked(piece) for piece in pieces) is (bad is None)


def test_one_byte_at_a_time() -> None:
    data = frame(300, True) + frame(5, True) + frame(70_000, True) + frame(0, False)
    heads = Heads()
    seen = [heads.all_masked(bytes([byte])) for byte in data]
    assert seen.index(False) == len(data) - 1
