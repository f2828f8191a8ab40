"""Who is calling: one written form of a number or address, and the keyed pseudonyms made from it.

Here: E.164 normalisation of callers' numbers, normalisation of e-mail addresses, the home's secret, and the
HMAC pseudonyms that stand for numbers, addresses and customers everywhere outside the private warehouse.
Not here: which customer a number belongs to (SQL, core.customers), and what a caller is worth (router/).
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import phonenumbers
from phonenumbers import CountryCodeSource, PhoneMetadata, PhoneNumberFormat, ValidationResult

from pipelines.errors import CallwrightError, EnvironmentProblem, SettingsError

if TYPE_CHECKING:
    import polars as pl

KEY_BYTES = 32
TOKEN_HEX_CHARS = 32
"""128 bits of HMAC-SHA256. Among n values the chance of any collision is at most n**2 / 2**129:
1.5e-21 for a thousand million values."""

MAX_TEXT_CHARS = 256
MIN_EXPLICIT_DIGITS = 7
MIN_BARE_DIGITS_WITH_TRUNK = 9
MIN_BARE_DIGITS = 6
MIN_INTERNATIONAL_BARE_DIGITS = 11

_ANGLE_BRACKETS = re.compile(r"<([^<>]*)>")
_SCHEME = re.compile(r"^(?:tel|sips?|callto|phone)\s*:", re.IGNORECASE)
_CONTEXT = re.compile(r";\s*phone-context=(\+[\d\-. ()]+)", re.IGNORECASE)
_EXTENSION = re.compile(r"[\s,]*(?:ext\.?|extension|x|#)\s*\d{1,7}$", re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s().\-/‐-―]+")
_DIGITS = re.compile(r"\+?[0-9]{3,20}")
_EMAIL = re.compile(r"[^@\s\"<>(),;:\\]+@[^@\s\"<>(),;:\\/]+\.[^@\s\"<>(),;:\\/.]{2,}")
_SIMPLE_PREFIX = re.compile(r"\d+(?:\|\d+)*")


# --- numbers ------------------------------------------------------------


class _Plan(NamedTuple):
    """What the fast path knows of one region's numbering plan."""

    prefix: str  # "+44"
    fast: re.Pattern[str]
    has_trunk_prefix: bool


@lru_cache(maxsize=512)
def _plan(region: str) -> _Plan:
    """Compile the written forms of one region's numbers that need no second look.

    The pattern accepts only what `phonenumbers` would read the same way: a test compares the two. Whatever it
    does not accept goes to `phonenumbers`, so it may be narrow but never wrong.
    """
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise SettingsError(
            f"centre.region: {region!r} is no region that has telephone numbers",
            hint='use the two letters of ISO 3166, for example region = "GB"',
        )
    metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    code, trunk = str(metadata.country_code), metadata.national_prefix
    general = metadata.general_desc.national_number_pattern if metadata.general_desc else "(?!)"
    counts = metadata.general_desc.possible_length if metadata.general_desc else ()
    lengths = "|".join(f"[0-9]{{{n}}}" for n in counts if n >= MIN_EXPLICIT_DIGITS) or "(?!)"
    line = "|".join(
        desc.national_number_pattern
        for desc in (metadata.fixed_line, metadata.mobile)
        if desc is not None and desc.national_number_pattern
    )
    stripped = metadata.national_prefix_for_parsing
    abroad = metadata.international_prefix or "(?!)"
    # A number that itself begins like the trunk prefix may be stripped once more: not for the fast path.
    no_trunk = f"(?!{stripped})" if stripped else ""
    no_placeholder = rf"(?!0|(?:{'|'.join(f'{digit}+' for digit in range(1, 10))})$)"
    body = rf"(?=(?:{lengths})$){no_placeholder}{no_trunk}((?:{general}))$"
    explicit = [rf"\+{code}"]
    if abroad == "00":
        explicit.append(f"00{code}")
    if trunk and stripped and _SIMPLE_PREFIX.fullmatch(stripped) and stripped.split("|")[0] == trunk:
        explicit.append(f"(?!{abroad}){trunk}")
    # 44… without a plus: only where it cannot be a national number that happens to begin with 44.
    with_code = rf"(?!{abroad})(?!(?:{general})$)(?!{stripped or '(?!)'}){code}{body}"
    bare_count = MIN_BARE_DIGITS_WITH_TRUNK if trunk else MIN_BARE_DIGITS
    no_code = f"(?!{code})" if trunk else ""
    bare = rf"(?!{abroad}){no_code}{no_trunk}(?=[0-9]{{{bare_count},}}$)(?=(?:{general})$)((?:{line}))$"
    alternatives = [f"(?:{'|'.join(explicit)}){body}", with_code, bare]
    fast = re.compile("|".join(alternatives), re.ASCII)
    shares_code = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)][0] != region
    if shares_code or fast.groups != len(alternatives):
        # Plans that depend on another region's (Canada, Jersey), or have groups of their own: no fast path.
        fast = re.compile("(?!)")
    return _Plan(f"+{code}", fast, bool(trunk))


