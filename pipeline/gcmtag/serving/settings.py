"""What a service may be told: its model, where it keeps jobs, its limits, and who may use it."""

import hashlib
import hmac
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gcmtag.errors import UsageError
from gcmtag.tagger import DEFAULT_MODEL

MOST_TEXTS: Final = 1_000
LONGEST_TEXT: Final = 20_000  # characters of one text of a request
LONGEST_CONTEXT: Final = 2_000
LONGEST_PASSAGE: Final = 100_000  # characters; a document with a longer one has no paragraphs
SHORTEST_KEY: Final = 16
KEYS_VARIABLE: Final = "GCMTAG_API_KEYS"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one service; sizes in bytes, times in seconds.

    ``keys`` holds the SHA-256 of each API key, never a key itself; empty means that no key is asked for.
    """

    state: Path
    model: str = DEFAULT_MODEL
    host: str = "127.0.0.1"
    port: int = 8000
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    most_bytes: int = 20_000_000
    most_pages: int = 1_000
    most_passages: int = 20_000
    queue_texts: int = 4_000
    queue_jobs: int = 100
    batch_texts: int = 128
    keep: float = 24 * 3600.0
    patience: float = 30.0

    def __post_init__(self) -> None:
        if not self.keys and not is_loopback(self.host):
            raise UsageError(
                f"{self.host} can be reached from other machines, so API keys are needed: name a file with --keys, or "
                f"set {KEYS_VARIABLE}; without keys use --host 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_keys(path: Path | None, environment: Mapping[str, str] = os.environ) -> tuple[bytes, ...]:
    """Digests of the API keys in a file (one a line, ``#`` begins a comment) and in the environment (by commas).

    Raises:
        UsageError: the file cannot be read or holds no key, or a key is too short to be secret.
    """
    found: list[str] = []
    if path is not None:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the API keys in {path}: name a text file with one key a line") from error
        found = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        if not found:
            raise UsageError(f"{path} holds no API key: write one a line")
    found += [key.strip() for key in environment.get(KEYS_VARIABLE, "").split(",") if key.strip()]
    if any(len(key) < SHORTEST_KEY for key in found):
        raise UsageError(
            f"an API key has fewer than {SHORTEST_KEY} characters: make one with "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    return tuple(digest(key) for key in found)


def digest(key: str) -> bytes:
    """SHA-256 of a key: of equal length for all keys, so that comparing tells nothing about one."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def owner_of(key: str | None, keys: tuple[bytes, ...]) -> str | None:
    """Who a key belongs to: the first 12 hex digits of its digest; None where no key of the service equals it.

    Compares with every key in constant time.
    """
    given = digest(key) if key is not None else b""
    same = [hmac.compare_digest(given, known) for known in keys]
    return given.hex()[:12] if any(same) else None


def default_state() -> Path:
    """Folder for jobs: ``gcmtag/serve`` in the user's state folder (XDG_STATE_HOME, else ~/.local/state)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "gcmtag" / "serve"
