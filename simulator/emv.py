"""PIX copy-and-paste text (EMV BR Code) and its QR image."""

import base64
import binascii
import struct
import unicodedata
import zlib
from dataclasses import dataclass
from functools import lru_cache

import segno

QUIET = 4
DIGITS = bytes.maketrans(b"\0\1", b"f0")


@dataclass(frozen=True)
class BrCode:
    account_field: str
    """`01` + key, or `25` + location without scheme, as the sub-field after the PIX domain."""
    account_value: str
    amount: str
    merchant: str
    city: str
    txid: str
    once: bool
    """Writes the point of initiation field 01 = 12 (payable once)."""


def field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def crc16(text: str) -> str:
    """CRC16-CCITT-FALSE: polynomial 0x1021, start 0xFFFF, no reflection."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def plain(text: str, length: int) -> str:
    """The characters a BR Code may carry: ASCII, cut to the field's size."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return ascii_text[:length].strip() or "NAO INFORMADO"


def payload(code: BrCode) -> str:
    parts = [
        field("00", "01"),
        field("01", "12") if code.once else "",
        field("26", field("00", "br.gov.bcb.pix") + field(code.account_field, code.account_value)),
        field("52", "0000"),
        field("53", "986"),
        field("54", code.amount),
        field("58", "BR"),
        field("59", plain(code.merchant, 25)),
        field("60", plain(code.city, 15)),
        field("62", field("05", code.txid)),
        "6304",
    ]
    text = "".join(parts)
    return text + crc16(text)


@lru_cache(maxsize=8192)
def png_base64(text: str) -> str:
    """A fixed mask spares the search for the prettiest of eight, most of the time it takes."""
    code = segno.make_qr(text, error="m", mode="byte", mask=3, boost_error=False)
    return base64.b64encode(_png([bytes(row) for row in code.matrix])).decode()


def _png(modules: list[bytes]) -> bytes:
    """A black and white PNG with four dots a module, so that a module is one hexadecimal digit."""
    size = len(modules) + 2 * QUIET
    odd = "0" * (size % 2)
    blank = b"\0" + bytes.fromhex("f" * size + odd)
    margin = "f" * QUIET
    rows = [b"\0" + bytes.fromhex(margin + row.translate(DIGITS).decode() + margin + odd) for row in modules]
    lines = [blank] * QUIET + rows + [blank] * QUIET
    head = struct.pack(">IIBBBBB", size * 4, size * 4, 1, 0, 0, 0, 0)
    data = zlib.compress(b"".join(line * 4 for line in lines), 6)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