def _match(text: str, plan: _Plan) -> str | None:
    match = plan.fast.match(text)
    if match is None or match.lastindex is None:
        return None
    return plan.prefix + str(match[match.lastindex])


def _fast(text: str, plan: _Plan) -> str | None:
    found = _match(text, plan)
    if found is None and text.startswith("+"):
        # Another country's number, with its plus: by that country's plan. No country code begins another.
        for end in (2, 3, 4):
            regions = (
                phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(text[1:end])) if text[1:end].isdecimal() else None
            )
            if regions and regions[0] != "001":
                return _match(text, _plan(regions[0]))
    return found


def _ascii_digits(text: str) -> str:
    """Full-width and other decimal digits as 0 to 9; invisible marks (as copied from phones) dropped."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char
        for char in plain
        if unicodedata.category(char) != "Cf"
    )


def _unwrap(text: str) -> str:
    """The digits, with or without a plus, inside a URI, a display name, an extension and punctuation."""
    bracketed = _ANGLE_BRACKETS.search(text)
    if bracketed:
        text = bracketed[1]
    if "%" in text:
        text = unquote(text)
    if not text.isascii():
        text = _ascii_digits(text)
    text = _SCHEME.sub("", text.strip())
    context = _CONTEXT.search(text)
    # sip:user;params:password@host;params: the user is what stands before the first of them.
    user = re.split(r"[@;:]", text, maxsplit=1)[0].strip()
    if context and not user.startswith("+"):
        user = context[1] + user
    return _PUNCTUATION.sub("", _EXTENSION.sub("", user))


def _read(digits: str, region: str, *, must_be_valid: bool, plan: _Plan) -> str | None:
    """What `phonenumbers` makes of digits, if it is somebody's number and not an extension."""
    try:
        number = phonenumbers.parse(digits, region, keep_raw_input=True)
    except phonenumbers.NumberParseException:
        return None
    national = phonenumbers.national_significant_number(number)
    is_national = number.country_code_source == CountryCodeSource.FROM_DEFAULT_COUNTRY
    is_valid = phonenumbers.is_valid_number(number)
    # New ranges are dialled before metadata know them: possible is enough for what is plainly a number.
    is_possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    is_placeholder = national.startswith("0") or len(set(national)) == 1
    is_likely = is_possible and len(national) >= MIN_EXPLICIT_DIGITS and not is_placeholder
    if is_national and national == digits:
        # Nothing says that these digits are a whole number: short ones are an extension or a local number.
        if plan.has_trunk_prefix:
            accepted = is_valid and len(national) >= MIN_BARE_DIGITS_WITH_TRUNK
        else:
            accepted = is_likely or (is_valid and len(national) >= MIN_BARE_DIGITS)
    else:
        accepted = is_likely or (is_valid and not is_national)
    if not accepted or (must_be_valid and not is_valid):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _slow(digits: str, region: str, plan: _Plan) -> str | None:
    found = None
    is_long = len(digits) >= MIN_INTERNATIONAL_BARE_DIGITS
    if is_long and plan.has_trunk_prefix and digits.startswith(plan.prefix[1:]):
        # Without its trunk prefix a number is rather international, even where (as in Germany) its digits
        # could also be national.
        found = _read("+" + digits, region, must_be_valid=True, plan=plan)
    if found is None:
        found = _read(digits, region, must_be_valid=False, plan=plan)
    if found is None and digits.startswith("00"):
        found = _read("+" + digits[2:], region, must_be_valid=False, plan=plan)
    if found is None and is_long and digits[0] not in "+0":
        # Trunks often send E.164 without its plus.
        found = _read("+" + digits, region, must_be_valid=True, plan=plan)
    return found


def normalise_number(text: str | None, region: str) -> str | None:
    """One written form for every way in which a caller's number arrives.

    Reads `+44…`, `0044…`, `07…`, `44…`, `tel:` and `sip:` URIs with parameters, display names, spaces and
    punctuation, a plus sign that became a space, and full-width digits.

    Args:
        text: The number as written, or null.
        region: Two letters (ISO 3166) of the country whose national forms are meant.

    Returns:
        E.164 (`+447946000037`), or None for nobody: empty, anonymous, internal extensions, short codes.

    Raises:
        SettingsError: The region has no telephone numbers.
    """
    plan = _plan(region)
    if not text or len(text) > MAX_TEXT_CHARS:
        return None
    found = _fast(text, plan)
    if found is not None:
        return found
    digits = _unwrap(text)
    if not _DIGITS.fullmatch(digits):
        return None
    return _fast(digits, plan) or _slow(digits, region, plan)


def normalise_email(text: str | None) -> str | None:
    """One written form of an e-mail address: lower case, domain in ASCII, no display name, no `mailto:`.

    Tags (`name+tag@`) and dots are kept: whether they matter is the mail host's business.

    Returns:
        The address, or None where the text is none.
    """
    if not text or len(text) > MAX_TEXT_CHARS + 64 or not ("@" in text or "＠" in text):
        return None
    bracketed = _ANGLE_BRACKETS.search(text)
    plain = unicodedata.normalize("NFKC", bracketed[1] if bracketed else text).strip()
    plain = re.sub(r"^mailto:", "", plain, flags=re.IGNORECASE).split("?")[0].lower().rstrip(".")
    if not _EMAIL.fullmatch(plain):
        return None
    user, _, domain = plain.rpartition("@")
    try:
        return f"{user}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return None


# --- the home's secret ------------------------------------------------------------


def key_path(home: Path) -> Path:
    """Where the home keeps the secret of its pseudonyms."""
    return home / "keys" / "pseudonym.key"


def create_key(home: Path) -> Path:
    """Make the home's secret, once: 32 random bytes, mode 600.

    An existing secret is never replaced, even when two processes ask at once: every pseudonym would change.

    Returns:
        The path of the secret.
    """
    path = key_path(home)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return path
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)  # unlike a rename, never replaces
        except FileExistsError:
            return path
    finally:
        temporary.unlink(missing_ok=True)
    return path


def load_key(home: Path) -> bytes:
    """Read the home's secret.

    Raises:
        SettingsError: The home has none.
        EnvironmentProblem: It cannot be read, or others can read it.
        CallwrightError: It is damaged.
    """
    path = key_path(home)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_bytes()
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: there is no secret for pseudonyms, so {home} is no home, or a part of it is lost",
            hint=f"new home: callwright init --home {home}; old home: bring the file back from a backup",
        ) from None
    except OSError as error:
        raise EnvironmentProblem(f"{path}: {error.strerror}", hint=f"ls -l {path}") from error
    if mode & 0o077:
        raise EnvironmentProblem(f"{path}: others can read the secret (mode {mode:o})", hint=f"chmod 600 {path}")
    if len(key) != KEY_BYTES:
        raise CallwrightError(
            f"{path}: {len(key)} bytes where {KEY_BYTES} are expected: the secret is damaged",
            hint="bring the file back from a backup; a new secret would give every customer a new pseudonym",
        )
    return key


# --- pseudonyms ------------------------------------------------------------


def _pseudonym(kind: bytes, value: str, key: bytes) -> str:
    # The kind keeps a number, an address and a customer id of the same text apart.
    return hmac.digest(key, kind + b"\x00" + value.encode(), "sha256").hex()[:TOKEN_HEX_CHARS]


def caller_token(e164: str, key: bytes) -> str:
    """The pseudonym of a number in E.164: 32 hexadecimal characters (see TOKEN_HEX_CHARS for collisions)."""
    return _pseudonym(b"caller", e164, key)


def email_token(address: str, key: bytes) -> str:
    """The pseudonym of a normalised e-mail address: 32 hexadecimal characters."""
    return _pseudonym(b"email", address, key)


def customer_key(customer_id: str, key: bytes) -> str:
    """The pseudonym of a customer's id in the CRM (blanks around it do not count): 32 hexadecimal characters.

    Raises:
        ValueError: The id is empty.
    """
    plain = customer_id.strip()
    if not plain:
        raise ValueError("a customer without an id has no pseudonym")
    return _pseudonym(b"customer", plain, key)


# --- columns ------------------------------------------------------------


def _distinct(values: pl.Series, name: str) -> list[str]:
    import polars as pl

    found: list[str] = values.cast(pl.String).drop_nulls().unique(maintain_order=True).rename(name).to_list()
    return found


def _resolve(
    values: pl.Series,
    columns: tuple[str, str, str],
    read: Callable[[str], str | None],
    token: Callable[[str], str],
) -> pl.DataFrame:
    import polars as pl

    written = _distinct(values, columns[0])
    plain = [read(text) for text in written]
    tokens = [None if value is None else token(value) for value in plain]
    data = dict(zip(columns, (written, plain, tokens), strict=True))
    return pl.DataFrame(data, schema=dict.fromkeys(columns, pl.String))


def resolve(numbers: pl.Series, region: str, key: bytes) -> pl.DataFrame:
    """Normalise and pseudonymise a column of numbers.

    Args:
        numbers: Numbers as written, repeated or null.
        region: Two letters of the country whose national forms are meant.
        key: The home's secret.

    Returns:
        number, e164, caller_token: one row for each distinct written number, in order of first appearance;
        e164 and caller_token are null for nobody. Carries personal data: private warehouse only.
    """
    return _resolve(
        numbers,
        ("number", "e164", "caller_token"),
        lambda text: normalise_number(text, region),
        lambda e164: caller_token(e164, key),
    )


def resolve_emails(addresses: pl.Series, key: bytes) -> pl.DataFrame:
    """The same for e-mail addresses: email, address, email_token."""
    return _resolve(
        addresses,
        ("email", "address", "email_token"),
        normalise_email,
        lambda address: email_token(address, key),
    )


def resolve_customers(customer_ids: pl.Series, key: bytes) -> pl.DataFrame:
    """The same for customers: customer_id, customer_key; blank ids have a null key."""
    import polars as pl

    written = _distinct(customer_ids, "customer_id")
    keys = [customer_key(text, key) if text.strip() else None for text in written]
    return pl.DataFrame(
        {"customer_id": written, "customer_key": keys},
        schema={"customer_id": pl.String, "customer_key": pl.String},
    )
